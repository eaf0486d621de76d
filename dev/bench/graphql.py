"""GraphQL: a list of 100 rows × 8 fields, beside bare graphql-core on a schema written by hand."""

import json
import statistics
import time
from dataclasses import dataclass
from decimal import Decimal

import simplejson
from graphql import build_schema, execute_sync, parse, validate

from core.api.graphql.execution import execute
from core.api.graphql.limits import Limits
from core.queries import REPORTS
from core.queries.answer import Answer
from core.queries.params import parse as parse_question
from core.records import Company

ROWS, ROUNDS = 100, 60
DOCUMENT = """{ promotionPerformance(dateFrom: "2024-01-01", dateTo: "2024-12-31",
    groupBy: DAY) { programId programName date totalTransactions totalAmount
    totalDiscount avgTransactionValue conversionRate } }"""
STATIC = """
scalar Decimal
scalar Date
type Query { promotionPerformance(dateFrom: String!, dateTo: String!, groupBy: GroupBy!):
  [PromotionPerformance!]! }
enum GroupBy { HOUR DAY WEEK MONTH }
type PromotionPerformance { programId: ID! programName: String! date: Date!
  totalTransactions: Int! totalAmount: Decimal! totalDiscount: Decimal!
  avgTransactionValue: Decimal! conversionRate: Float! }
"""
NAMES = {
    "program_id": "programId", "program_name": "programName", "date": "date",
    "total_transactions": "totalTransactions", "total_amount": "totalAmount",
    "total_discount": "totalDiscount", "avg_transaction_value": "avgTransactionValue",
    "conversion_rate": "conversionRate",
}  # fmt: skip


@dataclass(frozen=True)
class Reader:
    """Answers with what is computed already."""

    rows: list

    def query(self, slug, given):
        return parse_question(REPORTS[slug], Company(1, "UTC", "EUR"), given)

    def answer(self, query):
        return Answer(self.rows, len(self.rows), "day", "postgresql")


def main():
    """Milliseconds of an answer, p50: ours, the library's, and their ratio."""
    rows = [_row(number) for number in range(ROWS)]
    named = [{new: row[old] for old, new in NAMES.items()} for row in rows]
    static, parsed = build_schema(STATIC), parse(DOCUMENT)
    root = {"promotionPerformance": lambda _info, **_arguments: named}
    reader, limits = Reader(rows), Limits()

    def ours():
        return execute(DOCUMENT, None, None, reader, limits)

    def bare():
        return execute_sync(static, parsed, root)

    def bare_from_text():
        document = parse(DOCUMENT)
        assert not validate(static, document)
        return execute_sync(static, document, root)

    def ours_written():
        return ours().text()

    _check(ours_written(), bare().data)
    seconds = _measured(ours, bare, bare_from_text, ours_written)
    for label, function in (
        ("bare library, parsed and checked before", bare),
        ("bare library, parsed and checked each time", bare_from_text),
    ):
        ratio = seconds[ours] / seconds[function]
        print(
            f"{label:44} {seconds[function] * 1000:7.2f} ms   ours "
            f"{seconds[ours] * 1000:6.2f} ms   ratio {ratio:5.2f}",
            flush=True,
        )
    print(f"ours with its JSON {seconds[ours_written] * 1000:.2f} ms", flush=True)


def _row(number):
    return {
        "program_id": 1000 + number, "program_name": f"Program {number}",
        "date": "2024-01-15", "total_transactions": 150 + number,
        "total_amount": Decimal("150000.00") + number,
        "total_discount": Decimal("15000.00"),
        "avg_transaction_value": Decimal("1000.00"), "conversion_rate": 0.15,
    }  # fmt: skip


def _check(text, data):
    """Both must answer the same, or there is nothing to compare."""
    expected = {"data": json.loads(simplejson.dumps(data, use_decimal=True))}
    if json.loads(text) != expected:
        raise SystemExit("The two do not answer the same.")


def _measured(*functions):
    """Return {function: median seconds}; they take turns, so that noise meets all."""
    taken = {function: [] for function in functions}
    for _round in range(ROUNDS):
        for function in functions:
            started = time.perf_counter()
            function()
            taken[function].append(time.perf_counter() - started)
    return {function: statistics.median(seconds) for function, seconds in taken.items()}

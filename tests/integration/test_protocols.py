"""One answer in every protocol and format: the same numbers, to the last digit."""

import csv
import io
import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
import simplejson
from asking import ask
from catalogue_questions import MANY, asked_questions
from hypothesis import given
from openpyxl import load_workbook
from pipeline import NEW_YORK

from core.api import rest
from core.api.graphql import names
from core.api.graphql.execution import execute
from core.api.graphql.limits import Limits
from core.api.grpc import loyalty_reporting_pb2 as pb2
from core.api.grpc import names as grpc_names
from core.api.grpc import requests as grpc_requests
from core.api.grpc import responses
from core.errors import NotFound
from core.exports import text, workbook
from core.queries import REPORTS
from core.queries.base import Listing
from core.queries.parameters import parameters
from core.queries.params import parse
from core.settings import Settings

pytest_plugins = ["store_fixtures"]

SMALL = {"per_page": "50"}
WIDE = Limits(depth=20, fields=100, tokens=10_000, cost=10**9, rows=10**6)


class Reader:
    """What the surfaces read through, without Odoo around it."""

    def __init__(self, report, settings):
        self.report, self.settings = report, settings

    def reports(self):
        return REPORTS

    def query(self, slug, given):
        return parse(REPORTS[slug], NEW_YORK, given)

    def answer(self, query):
        """The answer, which must be of the store that is meant."""
        found = ask(self.report, query, self.settings)
        is_of_copy = self.settings.clickhouse_url and not isinstance(
            query.report, Listing
        )
        assert found.store == ("clickhouse" if is_of_copy else "postgresql")
        return found


def of_json(reader, slug, asked):
    query = reader.query(slug, asked)
    body = rest.body(query, reader.answer(query))
    return simplejson.loads(body, use_decimal=True)["data"]


def of_csv(reader, slug, asked):
    query = reader.query(slug, asked)
    blocks = text.csv_blocks(query, reader.answer(query).rows)
    return [*csv.DictReader(io.StringIO(b"".join(blocks).decode()))]


def of_ndjson(reader, slug, asked):
    query = reader.query(slug, asked)
    blocks = b"".join(text.json_blocks(query, reader.answer(query).rows))
    return [simplejson.loads(line, use_decimal=True) for line in blocks.splitlines()]


def of_xlsx(reader, slug, asked):
    query, file = reader.query(slug, asked), io.BytesIO()
    answer = reader.answer(query)
    workbook.write(file, query, answer)
    sheet = load_workbook(file)["Data"]
    columns = [column.name for column in query.columns]
    lines = sheet.iter_rows(min_row=2, values_only=True)
    found = [dict(zip(columns, line, strict=False)) for line in lines]
    return found[: len(answer.rows)]


def of_grpc(reader, slug, asked):
    request = getattr(pb2, grpc_names.request(slug))()
    known = {parameter.name: parameter for parameter in parameters(REPORTS[slug])}
    for name, value in asked.items():
        given = value if isinstance(value, list) else value.split(",")
        field = request.DESCRIPTOR.fields_by_name[name]
        made = [_grpc_value(field, known[name], one) for one in given]
        if field.is_repeated:
            getattr(request, name).extend(made)
        else:
            setattr(request, name, made[0])
    received = type(request).FromString(request.SerializeToString())
    query = reader.query(slug, grpc_requests.given(REPORTS[slug], received))
    message = responses.response(query, reader.answer(query))
    sent = type(message).FromString(message.SerializeToString())
    return [_grpc_row(row, query) for row in sent.rows]


def _grpc_value(field, parameter, value):
    if field.enum_type:
        called = {v: name for name, v in grpc_names.enum_values(parameter).items()}
        return field.enum_type.values_by_name[called[value]].number
    kinds = {"true": True, "false": False}
    if value in kinds:
        return kinds[value]
    is_text = field.type == field.TYPE_STRING
    return value if is_text else int(value)


def _grpc_row(row, query):
    found = {}
    for column in query.columns:
        field = row.DESCRIPTOR.fields_by_name[column.name]
        is_there = not field.has_presence or row.HasField(column.name)
        value = getattr(row, column.name) if is_there else None
        if hasattr(value, "ToJsonString"):
            value = value.ToJsonString()
        found[column.name] = value
    return found


def of_graphql(reader, slug, asked):
    query = reader.query(slug, asked)
    words = {names.camel(c.name): c.name for c in query.columns}
    given = ", ".join(
        _graphql_argument(REPORTS[slug], name, value)
        for name, value in asked.items()
        if name not in ("measures", "totals")
    )
    field = names.field_of(REPORTS[slug])
    document = f"{{ {field}Connection({given}) {{ nodes {{ {' '.join(words)} }} }} }}"
    response = execute(document, None, None, reader, WIDE)
    assert not response.errors, (document, response.errors)
    data = simplejson.loads(response.text(), use_decimal=True)["data"]
    nodes = data[f"{field}Connection"]["nodes"]
    return [{words[name]: value for name, value in node.items()} for node in nodes]


def _graphql_argument(report, name, value):
    if name in ("group_by", "compare"):
        return f"{names.camel(name)}: {names.constant(value)}"
    if name == "dimensions":
        return f"dimensions: [{', '.join(map(names.constant, value.split(',')))}]"
    if name in ("per_page", "page"):
        return f"{names.camel(name)}: {value}"
    if name in {f.name for f in report.filters}:
        known = {f.name: f for f in report.filters}[name]
        written = names.constant if known.choices else json.dumps
        return f"{names.camel(name)}In: [{', '.join(map(written, value))}]"
    if name == "sort":
        is_list = isinstance(report, type(REPORTS["promotions/performance"]))
        return f"sort: {json.dumps(value.split(',') if is_list else value)}"
    return f"{names.camel(name)}: {json.dumps(value)}"


SURFACES = {
    "json": of_json,
    "csv": of_csv,
    "ndjson": of_ndjson,
    "xlsx": of_xlsx,
    "grpc": of_grpc,
    "graphql": of_graphql,
}


def same(expected, found, surface):
    """Is a value what the answer has, as far as the surface can say it?"""
    if expected is None:
        return found in (None, "")
    if isinstance(expected, str):
        return _same_text(expected, found, surface)
    if surface == "xlsx":
        return float(found) == pytest.approx(float(expected), rel=1e-14)
    if isinstance(expected, float):
        return float(found) == expected
    return Decimal(str(found)) == expected


def _same_text(expected, found, surface):
    if surface == "xlsx" and expected.endswith("Z"):
        # A workbook shows instants by the company's clock, to the millisecond.
        zone = ZoneInfo(NEW_YORK.timezone)
        clock = datetime.fromisoformat(expected).astimezone(zone).replace(tzinfo=None)
        return abs(found - clock) < timedelta(milliseconds=1)
    if isinstance(found, datetime | date):
        return found.isoformat().startswith(expected[:10])
    if surface == "csv":
        found = found.removeprefix("'")
    return found == expected or (
        surface == "graphql" and found == names.constant(expected)
    )


def assert_same(reader, slug, asked, surface):
    """Ask in one protocol; every value of every row must be that of the answer."""
    expected = reader.answer(reader.query(slug, asked)).rows
    found = SURFACES[surface](reader, slug, asked)
    assert len(found) == len(expected)
    for row, given_row in zip(expected, found, strict=True):
        for name, value in row.items():
            assert same(value, given_row[name], surface), (name, value, given_row[name])


class TestProtocols:
    @pytest.mark.parametrize("store", ["postgresql", "clickhouse"])
    @pytest.mark.parametrize("surface", SURFACES)
    @MANY
    @given(asked_questions(reports=tuple(REPORTS.values()), limit=100))
    def test_every_protocol_says_what_the_answer_has(
        self, pushed_history, surface, store, question
    ):
        history, copy = pushed_history
        reader = Reader(history, copy.settings if store == "clickhouse" else Settings())
        report, asked = question
        try:
            assert_same(reader, report.slug, {**asked, **SMALL}, surface)
        except NotFound:
            return

    @pytest.mark.parametrize("surface", SURFACES)
    def test_one_broken_measure_of_one_protocol_is_seen(
        self, pushed_history, surface, monkeypatch
    ):
        history, _copy = pushed_history
        reader = Reader(history, Settings())
        asked = {"date_from": "2017-03-01", "date_to": "2017-03-31", **SMALL}
        asked["measures"] = "total_amount,total_transactions"
        whole = SURFACES[surface]

        def broken(*args):
            rows = whole(*args)
            rows[3]["total_amount"] = Decimal(str(rows[3]["total_amount"])) + Decimal(
                "0.01"
            )
            return rows

        monkeypatch.setitem(SURFACES, surface, broken)
        with pytest.raises(AssertionError):
            assert_same(reader, "promotions/performance", asked, surface)

"""The live replay without a database: what it sells, and what becomes of it."""

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal

import pytest

from core.sources import contract
from dev.reference_engine.replay import (
    FIRST_CUSTOMER,
    Ids,
    Rates,
    documents,
    sample_baskets,
    steps,
)

ORDERS = 2000
RATES = Rates(
    late=0.1,
    refunds=0.2,
    voids=0.1,
    corrections=0.15,
    rejected=0.25,
    abandoned=0.05,
    adjustments=0.1,
    campaigns=0.02,
)
# By how much the balance of a card changes with a booking of that type.
SIGNS = {"earn": 1, "redeem": -1, "expire": -1, "adjust": 1}
EARN_OR_REDEEM = {"earn", "redeem"}
PARTS = {
    "lines": contract.LINE,
    "evaluations": contract.EVALUATION,
    "points": contract.POINT_TRANSACTION,
}
ROWS = {
    "engine.membership.changed.v1": contract.MEMBERSHIP_EVENT,
    "engine.points.changed.v1": contract.POINT_TRANSACTION,
    "engine.program.changed.v1": contract.PROGRAM,
}


@pytest.fixture(scope="module")
def played():
    return list(steps(7, rates=RATES, orders=ORDERS))


@pytest.fixture(scope="module")
def tables(played):
    return tables_after(played)


def tables_after(played):
    """{table: {id: row}} as a database would hold them, and check each change."""
    tables = defaultdict(dict)
    for step in played:
        for change in step.changes:
            rows, row = tables[change.table], change.row
            if change.operation == "insert":
                assert row["id"] not in rows and row["version"] == 1
                rows[row["id"]] = row
            elif change.operation == "update":
                assert row["version"] == rows[row["id"]]["version"] + 1
                rows[row["id"]] = row
            else:
                del rows[row["id"]]
    return tables


def of_kind(played, kind):
    """The orders' documents of the steps of one kind."""
    return [
        document.data
        for step in played
        if step.kind == kind
        for document in step.documents
        if document.type == "engine.order.processed.v1"
    ]


def last_documents(played):
    """The last state of every document by type and subject."""
    told = (document for step in played for document in step.documents)
    return {(document.type, document.subject): document.data for document in told}


def share(played, kind):
    return sum(step.kind == kind for step in played) / ORDERS


class TestChance:
    def test_equal_seeds_play_equally_and_others_do_not(self, played):
        assert list(steps(7, rates=RATES, orders=ORDERS)) == played
        assert list(steps(8, rates=RATES, orders=ORDERS)) != played

    def test_documents_are_those_of_the_steps(self, played):
        told = [document for step in played for document in step.documents]
        assert list(documents(7, rates=RATES, orders=ORDERS)) == told

    def test_it_goes_on_without_end(self):
        endless = documents(1)
        assert len([next(endless) for _ in range(5000)]) == 5000

    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("sale", 1),
            ("refund", RATES.refunds),
            ("void", RATES.voids),
            ("correction", RATES.corrections * (1 - RATES.voids)),
            ("abandoned", RATES.abandoned),
            ("adjustment", RATES.adjustments * (1 - RATES.voids)),
        ],
    )
    def test_shares_are_as_asked(self, played, kind, expected):
        assert share(played, kind) == pytest.approx(expected, abs=0.025)

    def test_shares_of_late_and_rejected_orders_are_as_asked(self, played):
        sales = of_kind(played, "sale")
        instants = [step.instant for step in played if step.kind == "sale"]
        ages = [
            now - sale["order"]["ordered_at"]
            for now, sale in zip(instants, sales, strict=True)
        ]
        late = [age for age in ages if age]
        assert len(late) / ORDERS == pytest.approx(RATES.late, abs=0.025)
        assert timedelta(0) < min(late) and max(late) <= timedelta(days=60)
        outcomes = [{row["outcome"] for row in sale["evaluations"]} for sale in sales]
        rejected = sum("rejected" in found for found in outcomes)
        # Orders evaluated for all programs already cannot be rejected for another.
        assert rejected / ORDERS == pytest.approx(RATES.rejected, abs=0.03)

    def test_nothing_but_sales_happens_without_shares(self):
        assert {step.kind for step in steps(3, orders=200)} == {"sale"}

    @pytest.mark.parametrize(
        "shares", [{"late": 1.1}, {"voids": -0.1}, {"voids": 0.6, "refunds": 0.6}]
    )
    def test_an_impossible_share_is_refused(self, shares):
        with pytest.raises(ValueError, match="no share"):
            Rates(**shares)


class TestDocuments:
    def test_they_have_the_contracts_columns(self, played):
        for step in played:
            for document in step.documents:
                if document.type in ROWS:
                    assert_columns(document.data, ROWS[document.type])
                    continue
                assert document.data.keys() == {"order", *PARTS}
                assert_columns(document.data["order"], contract.ORDER)
                for part, columns in PARTS.items():
                    for row in document.data[part]:
                        assert_columns(row, columns)
                        assert row["order_id"] == document.subject

    def test_every_type_of_event_occurs(self, played):
        types = {document.type for step in played for document in step.documents}
        assert types == {"engine.order.processed.v1", *ROWS}

    def test_the_last_event_of_a_document_says_what_the_tables_say(
        self, played, tables
    ):
        told = last_documents(played)
        orders = {
            key: data
            for (kind, key), data in told.items()
            if kind.endswith("order.processed.v1")
        }
        assert orders.keys() == tables["processed_order"].keys()
        for key, data in orders.items():
            assert data["order"] == tables["processed_order"][key]
        for part, table in (
            ("lines", "order_promotion_line"),
            ("evaluations", "promotion_evaluation"),
            ("points", "point_transaction"),
        ):
            of_documents = {
                row["id"]: row for data in orders.values() for row in data[part]
            }
            assert of_documents == {
                key: row
                for key, row in tables[table].items()
                if row["order_id"] in orders
            }

    def test_ids_go_on_after_those_that_are_given(self):
        ids = Ids(order=500, line=10_000, point=20_000, customer=9_000_300)
        first = next(steps(1, ids=ids)).documents[-2].data
        assert first["order"]["id"] == "live-501"
        assert first["order"]["partner_id"] > 9_000_300
        assert first["lines"][0]["id"] == 10_001

    def test_customers_are_above_those_of_the_history(self, tables):
        assert min(tables["point_card"]) >= FIRST_CUSTOMER
        buyers = {row["partner_id"] for row in tables["processed_order"].values()}
        assert buyers == {row["partner_id"] for row in tables["point_card"].values()}

    def test_money_is_decimal_to_the_cent(self, tables):
        for line in tables["order_promotion_line"].values():
            for name in ("qty", "amount", "discount"):
                assert isinstance(line[name], Decimal), name
                assert line[name] == round(line[name], 2)

    def test_the_points_programmes_line_has_the_orders_total(self, played):
        for document in last_documents(played).values():
            if "order" in document:
                [line] = [row for row in document["lines"] if row["program_id"] == 1002]
                assert line["amount"] == document["order"]["amount_total"]

    def test_baskets_come_as_they_are(self):
        baskets = sample_baskets(4, customers=1)
        sales = list(documents(1, baskets, orders=len(baskets[0])))
        totals = [d.data["order"]["amount_total"] for d in sales if "order" in d.data]
        assert totals == [basket.total for basket in baskets[0]]


class TestChanges:
    def test_a_refund_negates_what_it_refunds(self, played, tables):
        refunds = of_kind(played, "refund")
        state = {}
        for step in played:
            for document in step.documents:
                if "order" not in document.data:
                    continue
                order = document.data["order"]
                state[order["id"]] = document.data
                if step.kind == "refund":
                    assert_negated(order["refund_of"], state, document.data)
        assert refunds
        assert len({refund["order"]["refund_of"] for refund in refunds}) == len(refunds)

    def test_a_void_raises_the_version_and_loses_its_points(self, played, tables):
        for document in of_kind(played, "void"):
            order = document["order"]
            assert (order["state"], order["version"], document["points"]) == (
                "void",
                2,
                [],
            )
            assert tables["processed_order"][order["id"]] == order

    def test_a_correction_moves_a_line_and_the_total_alike(self, played):
        first = {sale["order"]["id"]: sale for sale in of_kind(played, "sale")}
        for now in of_kind(played, "correction"):
            before = first[now["order"]["id"]]
            moved = now["order"]["amount_total"] - before["order"]["amount_total"]
            lines = [line["amount"] for line in now["lines"]]
            assert moved and now["order"]["version"] == 2
            assert lines[0] - before["lines"][0]["amount"] == moved
            assert min(lines) >= 0

    def test_abandoned_baskets_are_in_the_database_only(self, played, tables):
        lost = [step for step in played if step.kind == "abandoned"]
        assert not any(step.documents for step in lost)
        keys = {change.row["order_id"] for step in lost for change in step.changes}
        assert len(keys) == len(lost)
        assert not keys & tables["processed_order"].keys()

    def test_an_order_mentions_a_campaign_before_it_is_described(self, played):
        described, early = set(), set()
        for step in played:
            for document in step.documents:
                if document.type == "engine.program.changed.v1":
                    described.add(document.data["id"])
                mentioned = {
                    line["program_id"] for line in document.data.get("lines", ())
                }
                early |= mentioned - described
        assert described and described <= early


class TestPoints:
    def test_every_ledger_closes_with_its_balances(self, tables):
        rows = tables["point_transaction"]
        ledgers = defaultdict(list)
        for row in rows.values():
            ledgers[row["card_id"]].append(row)
        for ledger in ledgers.values():
            balance = 0
            for row in sorted(ledger, key=lambda row: (row["occurred_at"], row["seq"])):
                balance += signed(row, rows)
                assert row["balance_after"] == balance

    def test_all_types_of_bookings_occur(self, tables):
        kinds = Counter(
            row["transaction_type"] for row in tables["point_transaction"].values()
        )
        assert kinds.keys() == {*SIGNS, "reverse"}

    def test_no_number_of_a_card_is_given_twice(self, played):
        given = Counter(
            (change.row["card_id"], change.row["seq"])
            for step in played
            for change in step.changes
            if change.table == "point_transaction" and change.operation == "insert"
        )
        assert set(given.values()) == {1}

    def test_a_lines_points_are_those_that_are_booked(self, played):
        for document in of_kind(played, "sale"):
            line = document["lines"][-1]
            booked = Counter()
            for row in document["points"]:
                booked[row["transaction_type"]] += row["points_amount"]
            assert booked["earn"] == line["points_earned"]
            assert booked["redeem"] == line["points_redeemed"]


class TestLevels:
    def test_a_card_has_the_level_of_the_last_event(self, tables):
        last = {}
        for row in tables["membership_event"].values():
            before = last.get(row["partner_id"])
            assert row["from_membership_product_id"] == before
            last[row["partner_id"]] = row["to_membership_product_id"]
        cards = tables["point_card"].values()
        assert last == {c["partner_id"]: c["membership_product_id"] for c in cards}
        assert set(last.values()) == {1, 2, 3}


def assert_columns(row, columns):
    """All columns that the addon reads are there, with a value of their kind or null."""
    optional = {name for _table, name in contract.OPTIONAL}
    assert columns.keys() - {"txid"} - optional <= row.keys()
    kinds = {contract.INTEGER: int, contract.TEXT: str, contract.BOOLEAN: bool}
    for name, kind in columns.items():
        if kind in kinds and name in row:
            assert row[name] is None or type(row[name]) is kinds[kind], name
        elif kind == contract.INSTANT and row[name] is not None:
            assert row[name].utcoffset() == timedelta(0), name
    assert row["version"] >= 1


def assert_negated(key, state, refund):
    """A refund's figures are those of the order, with the other sign."""
    sale = state[key]
    assert refund["order"]["amount_total"] == -sale["order"]["amount_total"]
    assert refund["order"]["ordered_at"] >= sale["order"]["ordered_at"]
    names = ("qty", "amount", "discount", "points_earned", "points_redeemed")
    for name in names:
        expected = [-line[name] for line in sale["lines"]]
        assert [line[name] for line in refund["lines"]] == expected
    booked = [
        row for row in sale["points"] if row["transaction_type"] in EARN_OR_REDEEM
    ]
    assert {row["reverses_id"] for row in refund["points"]} == {
        row["id"] for row in booked
    }
    assert all(row["transaction_type"] == "reverse" for row in refund["points"])


def signed(row, rows):
    """What a booking adds to the balance."""
    if row["transaction_type"] == "reverse":
        return -signed(rows[row["reverses_id"]], rows)
    return SIGNS[row["transaction_type"]] * row["points_amount"]

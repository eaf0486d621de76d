"""Both stores give the same answers, also to odd questions; pages; small truths."""

from contextlib import closing, suppress
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from asking import ALL, YEAR, ask, query_of
from copies import fresh_cursor, pushed, synced
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pipeline import NEW_YORK

from core.database import connect
from core.errors import NotFound, StoreError
from core.queries.answer import answer
from core.queries.promotion_performance import REPORT
from core.records import Company
from core.settings import Settings

pytest_plugins = ["store_fixtures"]

PROGRAMS = [*range(1, 28), 1001, 1002, 1003]
STORES = [31, 292, 304, 319, 367, 406, 999_999]
ODD = ["pos", "web", "", "p\\os", "'", "%s", "%(limit)s", "pos' OR '1'='1", "\t", "☃"]


@st.composite
def questions(draw):
    """Parameters of a query, of every kind."""
    first = draw(st.dates(date(2016, 12, 1), date(2018, 1, 31)))
    days = draw(st.sampled_from([0, 1, 6, 30, 200, 400]))
    grain = draw(st.sampled_from(["hour", "day", "week", "month", "year"]))
    measures = draw(
        st.lists(st.sampled_from([m.name for m in REPORT.measures]), min_size=1)
    )
    asked = {"measures": ",".join(measures)}
    for name, values in (
        ("program_id", PROGRAMS),
        ("store_id", STORES),
        ("channel", ODD),
    ):
        if chosen := draw(st.lists(st.sampled_from(values), max_size=3)):
            asked[name] = [str(value) for value in chosen]
    asked["page"] = str(draw(st.integers(1, 3)))
    asked["per_page"] = str(draw(st.sampled_from([1, 7, 1000])))
    last = first + timedelta(days=min(days, 40) if grain == "hour" else days)
    return query_of(first, last, grain, **asked)


class TestAgree:
    @settings(
        max_examples=60,
        deadline=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(questions())
    @example(query_of(*YEAR, "day", page="3", per_page="1000"))
    def test_any_question_has_one_answer(self, pushed_history, query):
        report, copy = pushed_history
        try:
            expected = ask(report, query)
        except NotFound as e:
            with pytest.raises(NotFound, match=str(e)):
                ask(report, query, copy.settings)
            return
        found = ask(report, query, copy.settings)
        assert found.store == "clickhouse"
        assert (found.rows, found.total) == (expected.rows, expected.total)
        assert [*map(repr, found.rows)] == [*map(repr, expected.rows)]


class TestPages:
    @pytest.mark.parametrize("grain", ["week", "month"])
    @pytest.mark.parametrize("store", ["postgresql", "clickhouse"])
    def test_pages_joined_are_the_whole(self, pushed_history, store, grain):
        report, copy = pushed_history
        options = copy.settings if store == "clickhouse" else None
        whole = ask(report, query_of(*YEAR, grain), options)
        size, pages = 97, []
        for number in range(1, whole.total // size + 3):
            query = query_of(*YEAR, grain, page=str(number), per_page=str(size))
            found = ask(report, query, options)
            assert found.total == whole.total == len(whole.rows)
            pages.append(found.rows)
        assert sum(pages, []) == whole.rows
        assert [len(page) for page in pages[:-2]] == [size] * (len(pages) - 2)
        assert pages[-1] == []

    def test_rows_are_in_the_order_of_date_hour_and_program(self, pushed_history):
        report, copy = pushed_history
        query = query_of("2017-03-01", "2017-03-07", "hour")
        for options in (None, copy.settings):
            rows = ask(report, query, options).rows
            order = [(r["date"], r["hour"], r["program_id"]) for r in rows]
            assert order == sorted(order)


@pytest.fixture
def by_hand(engine, report, copy):
    """An engine in which every number can be computed by hand."""
    engine.order("S1", "2017-03-10 15:00Z", lines=0, partner_id=7)
    engine.line("S1", amount="10.00", discount="2.50", qty=2)
    engine.line("S1", amount="5.00", discount="0.00", qty=1)
    engine.order("S2", "2017-03-10 16:00Z", lines=0, partner_id=7, store_id=2)
    engine.line("S2", amount="1.00", discount="0.50", qty="0.5", points_redeemed=3)
    engine.order("S3", "2017-03-10 16:30Z", lines=0, partner_id=None)
    engine.line("S3", amount="4.00", discount="0.00")
    engine.order("R1", "2017-03-11 16:00Z", lines=0, partner_id=8, state="refund")
    engine.line("R1", amount="-5.00", discount="-0.25", qty=-1, points_earned=-9)
    engine.order("V1", "2017-03-10 17:00Z", lines=1, partner_id=9, state="void")
    engine.evaluation("S1", "applied")
    engine.evaluation("S2", "eligible")
    engine.evaluation("S2", "rejected", reason="late")
    engine.evaluation("S3", "rejected", reason="spent")
    engine.evaluation("R1", "applied")
    engine.evaluation("V1", "applied")
    engine.evaluation("gone", "applied", evaluated_at="2017-03-11 03:00Z")
    synced(engine.dsn, report)
    pushed(copy, report)
    return report, copy


MARCH_10 = {
    "program_id": 1,
    "program_name": "Summer",
    "date": "2017-03-10",
    "total_transactions": 3,
    "total_qty": Decimal("4.5"),
    "total_amount": Decimal("20.00"),
    "total_discount": Decimal("3.00"),
    "avg_transaction_value": Decimal("6.67"),
    "unique_customers": 1,
    "eligible_transactions": 3,
    "applied_transactions": 1,
    "conversion_rate": 1 / 3,
    "discount_depth": 3 / 23,
    "rejected_transactions": 2,
    "refund_transactions": 0,
    "gross_amount": Decimal("20.00"),
    "gross_discount": Decimal("3.00"),
    "points_earned": Decimal("36.00"),
    "points_redeemed": Decimal("3.00"),
}
MARCH_11 = {
    **MARCH_10,
    "date": "2017-03-11",
    "total_transactions": 0,
    "total_qty": Decimal("-1"),
    "total_amount": Decimal("-5.00"),
    "total_discount": Decimal("-0.25"),
    "avg_transaction_value": Decimal("0.00"),
    "unique_customers": 0,
    "eligible_transactions": 0,
    "applied_transactions": 0,
    "conversion_rate": 0.0,
    "discount_depth": 0.25 / 5.25,
    "rejected_transactions": 0,
    "refund_transactions": 1,
    "gross_amount": Decimal("0.00"),
    "gross_discount": Decimal("0.00"),
    "points_earned": Decimal("-9.00"),
    "points_redeemed": Decimal("0.00"),
}
MONTH = {
    **MARCH_10,
    "date": "2017-03-01",
    "total_qty": Decimal("3.5"),
    "total_amount": Decimal("15.00"),
    "total_discount": Decimal("2.75"),
    "avg_transaction_value": Decimal("5.00"),
    "discount_depth": 11 / 71,
    "refund_transactions": 1,
    "points_earned": Decimal("27.00"),
}


class TestByHand:
    @pytest.mark.parametrize(
        ("grain", "expected"), [("day", [MARCH_10, MARCH_11]), ("month", [MONTH])]
    )
    def test_refunds_voids_and_baskets_count_as_the_text_says(
        self, by_hand, grain, expected
    ):
        report, copy = by_hand
        for options in (None, copy.settings):
            query = query_of("2017-03-01", "2017-03-31", grain)
            assert ask(report, query, options).rows == expected

    def test_the_rollups_give_the_same(self, by_hand):
        report, copy = by_hand
        additive = ALL.replace(",unique_customers", "")
        query = query_of("2017-03-01", "2017-03-31", "month", measures=additive)
        expected = {k: v for k, v in MONTH.items() if k != "unique_customers"}
        for options, tier in ((None, "day"), (copy.settings, "rollup")):
            found = ask(report, query, options)
            assert (found.rows, found.tier) == ([expected], tier)


class TestCompanies:
    @pytest.fixture
    def two(self, engine, report, copy):
        """(report, copy, second company): each company sold once, in its currency."""
        engine.order("A1", "2017-03-10 16:00Z", lines=1)
        engine.order(
            "B1", "2017-03-10 16:00Z", lines=0, currency="JPY", company_id=2, store_id=5
        )
        engine.line("B1", amount=999, discount=1, program_id=2)
        other = Company(2, "Asia/Tokyo", "JPY", 0)
        companies = {"companies": [NEW_YORK, other], "mapping": {1: 1, 2: 2}}
        synced(engine.dsn, report, **companies)
        pushed(copy, report)
        return report, copy, other

    def test_companies_see_their_own_sales_on_their_own_days(self, two):
        report, copy, other = two
        for options in (None, copy.settings):
            asked = query_of(*YEAR, measures="total_amount,total_transactions")
            for company, day, program, amount in (
                (NEW_YORK, "2017-03-10", 1, "9.99"),
                (other, "2017-03-11", 2, "999"),
            ):
                [row] = ask(report, replace(asked, company=company), options).rows
                assert (row["date"], row["program_id"]) == (day, program)
                assert str(row["total_amount"]) == amount

    def test_a_program_of_another_company_does_not_exist(self, two):
        report, copy, other = two
        for program in ("1", "4711"):
            query = query_of(*YEAR, company=other, program_id=program)
            for options in (None, copy.settings):
                with pytest.raises(NotFound, match=f"no program {program} in") as error:
                    ask(report, query, options)
                assert error.value.parameter == "program_id"


class TestTimeLimit:
    def test_a_query_that_takes_too_long_says_what_to_do(self, pushed_history):
        report, _copy = pushed_history
        with pytest.raises(StoreError, match="longer than 0.001 s. Ask for a shorter"):
            ask(report, query_of(*YEAR, "hour"), Settings(query_timeout=0.001))

    @pytest.mark.parametrize("limit", [0.001, 30])
    def test_the_callers_own_limit_is_left_as_it_was(self, pushed_history, limit):
        report, _copy = pushed_history
        with closing(connect(report)) as own, own.cursor() as cursor:
            cursor.execute("SET statement_timeout = '77s'")
            cursor.connection.commit()
            cursor.execute("SET LOCAL statement_timeout = '55s'")
            with suppress(StoreError):
                options = Settings(query_timeout=limit)
                opened = lambda: fresh_cursor(report)  # noqa: E731
                answer(query_of(*YEAR), cursor, options, opened)
                cursor.execute("SHOW statement_timeout")
                assert cursor.fetchone() == ("55s",)
            cursor.connection.rollback()
            cursor.execute("SHOW statement_timeout")
            assert cursor.fetchone() == ("77s",)

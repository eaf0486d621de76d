"""Membership and points from both stores: equal to the oracle and to each other."""

from dataclasses import replace

import pandas as pd
import pytest
from asking import YEAR, ask, asked_of
from generic_world import FLOWS, MEMBERSHIP
from oracle import (
    assert_same,
    balances,
    membership_analytics,
    outstanding,
    plant_cent,
    plant_customer,
)
from oracle import point_detail as ledger
from oracle.business_time import with_bucket
from oracle.member_facts import load_members

from core.errors import BadQuery, NotFound

pytest_plugins = ["store_fixtures", "answer_fixtures"]

MEMBERSHIPS = "membership/analytics"
ACTIVITY = "points/activity"
TRANSACTIONS = "points/transactions"
TOLD = [name for name in MEMBERSHIP if name != "members"]
GRAINS = ["day", "week", "month", "year"]
EVER = ("2016-01-01", "2017-12-31")
# Cards have points before, and bookings after it.
LATER = ("2017-04-12", "2017-10-25")
CENTS = {"avg_spending": 2}


def of_members(**given):
    return asked_of(MEMBERSHIPS, *YEAR, measures=",".join(MEMBERSHIP), **given)


def with_something(rows):
    """The rows in which something happened that is told."""
    return [row for row in rows if any(row[name] for name in TOLD)]


class TestMembership:
    @pytest.mark.parametrize(
        ("dimension", "key"),
        [
            ("level", "membership_level"),
            ("membership_product", "membership_product_id"),
        ],
    )
    @pytest.mark.parametrize("grain", GRAINS)
    def test_a_year_is_what_the_rules_give(self, asked, grain, dimension, key):
        options = {"date_from": YEAR[0], "date_to": YEAR[1]}
        expected = membership_analytics((key,), grain, **options).to_dict("records")
        expected = with_something(expected)
        rows = asked(of_members(group_by=grain, dimensions=dimension))
        found = with_something(rows)
        assert_same(expected, found, [key, "date"], MEMBERSHIP, digits=CENTS)
        for planted in (
            plant_cent(found, "total_spending"),
            plant_customer(found, "active_members"),
        ):
            with pytest.raises(AssertionError, match="1 differences"):
                assert_same(expected, planted, [key, "date"], MEMBERSHIP, digits=CENTS)

    def test_all_members_together_are_counted_once(self, asked):
        [expected] = membership_analytics(
            (), "year", date_from=YEAR[0], date_to=YEAR[1]
        ).to_dict("records")
        [row] = asked(of_members(group_by="year", dimensions=""))
        assert_same([expected], [row], ["date"], MEMBERSHIP, digits=CENTS)

    def test_a_filter_leaves_its_level(self, asked):
        [one, *_others] = sorted({r["membership_level"] for r in asked(of_members())})
        rows = asked(of_members(membership_level=one))
        assert {row["membership_level"] for row in rows} == {one}
        everything = asked(of_members())
        assert rows == [r for r in everything if r["membership_level"] == one]

    def test_the_contracts_fields_are_there_by_themselves(self, asked):
        row = asked(asked_of(MEMBERSHIPS, *YEAR))[0]
        assert [*row] == [
            *("membership_level", "date", "new_members", "active_members"),
            *("total_spending", "avg_spending", "total_points_earned"),
        ]

    def test_a_product_that_is_not_there_is_not_found(self, asked):
        with pytest.raises(NotFound, match="no membership product 4711"):
            asked(asked_of(MEMBERSHIPS, *YEAR, membership_product_id="4711"))


class TestActivity:
    @pytest.mark.parametrize("grain", ["hour", *GRAINS])
    @pytest.mark.parametrize("dimension", ["program", "transaction_type"])
    def test_a_year_is_what_the_rules_give(self, asked, grain, dimension):
        key = "program_id" if dimension == "program" else dimension
        rows = ledger()
        rows = rows[rows["date"].between(*map(pd.Timestamp, YEAR))]
        keys = [key, "date", *(["hour"] if grain == "hour" else [])]
        bucketed = with_bucket(rows, grain)
        expected = bucketed.groupby(keys, as_index=False)[FLOWS].sum()
        expected["transactions"] = bucketed.groupby(keys).size().to_numpy()
        found = asked(asked_of(ACTIVITY, *YEAR, group_by=grain, dimensions=dimension))
        assert_same(expected, found, keys, ["transactions", *FLOWS])


class TestBalance:
    """What cards have at the end of a bucket, also where nothing of them is booked."""

    @pytest.mark.parametrize("grain", ["hour", *GRAINS])
    @pytest.mark.parametrize("dimension", ["program", ""])
    def test_it_is_what_the_ledger_says_that_cards_have(self, asked, grain, dimension):
        group = ["program_id"] if dimension else []
        keys = [*group, "date", *(["hour"] if grain == "hour" else [])]
        expected = balances(group, grain, *LATER)
        found = asked(self.of(group_by=grain, dimensions=dimension))
        assert_same(expected, found, keys, ["balance"])
        with pytest.raises(AssertionError, match="1 differences"):
            planted = plant_cent(found, "balance", len(found) // 2)
            assert_same(expected, planted, keys, ["balance"])

    @pytest.mark.parametrize("last", ["2017-03-31", "2017-06-30", "2017-12-31"])
    def test_one_bucket_ends_with_the_period(self, asked, last):
        [expected] = balances((), None, date_to=last)["balance"]
        period = {"group_by": "period", "dimensions": "", "measures": "balance"}
        for first in ("2000-01-01", f"{last[:8]}01"):
            [row] = asked(asked_of(ACTIVITY, first, last, **period))
            assert row == {"date": first, "balance": expected}

    @pytest.mark.parametrize("column", ["card_id", "partner_id"])
    @pytest.mark.parametrize("grain", ["hour", "day", "month"])
    def test_of_some_cards_or_customers(self, asked, column, grain):
        facts = load_members()
        some = sorted(facts.points[column].unique())[7::500]
        chosen = facts.points[facts.points[column].isin(some)]
        expected = balances((), grain, *LATER, replace(facts, points=chosen))
        ids = ",".join(map(str, some))
        found = asked(self.of(group_by=grain, dimensions="", **{column: ids}))
        keys = ["date", *(["hour"] if grain == "hour" else [])]
        assert_same(expected, found, keys, ["balance"])

    def test_it_rolls_forward_from_bucket_to_bucket(self, asked):
        names = ",".join(["balance", *FLOWS])
        rows = asked(asked_of(ACTIVITY, *EVER, measures=names, dimensions=""))
        held = 0
        for row in rows:
            held += row["points_earned"] - row["points_redeemed"]
            held += row["points_adjusted"] - row["points_expired"]
            assert row["balance"] == held
        assert len(rows) == 365

    def test_the_period_before_ends_where_this_one_begins(self, asked):
        query = {"group_by": "month", "dimensions": "", "compare": "previous_period"}
        [row] = asked(self.of(("2017-05-01", "2017-05-31"), **query))
        assert row["balance"] == outstanding("2017-05-31")
        assert row["previous_balance"] == outstanding("2017-04-30")

    def test_the_total_is_that_of_the_end_also_if_nothing_was_booked(
        self, pushed_history
    ):
        report, copy = pushed_history
        for settings in (None, copy.settings):
            for day in ("2017-05-31", "2031-01-01"):
                query = asked_of(ACTIVITY, day, day, measures="balance", totals="true")
                found = ask(report, query, settings)
                assert found.totals == {"balance": outstanding(day)}
                assert bool(found.rows) is (day < "2018")

    @pytest.mark.parametrize(
        "asked_for", [{"dimensions": "transaction_type"}, {"transaction_type": "earn"}]
    )
    def test_a_balance_of_one_type_of_transactions_is_refused(self, asked_for):
        with pytest.raises(BadQuery, match="over all of transaction_type") as e:
            self.of(**asked_for)
        assert e.value.parameter == "measures"

    def of(self, period=LATER, **given):
        return asked_of(ACTIVITY, *period, measures="balance", **given)


class TestTransactions:
    def test_the_ledger_comes_row_by_row(self, history):
        report, _counts = history
        query = asked_of(TRANSACTIONS, "2017-03-01", "2017-03-07")
        found = ask(report, query)
        rows = ledger()
        rows = rows[rows["date"].between("2017-03-01", "2017-03-07")]
        assert found.total == len(found.rows) == len(rows) > 1000
        names = ["points_amount", "balance_after", "partner_id", "transaction_type"]
        places = [
            frame.assign(place=frame.groupby("card_id").cumcount())
            for frame in (
                rows.sort_values(["card_id", "transaction_date", "seq"]),
                pd.DataFrame(found.rows),
            )
        ]
        assert_same(*places, ["card_id", "place"], names)
        instants = [row["transaction_date"] for row in found.rows]
        assert instants == sorted(instants)
        assert all(instant.endswith("Z") for instant in instants)

    def test_pages_are_parts_of_the_whole(self, history):
        report, _counts = history
        period = ("2017-03-01", "2017-03-02")
        whole = ask(report, asked_of(TRANSACTIONS, *period)).rows
        pages = []
        for page in range(1, len(whole) // 50 + 2):
            query = asked_of(TRANSACTIONS, *period, page=str(page), per_page="50")
            pages += ask(report, query).rows
        assert pages == whole

    def test_filters_leave_what_they_say(self, history):
        report, _counts = history
        whole = ask(report, asked_of(TRANSACTIONS, *YEAR, transaction_type="redeem"))
        assert {row["transaction_type"] for row in whole.rows} == {"redeem"}
        one = whole.rows[0]
        for name in ("card_id", "partner_id"):
            query = asked_of(
                TRANSACTIONS, *YEAR, transaction_type="redeem", **{name: str(one[name])}
            )
            expected = [row for row in whole.rows if row[name] == one[name]]
            assert ask(report, query).rows == expected

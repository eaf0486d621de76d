"""Membership and points from both stores: equal to the oracle and to each other."""

import pandas as pd
import pytest
from asking import YEAR, ask, asked_of
from generic_world import FLOWS, MEMBERSHIP
from oracle import assert_same, membership_analytics, plant_cent, plant_customer
from oracle import point_detail as ledger
from oracle.business_time import with_bucket

from core.errors import NotFound

pytest_plugins = ["store_fixtures", "answer_fixtures"]

MEMBERSHIPS = "membership/analytics"
ACTIVITY = "points/activity"
TRANSACTIONS = "points/transactions"
TOLD = [name for name in MEMBERSHIP if name != "members"]
GRAINS = ["day", "week", "month", "year"]
CENTS = {"avg_spending": 2}


def of_members(**given):
    return asked_of(MEMBERSHIPS, *YEAR, measures=",".join(TOLD), **given)


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
        assert_same(expected, found, [key, "date"], TOLD, digits=CENTS)
        for planted in (
            plant_cent(found, "total_spending"),
            plant_customer(found, "active_members"),
        ):
            with pytest.raises(AssertionError, match="1 differences"):
                assert_same(expected, planted, [key, "date"], TOLD, digits=CENTS)

    def test_all_members_together_are_counted_once(self, asked):
        [expected] = membership_analytics(
            (), "year", date_from=YEAR[0], date_to=YEAR[1]
        ).to_dict("records")
        [row] = asked(of_members(group_by="year", dimensions=""))
        assert_same([expected], [row], ["date"], TOLD, digits=CENTS)

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

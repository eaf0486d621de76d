"""The generic computation: every trap by hand, and against the reference history."""

import random
import sys
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

# By path: `tests/__init__.py` belongs to Odoo and imports it.
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from oracle import (  # noqa: E402
    Facts,
    MemberFacts,
    ageing,
    assert_same,
    daily_summary,
    expiry_forecast,
    generic,
    load,
    load_members,
    membership_analytics,
    outstanding,
    performance,
    plant_cent,
    point_rollup,
    roll_forward,
    sql_statement_2,
    sql_statement_3,
)
from oracle.contract_rows import contract_tables  # noqa: E402
from oracle.generic_time import (  # noqa: E402
    business_day,
    business_hour,
    first_day,
    last_day,
)
from oracle.membership_analytics import MEASURES  # noqa: E402

NEW_YORK, BERLIN = "America/New_York", "Europe/Berlin"
NOON = "2024-03-05T12:00:00Z"
DAY = date(2024, 3, 5)
BRONZE, SILVER, GOLD = 1, 2, 3
LEVELS = [
    {"id": BRONZE, "name": "B", "level": "Bronze", "rank": 1},
    {"id": SILVER, "name": "S", "level": "Silver", "rank": 2},
    {"id": GOLD, "name": "G", "level": "Gold", "rank": 3},
    {"id": 4, "name": "G old", "level": "Gold", "rank": 3},
]


def at(day, clock="12:00:00"):
    """An instant in March 2024, UTC."""
    return f"2024-03-{day:02}T{clock}Z"


def order(id_, **values):
    fixed = {"partner_id": 7, "store_id": 1, "channel": "pos", "ordered_at": NOON}
    fixed |= {"amount_total": "10.00", "is_first_order": False, "state": "done"}
    return {"id": id_, **fixed, **values}


def line(id_, order_id, **values):
    fixed = {"program_id": 1, "product_id": None, "qty": 1, "amount": "10.00"}
    fixed |= {"discount": "2.50", "points_earned": 0, "points_redeemed": 0}
    return {"id": id_, "order_id": order_id, **fixed, **values}


def evaluation(order_id, outcome, **values):
    fixed = {"program_id": 1, "partner_id": 7, "evaluated_at": NOON, "reason": None}
    return {"order_id": order_id, "outcome": outcome, **fixed, **values}


def event(id_, kind, product, day=5, **values):
    fixed = {"partner_id": 7, "occurred_at": at(day), "event_type": kind}
    return {"id": id_, "to_membership_product_id": product, **fixed, **values}


def points(id_, kind, amount, day=5, **values):
    """A point row; its seq is its id, so that ids are the order within an instant."""
    fixed = {"seq": id_, "card_id": 70, "partner_id": 7, "occurred_at": at(day)}
    fixed |= {"balance_after": None, "expires_at": None, "order_id": None}
    kinds = {"transaction_type": kind, "points_amount": amount, "reverses_id": None}
    return {"id": id_, **fixed, **kinds, **values}


def only(rows):
    (row,) = rows
    return row


def promotions(orders, lines=(), evaluations=(), **asked):
    names = ("processed_order", "order_promotion_line", "promotion_evaluation")
    tables = dict(zip(names, (orders, lines, evaluations), strict=True))
    return generic.performance(tables, BERLIN, **asked)


def member_tables(events, orders=(), rows=()):
    names = ("membership_event", "processed_order", "point_transaction")
    tables = dict(zip(names, (events, orders, rows), strict=True))
    return tables | {"membership_product": LEVELS}


def membership(events, orders=(), rows=(), **asked):
    tables = member_tables(events, orders, rows)
    return generic.membership(tables, BERLIN, **{"as_of": date(2024, 3, 31), **asked})


def detail(*rows, orders=()):
    tables = {"point_transaction": rows, "processed_order": orders}
    return generic.point_detail(tables, BERLIN)


def balances(*rows):
    return [row["balance"] for row in detail(*rows)]


class TestTime:
    def test_new_years_eve_belongs_to_the_local_year(self):
        for zone, clock, day in (
            (BERLIN, (2023, 12, 31, 22, 59, 59), date(2023, 12, 31)),
            (BERLIN, (2023, 12, 31, 23), date(2024, 1, 1)),
            (NEW_YORK, (2024, 1, 1, 4, 59, 59), date(2023, 12, 31)),
            (NEW_YORK, (2024, 1, 1, 5), date(2024, 1, 1)),
        ):
            assert business_day(datetime(*clock), zone) == day

    def test_days_of_23_and_25_hours_end_where_the_clock_says(self):
        summer = [datetime(2024, 3, 31, hour) for hour in (0, 1, 21, 22)]
        assert [business_day(each, BERLIN).day for each in summer] == [31, 31, 31, 1]
        winter = [datetime(2024, 10, 27, hour) for hour in (0, 1, 22, 23)]
        assert [business_day(each, BERLIN).day for each in winter] == [27, 27, 27, 28]
        assert [business_hour(each, BERLIN) for each in winter] == winter

    def test_an_hour_begins_where_the_local_clock_hour_does(self):
        instant = datetime(2024, 3, 5, 12, 10, 30, 5)
        for zone, hour, minute in (
            (BERLIN, 12, 0),
            ("Asia/Kolkata", 11, 30),
            ("Asia/Kathmandu", 11, 15),
        ):
            assert business_hour(instant, zone) == datetime(2024, 3, 5, hour, minute)

    def test_a_bucket_has_a_first_and_a_last_day(self):
        for grain, first, last in (
            ("day", date(2024, 3, 5), date(2024, 3, 5)),
            ("week", date(2024, 3, 4), date(2024, 3, 10)),
            ("month", date(2024, 3, 1), date(2024, 3, 31)),
            ("year", date(2024, 1, 1), date(2024, 12, 31)),
        ):
            assert first_day(DAY, grain) == first
            assert last_day(first, grain) == last
        assert first_day(date(2024, 1, 1), "week") == date(2024, 1, 1)
        assert first_day(date(2023, 1, 1), "week") == date(2022, 12, 26)
        assert last_day(date(2024, 2, 1), "month") == date(2024, 2, 29)


class TestPromotions:
    def test_two_lines_of_an_order_are_one_transaction(self):
        row = only(promotions([order("a")], [line(1, "a"), line(2, "a")]))
        assert (row["total_transactions"], row["total_amount"]) == (1, Decimal(20))
        assert row["avg_transaction_value"] == 20
        assert row["discount_depth"] == Fraction(5, 25)

    def test_a_refund_counts_in_totals_at_its_own_time_and_not_as_transaction(self):
        refund = order("b", state="refund", ordered_at=at(6), refund_of="a")
        back = line(2, "b", qty=-1, amount="-4.00", discount="-1.00")
        asked = {"orders": [order("a"), refund], "lines": [line(1, "a"), back]}
        whole = only(promotions(**asked))
        assert whole["total_amount"] == whole["avg_transaction_value"] == 6
        assert (whole["gross_amount"], whole["total_qty"]) == (10, 0)
        assert (whole["total_transactions"], whole["refund_transactions"]) == (1, 1)
        second = promotions(**asked, grain="day")[1]
        assert (second["date"], second["total_amount"]) == (date(2024, 3, 6), -4)
        assert (second["total_transactions"], second["unique_customers"]) == (0, 0)
        assert second["avg_transaction_value"] == 0

    def test_a_voided_order_counts_nowhere(self):
        voided, lines = order("a", state="void"), [line(1, "a")]
        assert promotions([voided], lines, [evaluation("a", "applied")]) == []

    def test_a_line_without_its_order_counts_nowhere(self):
        assert promotions([], [line(1, "a")]) == []

    def test_an_anonymous_customer_is_a_transaction_only(self):
        orders = [order("a", partner_id=None), order("b")]
        row = only(promotions(orders, [line(1, "a"), line(2, "b")]))
        assert (row["total_transactions"], row["unique_customers"]) == (2, 1)

    def test_an_order_of_two_programs_is_one_order_in_the_total(self):
        lines = [line(1, "a"), line(2, "a", program_id=2)]
        assert len(promotions([order("a")], lines)) == 2
        assert (
            only(promotions([order("a")], lines, group=()))["total_transactions"] == 1
        )

    def test_an_evaluation_is_at_its_orders_time_and_store(self):
        late = evaluation("a", "applied", evaluated_at=at(9))
        row = only(
            promotions([order("a")], [], [late], group=("store_id",), grain="day")
        )
        assert (row["date"], row["store_id"], row["conversion_rate"]) == (DAY, 1, 1)

    def test_an_abandoned_basket_is_eligible_when_it_was_evaluated(self):
        found = [evaluation("a", "applied"), evaluation("gone", "applied")]
        row = only(promotions([order("a")], [line(1, "a")], found))
        assert row["conversion_rate"] == Fraction(1, 2)
        alone = only(promotions([], [], found[1:], group=("store_id",), grain="hour"))
        assert alone["hour"] == datetime(2024, 3, 5, 12)
        assert (alone["store_id"], alone["eligible_transactions"]) == (None, 1)

    def test_rejected_is_neither_applied_nor_eligible_and_has_reasons(self):
        found = [
            evaluation("a", "rejected", reason="limit"),
            evaluation("a", "rejected", reason="limit"),
            evaluation("b", "rejected", reason="date"),
        ]
        row = only(promotions([order("a")], [], found))
        assert (row["eligible_transactions"], row["rejected_transactions"]) == (0, 2)
        tables = {"promotion_evaluation": found}
        reasons = generic.rejections(tables, BERLIN)
        assert [(r["reason"], r["rejected_transactions"]) for r in reasons] == [
            ("date", 1),
            ("limit", 1),
        ]

    def test_evaluations_of_a_refund_count_nowhere(self):
        refund = order("a", state="refund")
        assert promotions([refund], [], [evaluation("a", "eligible")]) == []

    def test_the_range_is_in_business_days(self):
        late = order("a", ordered_at="2024-03-05T23:00:00Z")  # 6 March in Berlin
        asked = {"orders": [late], "lines": [line(1, "a")]}
        assert promotions(**asked, date_to=DAY) == []
        assert only(promotions(**asked, date_from="2024-03-06", grain="month"))[
            "date"
        ] == date(2024, 3, 1)

    def test_filters_keep_programs_stores_and_channels(self):
        asked = {"orders": [order("a")], "lines": [line(1, "a")]}
        for name, other in (("programs", 2), ("stores", 2), ("channels", "web")):
            assert promotions(**asked, **{name: [other]}) == []

    def test_the_daily_summary_counts_refunds_as_orders(self):
        orders = [order("a"), order("b", state="refund", partner_id=8)]
        lines = [line(1, "a"), line(2, "b", amount="-10.00")]
        tables = {"processed_order": orders, "order_promotion_line": lines}
        row = only(generic.daily_summary(tables, BERLIN))
        assert (row["total_orders"], row["unique_customers"]) == (2, 2)
        assert (row["report_date"], row["total_amount"]) == (DAY, 0)

    def test_a_float_is_refused_and_18_digits_are_kept(self):
        with pytest.raises(TypeError, match="float"):
            promotions([order("a")], [line(1, "a", amount=0.1)])
        lines = [
            line(1, "a", amount="12345678901234.5678"),
            line(2, "a", amount="0.0001"),
        ]
        found = only(promotions([order("a")], lines))["total_amount"]
        assert found == Decimal("12345678901234.5679")

    def test_an_unknown_grain_is_refused(self):
        with pytest.raises(ValueError, match="quarter"):
            promotions([], grain="quarter")


class TestLevels:
    def held(self, *events, on=None):
        """Holders by product at the end of a day of March."""
        day = on and date(2024, 3, on)
        return generic.members_on(member_tables(events), BERLIN, day)

    def test_each_kind_of_event(self):
        joined = event(1, "join", SILVER, 1)
        assert self.held(joined) == {SILVER: 1}
        assert self.held(joined, event(2, "upgrade", GOLD, 2)) == {GOLD: 1}
        assert self.held(joined, event(2, "downgrade", BRONZE, 2)) == {BRONZE: 1}
        assert self.held(joined, event(2, "renew", None, 2)) == {SILVER: 1}
        assert self.held(joined, event(2, "renew", GOLD, 2)) == {GOLD: 1}
        for ending in ("expire", "cancel"):
            # The level that an ending names is the one that is left.
            assert self.held(joined, event(2, ending, SILVER, 2)) == {}

    def test_a_renewal_to_nothing_named_does_not_revive_a_membership(self):
        ended = event(1, "join", SILVER, 1), event(2, "expire", None, 2)
        assert self.held(*ended, event(3, "renew", None, 3)) == {}
        assert self.held(*ended, event(3, "renew", SILVER, 3)) == {SILVER: 1}
        assert self.held(*ended, event(3, "join", BRONZE, 3)) == {BRONZE: 1}

    def test_of_events_at_one_instant_the_highest_id_is_last(self):
        tie = [event(9, "upgrade", GOLD), event(2, "join", BRONZE)]
        assert self.held(*tie) == self.held(*reversed(tie)) == {GOLD: 1}

    def test_the_end_of_a_day_holds_that_days_events(self):
        events = event(1, "join", BRONZE, 1), event(2, "upgrade", GOLD, 2)
        assert [self.held(*events, on=day) for day in (1, 2)] == [
            {BRONZE: 1},
            {GOLD: 1},
        ]
        assert self.held(event(1, "join", BRONZE, 2), on=1) == {}


class TestMembership:
    def test_a_sale_at_the_events_very_instant_is_at_the_new_level(self):
        joined = event(1, "join", BRONZE, 1)
        moved = event(2, "upgrade", SILVER, 5)
        sales = [order("a"), order("b", ordered_at=at(5, "11:59:59"))]
        found = membership([joined, moved], sales, grain=None)
        active = [(r["membership_product_id"], r["active_members"]) for r in found]
        assert active == [(BRONZE, 1), (SILVER, 1)]

    def test_a_sale_amid_a_tie_is_at_the_last_events_level(self):
        tie = [event(1, "join", BRONZE), event(2, "upgrade", GOLD)]
        rows = membership(tie, [order("a")], grain="day")
        told = ["membership_product_id", "new_members", "upgraded_members"]
        told += ["active_members", "members"]
        assert [[row[name] for name in told] for row in rows] == [
            [BRONZE, 1, 0, 0, 0],
            [GOLD, 0, 1, 1, 1],
        ]

    def test_without_membership_or_customer_nothing_counts(self):
        before = order("a", ordered_at=at(4))
        nobody = order("b", partner_id=None)
        after = order("c", ordered_at=at(7))
        events = [event(1, "join", BRONZE), event(2, "cancel", None, 6)]
        row = only(membership(events, [before, nobody, after], churn_days=200))
        assert (row["new_members"], row["active_members"], row["members"]) == (1, 0, 1)

    def test_refunds_lower_spending_and_make_nobody_active(self):
        joined = event(1, "join", BRONZE, 1)
        refund = order("b", state="refund", amount_total="-4.00", partner_id=8)
        other = event(2, "join", BRONZE, 1, partner_id=8)
        row = membership([joined, other], [order("a"), refund], grain="day")[1]
        assert (row["total_spending"], row["active_members"]) == (6, 1)
        assert row["avg_spending"] == 6

    def test_a_refund_alone_has_spending_and_no_average(self):
        refund = order("b", state="refund", amount_total="-4.00")
        row = membership([event(1, "join", BRONZE, 1)], [refund])[1]
        assert (row["total_spending"], row["avg_spending"]) == (-4, 0)

    def test_a_voided_order_counts_nowhere_but_its_event_stays(self):
        voided = order("a", state="void")
        rows = [points(1, "earn", 10, order_id="a")]
        row = only(membership([event(1, "join", BRONZE, order_id="a")], [voided], rows))
        assert (row["new_members"], row["active_members"]) == (1, 0)
        assert row["total_points_earned"] == row["churned_members"] == 0

    def test_points_count_at_the_level_of_their_own_instant_net_of_reverses(self):
        events = [event(1, "join", BRONZE, 1), event(2, "upgrade", SILVER, 6)]
        rows = [
            points(1, "earn", 100, 5),
            points(2, "redeem", 30, 6),
            points(3, "reverse", 40, 7, reverses_id=1),
            points(4, "expire", 5, 8),
            points(5, "adjust", 5, 8),
        ]
        found = membership(events, (), rows, grain="month")
        told = [(r["total_points_earned"], r["total_points_redeemed"]) for r in found]
        assert told == [(100, 0), (-40, 30)]
        days = [row["date"].day for row in membership(events, (), rows)]
        assert days == [1, 5, 6, 7]  # nothing of the 8th is a measure here

    def test_two_products_of_one_level_are_one_row_of_distinct_customers(self):
        events = [event(1, "join", GOLD, 1), event(2, "renew", 4, 3)]
        sales = [order("a", ordered_at=at(2)), order("b", ordered_at=at(4))]
        row = only(
            membership(events, sales, group=("membership_level",), grain="month")
        )
        assert (row["membership_level"], row["active_members"]) == ("Gold", 1)
        assert (row["total_spending"], row["members"]) == (20, 1)
        products = membership(events, sales, grain="month")
        assert [row["members"] for row in products] == [0, 1]

    def test_joining_twice_in_a_bucket_is_one_new_member(self):
        events = [
            event(1, "join", BRONZE, 1),
            event(2, "cancel", None, 2),
            event(3, "join", BRONZE, 3),
        ]
        assert only(membership(events, grain="month"))["new_members"] == 1
        assert [row["members"] for row in membership(events)] == [1, 1]

    def test_the_members_of_a_cut_bucket_are_those_of_its_last_day_in_range(self):
        events = [event(1, "join", BRONZE, 1), event(2, "cancel", None, 4)]
        cut = membership(events, grain="month", date_to="2024-03-03")
        assert only(cut)["members"] == 1
        assert only(membership(events, grain="month"))["members"] == 0
        assert only(membership(events, grain=None))["members"] == 0

    def test_rows_of_zeros_can_be_left_out(self):
        rows = membership(
            [event(1, "join", BRONZE, 1)],
            [order("b", state="refund", amount_total=0)],
        )
        assert [row["date"].day for row in rows] == [1, 5]
        assert [row["date"].day for row in generic.without_empty(rows)] == [1]


class TestChurn:
    JOINED = event(1, "join", BRONZE, 1)

    def crossed(self, *days, events=(JOINED,), **asked):
        orders = [order(str(day), ordered_at=at(day)) for day in days]
        asked = {"churn_days": 3, "as_of": date(2024, 3, 31), **asked}
        facts = generic.churn(member_tables(events, orders), BERLIN, **asked)
        found = [(f["date"].day, f["membership_product_id"]) for f in facts]
        return sorted(found)

    def test_a_member_crosses_n_days_after_the_last_sale(self):
        assert self.crossed(2) == [(5, BRONZE)]
        assert self.crossed(2, 2, 5) == [(8, BRONZE)]
        assert self.crossed(2, 6) == [(5, BRONZE), (9, BRONZE)]

    def test_nobody_crosses_after_the_day_as_of(self):
        assert self.crossed(2, as_of=date(2024, 3, 4)) == []
        assert self.crossed(2, as_of=date(2024, 3, 5)) == [(5, BRONZE)]

    def test_the_level_is_that_at_the_end_of_the_day(self):
        moved = event(2, "upgrade", GOLD, 5)
        assert self.crossed(2, events=[self.JOINED, moved]) == [(5, GOLD)]
        later = event(2, "upgrade", GOLD, 6)
        assert self.crossed(2, events=[self.JOINED, later]) == [(5, BRONZE)]

    def test_who_is_no_member_then_is_not_counted(self):
        ended = [self.JOINED, event(2, "cancel", None, 4)]
        orders = [order("a", ordered_at=at(2))]
        rows = membership(ended, orders, churn_days=3, grain=None)
        assert only(rows)["churned_members"] == 0

    def test_a_refund_is_no_sale(self):
        orders = [order("a", ordered_at=at(2))]
        orders.append(order("b", ordered_at=at(4), state="refund"))
        found = generic.churn(member_tables([self.JOINED], orders), BERLIN, 3)
        assert [fact["date"].day for fact in found] == [5]

    def test_a_year_counts_every_crossing_of_a_customer(self):
        orders = [order(str(day), ordered_at=at(day)) for day in (2, 12, 22)]
        rows = membership([self.JOINED], orders, churn_days=3, grain="year")
        assert only(rows)["churned_members"] == 3


class TestPointDetail:
    def test_the_orders_total_is_on_its_first_earn_row_only(self):
        orders = [order("a", is_first_order=True)]
        rows = [
            points(1, "redeem", 5, order_id="a"),
            points(2, "earn", 10, order_id="a"),
            points(3, "earn", 1, order_id="a", card_id=71),
            points(4, "earn", 1, order_id="unknown", card_id=71),
            points(5, "earn", 1, card_id=71),
        ]
        found = detail(*rows, orders=orders)
        assert [row["amount"] for row in found] == [0, 10, 0, 0, 0]
        first = [row["is_first_order"] for row in found]
        assert first == [True, True, True, False, False]

    def test_rows_are_in_the_order_of_instant_and_seq(self):
        late = points(3, "earn", 7, occurred_at=at(5, "11:00:00"))
        tie = points(1, "earn", 1, seq=2), points(2, "earn", 2, seq=1)
        assert [row["id"] for row in detail(*tie, late)] == [3, 2, 1]

    def test_a_reverse_counts_negatively_in_the_type_it_reverses(self):
        for kind, flow, change in (
            ("earn", "points_earned", -4),
            ("redeem", "points_redeemed", 4),
            ("expire", "points_expired", 4),
            ("adjust", "points_adjusted", -4),
        ):
            row = detail(points(1, kind, 10), points(2, "reverse", 4, reverses_id=1))[1]
            assert (row[flow], row["effect"]) == (-4, change)
            assert row["transaction_type"] == "reverse"

    def test_a_reverse_of_what_is_unknown_is_adjusted(self):
        other_card = points(1, "redeem", 10, card_id=71)
        of_voided = points(2, "redeem", 10, order_id="gone")
        reverse = points(3, "reverse", 4, reverses_id=None)
        for row in (
            reverse,
            reverse | {"reverses_id": 99},
            reverse | {"reverses_id": 1},
            reverse | {"reverses_id": 2},
            reverse | {"reverses_id": 3},
        ):
            gone = order("gone", state="void")
            found = detail(other_card, of_voided, row, orders=[gone])[0]
            assert (found["points_adjusted"], found["points_redeemed"]) == (-4, 0)

    def test_a_reverse_of_a_reverse_is_adjusted(self):
        rows = points(1, "earn", 9), points(2, "reverse", 9, reverses_id=1)
        last = detail(*rows, points(3, "reverse", 9, reverses_id=2))[2]
        assert (last["points_adjusted"], last["balance"]) == (-9, -9)

    def test_a_reverse_may_come_before_what_it_reverses(self):
        found = detail(
            points(2, "reverse", 4, 5, reverses_id=1), points(1, "earn", 9, 6)
        )
        assert [row["points_earned"] for row in found] == [-4, 9]


class TestBalance:
    def test_adjustments_are_signed(self):
        assert balances(points(1, "adjust", -5), points(2, "adjust", 7)) == [-5, 2]

    def test_the_opening_is_what_the_first_row_implies(self):
        assert balances(points(1, "earn", 10, balance_after=110)) == [110]
        assert balances(points(1, "redeem", 10, balance_after=90)) == [90]
        first = points(1, "earn", 10, balance_after=110)
        # The engine's later balances are not believed.
        assert balances(first, points(2, "earn", 5, 6, balance_after=999)) == [110, 115]

    def test_without_a_given_balance_a_card_opens_with_nothing(self):
        rows = points(1, "earn", 10), points(2, "earn", 5, balance_after=999)
        assert balances(*rows) == [10, 15]

    def test_a_late_booking_before_the_first_row_changes_the_opening(self):
        first = points(1, "earn", 10, 5, balance_after=110)
        late = points(2, "redeem", 20, 4, balance_after=30)
        assert detail(first)[0]["opening"] == 100
        found = detail(first, late)
        assert [(row["opening"], row["balance"]) for row in found] == [
            (50, 30),
            (50, 40),
        ]

    def test_a_voided_orders_rows_leave_the_balance(self):
        rows = points(1, "earn", 10), points(2, "earn", 5, order_id="a")
        assert detail(*rows, orders=[order("a", state="void")])[-1]["balance"] == 10

    def test_the_hours_balance_is_in_every_row_of_the_hour(self):
        rows = [
            points(1, "earn", 10),
            points(2, "redeem", 4, occurred_at=at(5, "12:59:59")),
            points(3, "earn", 1, occurred_at=at(5, "13:00:00")),
        ]
        found = generic.point_rollup({"point_transaction": rows}, BERLIN)
        told = [(r["hour"].hour, r["transaction_type"], r["balance"]) for r in found]
        assert told == [(12, "earn", 6), (12, "redeem", 6), (13, "earn", 7)]

    def test_the_roll_forward_closes_from_the_opening_on(self):
        rows = [
            points(1, "earn", 10, 5, balance_after=110),
            points(2, "expire", 4, 7),
            points(3, "adjust", -1, 7),
        ]
        found = generic.roll_forward({"point_transaction": rows}, BERLIN)
        ends = [(row["opening"], row["closing"]) for row in found]
        assert ends == [(100, 110), (110, 105)]
        assert (found[1]["points_expired"], found[1]["points_adjusted"]) == (4, -1)

    def test_a_card_has_no_points_before_its_first_row(self):
        rows = [
            points(1, "earn", 10, balance_after=110),
            points(2, "earn", 1, card_id=71),
        ]
        tables = {"point_transaction": rows}
        assert generic.outstanding(tables, BERLIN, date(2024, 3, 4)) == 0
        assert generic.outstanding(tables, BERLIN, DAY) == 111
        assert generic.card_balances(tables, BERLIN, DAY) == {70: 110, 71: 1}
        [row] = generic.balances(tables, BERLIN, grain="year")
        assert row == {"date": date(2024, 1, 1), "balance": 111}
        by_card = generic.balances(tables, BERLIN, ["card_id"], "hour")
        assert [row["balance"] for row in by_card] == [110, 1]


class TestLots:
    def left(self, *rows, on=31):
        tables = {"point_transaction": rows}
        lots = generic.open_lots(tables, BERLIN, date(2024, 3, on))
        return [(lot["date"].day, lot["left"]) for lot in lots]

    def test_the_oldest_points_are_spent_first(self):
        earned = points(1, "earn", 10, 1), points(2, "earn", 20, 2)
        assert self.left(*earned, points(3, "redeem", 15, 3)) == [(2, 15)]
        assert self.left(*earned, points(3, "redeem", 15, 3), on=2) == [
            (1, 10),
            (2, 20),
        ]
        assert self.left(*earned, points(3, "redeem", 30, 3)) == []

    def test_what_is_earned_again_after_a_debt_pays_it_first(self):
        rows = points(1, "adjust", -10, 1), points(2, "earn", 15, 2)
        assert self.left(*rows) == [(2, 5)]

    def test_a_reversed_earning_takes_its_own_points_back(self):
        earned = points(1, "earn", 10, 1), points(2, "earn", 20, 2)
        back = points(3, "reverse", 20, 3, reverses_id=2)
        assert self.left(*earned, back) == [(1, 10)]
        assert self.left(*earned, back, on=2) == [(1, 10), (2, 20)]

    def test_a_reversed_redemption_gives_the_points_back_where_they_were(self):
        rows = points(1, "earn", 10, 1), points(2, "redeem", 10, 2)
        assert self.left(*rows, points(3, "reverse", 10, 3, reverses_id=2)) == [(1, 10)]

    def test_a_reversed_deduction_is_no_lot_of_its_own(self):
        rows = points(1, "earn", 20, 1), points(2, "adjust", -10, 2)
        assert self.left(*rows) == [(1, 10)]
        assert self.left(*rows, points(3, "reverse", -10, 3, reverses_id=2)) == [
            (1, 20)
        ]

    def test_the_opening_is_the_oldest_lot(self):
        first = points(1, "earn", 10, 4, balance_after=110)
        assert self.left(first) == [(4, 100), (4, 10)]
        assert self.left(first, points(2, "redeem", 105, 5)) == [(4, 5)]

    def test_points_are_forecast_in_the_local_month_in_which_they_expire(self):
        rows = [
            points(1, "earn", 10, expires_at="2024-08-31T22:00:00Z"),  # 1 September
            points(2, "earn", 5, expires_at="2024-08-31T21:59:59Z"),
            points(3, "adjust", 1),
        ]
        found = generic.expiry_forecast({"point_transaction": rows}, BERLIN, DAY)
        assert found == {date(2024, 9, 1): 10, date(2024, 8, 1): 5, None: 1}

    def test_ageing_bands_and_ratios_and_liability(self):
        rows = [points(1, "earn", 10, 1), points(2, "earn", 30, 31)]
        rows.append(points(3, "redeem", 5, 31))
        tables = {"point_transaction": rows}
        bands = generic.ageing(tables, BERLIN, date(2024, 4, 1))
        assert bands == {
            "0-30": 30,
            "31-60": 5,
            "61-90": 0,
            "91-180": 0,
            "over 180": 0,
        }
        assert generic.ageing(tables, BERLIN, date(2024, 8, 29))["over 180"] == 5
        assert generic.point_ratios(tables, BERLIN) == {
            "redemption_rate": Fraction(1, 8),
            "simple_breakage": Fraction(7, 8),
            "realised_breakage": 0,
        }
        nothing = generic.point_ratios(tables, BERLIN, date_to="2024-02-01")
        assert set(nothing.values()) == {None}
        owed = generic.liability(tables, BERLIN, date(2024, 4, 1), "0.10", "0.2")
        assert owed == Fraction("2.8")


class TestStatements:
    def test_both_take_the_generic_detail(self):
        orders = [order("a", is_first_order=True)]
        rows = [
            points(1, "earn", "10.5", order_id="a"),
            points(2, "reverse", "0.5", reverses_id=1),
            points(3, "earn", 1, partner_id=None, card_id=71),
        ]
        tables = member_tables([event(1, "join", GOLD, 1)], orders, rows)
        found = generic.point_detail(tables, BERLIN)
        second = only(
            sql_statement_2(
                "2024-03-01", "2024-04-01", detail=found, levels={GOLD: "G"}
            )
        )
        assert (second["new_members"], second["active_members"]) == (1, 1)
        assert (second["total_spending"], second["avg_spending"]) == (10, 5)
        assert second["total_points_earned"] == 10
        third = sql_statement_3("2024-03-01", "2024-04-01", detail=found)
        told = [(row["transaction_type"], row["total_points"]) for row in third]
        assert told == [("earn", Decimal("11.5")), ("reverse", Decimal("0.5"))]
        assert len(sql_statement_3("2024-03-01", "2024-04-01", 7, detail=found)) == 2

    def test_nothing_gives_nothing(self):
        assert sql_statement_2("2024-03-01", "2024-04-01", detail=[]) == []
        assert sql_statement_3("2024-03-01", "2024-04-01", detail=[]) == []


# With two baskets at one instant (14, 33) and with the most events (95, 1057).
PARTNERS = (1, 7, 14, 33, 95, 1057)


def of_partners(facts):
    """The frames of some facts with the rows of PARTNERS only."""
    return {
        name: frame[frame["partner_id"].isin(PARTNERS)]
        if "partner_id" in frame
        else frame
        for name, frame in vars(facts).items()
    }


@pytest.fixture(scope="module")
def tables():
    return contract_tables(PARTNERS)


@pytest.fixture(scope="module")
def members():
    return MemberFacts(**of_partners(load_members()))


@pytest.fixture(scope="module")
def facts():
    return Facts(**of_partners(load()))


class TestAgainstTheReference:
    """Six households of the reference history, computed both ways."""

    @pytest.mark.parametrize("grain", ["hour", "day", "week", "month", "year", None])
    @pytest.mark.parametrize("group", [("program_id",), ("store_id",), ()])
    def test_promotions(self, tables, facts, group, grain):
        keys = {None: [], "hour": ["date", "hour"]}.get(grain, ["date"])
        measures = ["total_transactions", "total_qty", "total_amount", "total_discount"]
        measures += ["unique_customers", "eligible_transactions", "conversion_rate"]
        measures += ["discount_depth", "applied_transactions"]
        expected = performance(group, grain, facts=facts)
        found = generic.performance(tables, NEW_YORK, group, grain)
        assert_same(expected, found, [*keys, *group], measures)

    def test_daily_summary(self, tables, facts):
        measures = ["total_orders", "unique_customers", "total_amount", "total_qty"]
        measures += ["total_discount", "total_points_earned", "total_points_redeemed"]
        found = generic.daily_summary(tables, NEW_YORK)
        keys = ["program_id", "report_date"]
        assert_same(daily_summary(facts), found, keys, measures)

    @pytest.mark.parametrize("grain", ["day", "week", "month", "year", None])
    @pytest.mark.parametrize(
        "group", [("membership_product_id",), ("membership_level",), ()]
    )
    def test_membership(self, tables, members, group, grain):
        asked = {"date_from": date(2017, 2, 3), "date_to": date(2017, 12, 30)}
        as_of = date(2017, 12, 20)
        expected = membership_analytics(
            group, grain, facts=members, as_of=as_of, **asked
        )
        found = generic.membership(tables, NEW_YORK, group, grain, as_of=as_of, **asked)
        keys = [*(["date"] if grain else []), *group]
        assert_same(expected, found, keys, MEASURES)

    def test_points(self, tables, members):
        flows = [f"points_{name}" for name in ("earned", "redeemed", "expired")]
        keys = ["card_id", "date", "hour", "transaction_type"]
        found = generic.point_rollup(tables, NEW_YORK)
        assert_same(point_rollup(members), found, keys, [*flows, "balance"])
        found = generic.roll_forward(tables, NEW_YORK)
        ends = ["opening", "closing"]
        assert_same(roll_forward(members), found, keys[:2], [*flows, *ends])

    def test_detail(self, tables, members):
        keys = ["card_id", "seq"]
        measures = ["amount", "is_first_order", "membership_product_id", "date"]
        measures += ["transaction_date", "points_earned", "points_redeemed"]
        found = generic.point_detail(tables, NEW_YORK)
        for row in found:
            row["date"] = pd.Timestamp(row["date"])
        assert_same(members.points, found, keys, [*measures, "points_expired"])
        assert all(row["balance"] == row["balance_after"] for row in found)

    @pytest.mark.parametrize("day", ["2017-01-31", "2017-08-15", "2017-12-31"])
    def test_outstanding_points(self, tables, members, day):
        asked = (tables, NEW_YORK, day)
        assert generic.outstanding(*asked) == outstanding(day, members) > 0
        assert generic.ageing(*asked) == ageing(day, members)
        assert generic.expiry_forecast(*asked) == expiry_forecast(day, members)

    def test_statements(self, tables, members):
        year = ("2017-01-01", "2018-12-31")
        found = generic.point_detail(tables, NEW_YORK)
        for statement in (sql_statement_2, sql_statement_3):
            expected = statement(*year, detail=members.points)
            assert statement(*year, detail=found) == expected != []

    def test_the_order_of_the_rows_does_not_matter(self, tables):
        shuffled = {name: list(rows) for name, rows in tables.items()}
        for rows in shuffled.values():
            random.Random(5).shuffle(rows)
        for compute in (
            generic.performance,
            generic.point_rollup,
            generic.roll_forward,
        ):
            assert compute(shuffled, NEW_YORK) == compute(tables, NEW_YORK)
        asked = {"as_of": date(2017, 12, 31), "grain": "month"}
        rows = generic.membership(tables, NEW_YORK, **asked)
        assert generic.membership(shuffled, NEW_YORK, **asked) == rows

    def test_a_cent_too_much_is_seen(self, tables, members):
        found = generic.membership(
            tables, NEW_YORK, grain="month", as_of=date(2017, 12, 31)
        )
        expected = membership_analytics(grain="month", facts=members)
        keys = ["date", "membership_product_id"]
        wrong = plant_cent(found, "total_spending")
        with pytest.raises(AssertionError, match="1 differences"):
            assert_same(expected, wrong, keys, MEASURES)

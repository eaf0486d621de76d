"""Which membership holds when, and what it counts: as the oracle computes it anew."""

import databases
import pipeline
import pytest
from generic_world import Worlds, assert_as_computed, tables
from pipeline import NEW_YORK, synced
from recomputed import assert_rollups_follow_from_detail

from core.records import Company
from core.sources import contract

BRONZE, SILVER, GOLD = 1, 2, 3
LEVELS = """
    SELECT o.order_id, m.external_id
    FROM customer_order_data o
    LEFT JOIN loyalty_reporting_membership_product m ON m.id = o.membership_product_key
    WHERE o.partner_id = %s ORDER BY o.transaction_date, o.order_id"""
ANALYTICS = """
    SELECT date::text, membership_product_id, {} FROM membership_analytics m
    WHERE date BETWEEN %s AND %s ORDER BY 1, 2"""


def at(day, clock="12:00:00"):
    """An instant in March 2017, UTC."""
    return f"2017-03-{day:02} {clock}+00"


@pytest.fixture(scope="module")
def worlds(engine_template, report_template):
    """Worlds that the tests of this file use one after the other."""
    with Worlds(engine_template, report_template) as worlds:
        yield worlds


@pytest.fixture
def world(worlds):
    """A world; after the test, another customer's."""
    with worlds.lend() as world:
        yield world


@pytest.fixture
def customer(world):
    """A customer of whom nothing is known."""
    return world.customer()


@pytest.fixture
def levels(world, customer):
    """Function: the products held at the customer's orders, in order."""
    return lambda: [product for _key, product in world.rows(LEVELS, customer.id)]


@pytest.fixture
def analytics(world):
    """Function (measure, days): its values other than 0 by day and product."""

    def find(measure, first=1, last=31):
        days = (f"2017-03-{first:02}", f"2017-03-{last:02}")
        found = world.rows(ANALYTICS.format(measure), *days)
        return {(day[8:], product): value for day, product, value in found if value}

    return find


class TestTheLevelAtAnInstant:
    def test_an_event_counts_from_its_own_instant(self, world, customer, levels):
        customer.event("join", BRONZE, at(5, "12:00:00.000001"))
        for clock in ("12:00:00", "12:00:00.000001", "12:00:00.000002"):
            customer.order(at(5, clock))
        world.sync()
        assert levels() == [None, BRONZE, BRONZE]

    def test_of_two_events_at_one_instant_the_higher_id_counts(
        self, world, customer, levels
    ):
        customer.event("join", GOLD, at(5), id=customer.id * 10 + 2)
        customer.event("join", SILVER, at(5), id=customer.id * 10 + 1)
        customer.order(at(5))
        world.sync()
        assert levels() == [GOLD]

    def test_a_tie_written_later_under_a_lower_id_changes_nothing(
        self, world, customer, levels
    ):
        customer.event("join", GOLD, at(5), id=customer.id * 10 + 2)
        customer.order(at(6))
        world.sync()
        customer.event("cancel", None, at(5), id=customer.id * 10 + 1)
        world.sync()
        assert levels() == [GOLD]

    @pytest.mark.parametrize("end", ["expire", "cancel"])
    def test_a_membership_that_ended_holds_no_longer(
        self, end, world, customer, levels
    ):
        customer.event("join", SILVER, at(5))
        customer.order(at(6))
        customer.event(end, SILVER, at(7))
        customer.order(at(7))
        customer.event("renew", None, at(8))
        customer.order(at(9))
        world.sync()
        assert levels() == [SILVER, None, None]

    def test_a_renewal_keeps_the_level_unless_it_names_another(
        self, world, customer, levels
    ):
        customer.event("renew", None, at(4))
        customer.order(at(4))
        customer.event("join", SILVER, at(5))
        customer.event("renew", None, at(6))
        customer.order(at(6))
        customer.event("renew", GOLD, at(7))
        customer.order(at(7))
        world.sync()
        assert levels() == [None, SILVER, GOLD]

    def test_points_have_the_level_of_their_own_instant_not_of_their_order(
        self, world, customer
    ):
        customer.event("join", BRONZE, at(5))
        customer.event("upgrade", GOLD, at(8))
        order = customer.order(at(6))
        customer.points(10, at=at(6), order_id=order)
        customer.points(5, at=at(9), order_id=order)
        world.sync()
        query = (
            "SELECT points_amount, membership_product_id FROM point_analytics"
            " WHERE partner_id = %s ORDER BY id"
        )
        assert world.rows(query, customer.id) == [(10, BRONZE), (5, GOLD)]


class TestWhatComesLate:
    def test_an_event_of_60_days_ago_moves_what_follows_it_and_only_that(
        self, world, customer
    ):
        customer.event("join", BRONZE, "2017-05-01 09:00Z")
        instants = [f"2017-{month:02}-10 15:00Z" for month in (5, 6, 7, 8)]
        for number, instant in enumerate(instants):
            order = customer.order(instant, amount=10 + number)
            customer.points(number + 1, at=instant, order_id=order)
        world.sync()
        kept = self.written(world, customer)
        customer.event("upgrade", GOLD, "2017-06-20 00:00Z")
        world.sync()
        now = self.written(world, customer)
        assert [row[1] for row in now] == [BRONZE, BRONZE, BRONZE, GOLD, GOLD, GOLD]
        assert now[:2] == kept[:2]
        # 20 June: no longer Bronze, and Gold from then on; both on that day.
        assert [row[0] for row in now[2:4]] == ["2017-06-19"] * 2

    @staticmethod
    def written(world, customer):
        """(day, product, load and place) of the customer's days from June on."""
        return world.rows(
            "SELECT d.date::text, m.external_id, d.load_id, d.ctid::text"
            " FROM customer_day_data d"
            " JOIN loyalty_reporting_customer c ON c.id = d.customer_key"
            " JOIN loyalty_reporting_membership_product m"
            "  ON m.id = d.membership_product_key"
            " WHERE c.external_id = %s AND d.date > '2017-05-01' ORDER BY 1, 2",
            customer.id,
        )

    def test_a_first_event_comes_after_all_orders(self, world, customer, levels):
        customer.order(at(5))
        customer.order(at(15))
        world.sync()
        assert levels() == [None, None]
        customer.event("join", BRONZE, at(10))
        world.sync()
        assert levels() == [None, BRONZE]

    def test_an_event_and_the_order_it_counts_for_come_together(
        self, world, customer, levels
    ):
        customer.order(at(2))
        world.sync()
        customer.event("join", SILVER, at(5))
        order = customer.order(at(6))
        customer.points(6, at=at(6), order_id=order)
        world.sync()
        assert levels() == [None, SILVER]

    def test_a_corrected_event_takes_its_former_effect_back(
        self, world, customer, levels
    ):
        event = customer.event("join", BRONZE, at(5))
        for day in (4, 6, 20):
            customer.order(at(day))
        world.sync()
        for columns, expected in (
            ({"occurred_at": at(10)}, [None, None, BRONZE]),
            ({"occurred_at": at(3)}, [BRONZE] * 3),
            ({"to_membership_product_id": GOLD}, [GOLD] * 3),
            ({"occurred_at": "2017-05-01 00:00Z"}, [None] * 3),
            ({"event_type": "nonsense"}, [None] * 3),
            ({"event_type": "join", "occurred_at": at(6)}, [None, GOLD, GOLD]),
        ):
            world.engine.change("membership_event", event, **columns)
            world.sync()
            assert levels() == expected, columns

    def test_a_deleted_event_never_was(self, world, customer, levels):
        customer.event("join", BRONZE, at(5))
        event = customer.event("upgrade", GOLD, at(6))
        customer.event("renew", None, at(7))
        customer.order(at(8))
        world.sync()
        assert levels() == [GOLD]
        world.engine.delete("membership_event", event)
        world.sync()
        assert levels() == [BRONZE]

    def test_an_event_moves_to_another_customer(self, world, customer, levels):
        other = world.customer()
        event = customer.event("join", SILVER, at(5))
        customer.order(at(6))
        other.order(at(6))
        world.sync()
        world.engine.change("membership_event", event, partner_id=other.id)
        world.sync()
        assert levels() == [None]
        assert [level for _key, level in world.rows(LEVELS, other.id)] == [SILVER]

    def test_an_order_moves_in_time_and_takes_the_level_there(
        self, world, customer, levels
    ):
        customer.event("join", SILVER, at(5))
        customer.event("upgrade", GOLD, at(15))
        order = customer.order(at(10))
        points = customer.points(3, at=at(10), order_id=order)
        world.sync()
        world.engine.change("processed_order", order, ordered_at=at(20))
        world.engine.change("point_transaction", points, occurred_at=at(20))
        world.sync()
        assert levels() == [GOLD]

    def test_a_product_that_comes_after_its_events_gives_them_its_level(
        self, world, customer
    ):
        product = 1000 + customer.id
        customer.event("join", product, at(5))
        customer.order(at(6))
        world.sync()
        name = (
            "SELECT membership_level FROM membership_levels"
            " WHERE membership_product_id = %s"
        )
        assert world.rows(name, product) == [(f"Membership {product}",)]
        world.engine.run(
            "INSERT INTO engine.membership_product (id, level) VALUES (%s, 'Late')",
            [product],
        )
        world.sync()
        assert world.rows(name, product) == [("Late",)]


class TestMeasures:
    def test_members_are_those_who_hold_the_level_at_the_end_of_the_day(
        self, world, customer
    ):
        other = world.customer()
        for who in (customer, other):
            who.event("join", GOLD, at(20))
        customer.event("cancel", None, at(22))
        other.event("downgrade", SILVER, at(23))
        other.event("upgrade", GOLD, at(23, "13:00:00"))
        start = self.held(world, GOLD, "2017-03-19")
        world.sync()
        held = [self.held(world, GOLD, f"2017-03-{day}") for day in (19, 20, 22, 23)]
        assert held == [start, start + 2, start + 1, start + 1]

    @staticmethod
    def held(world, product, day):
        found = world.rows(
            "SELECT members FROM membership_analytics"
            " WHERE membership_product_id = %s AND date <= %s"
            " ORDER BY date DESC LIMIT 1",
            product,
            day,
        )
        return found[0][0] if found else 0

    def test_who_joins_twice_on_a_day_is_one_new_member(
        self, world, customer, analytics
    ):
        before = analytics("new_members", 25, 26)
        customer.event("join", GOLD, at(25, "10:00:00"))
        customer.event("cancel", None, at(25, "11:00:00"))
        customer.event("join", GOLD, at(25, "12:00:00"))
        customer.event("join", GOLD, at(26))
        world.sync()
        after = analytics("new_members", 25, 26)
        assert {key: value - before.get(key, 0) for key, value in after.items()} == {
            ("25", GOLD): 1,
            ("26", GOLD): 1,
        }

    def test_a_refund_is_spending_at_its_own_level_and_makes_nobody_active(
        self, world, customer, analytics
    ):
        customer.event("join", GOLD, at(27))
        customer.order(at(27), amount="30.00")
        customer.event("downgrade", BRONZE, at(28))
        customer.order(at(28), amount="-10.00", state="refund")
        world.sync()
        assert analytics("total_spending", 27, 28) == {
            ("27", GOLD): 30,
            ("28", BRONZE): -10,
        }
        assert analytics("active_members", 27, 28) == {("27", GOLD): 1}
        assert analytics("refund_transactions", 27, 28) == {("28", BRONZE): 1}

    def test_a_voided_order_counts_nowhere_but_its_event_stays(
        self, world, customer, levels, analytics
    ):
        first = customer.order(at(29))
        customer.event("join", GOLD, at(29), order_id=first)
        customer.points(9, at=at(29), order_id=first)
        customer.order(at(30))
        world.sync()
        assert analytics("active_members", 29) == {("29", GOLD): 1, ("30", GOLD): 1}
        world.engine.change("processed_order", first, state="void")
        world.sync()
        assert levels() == [GOLD]
        assert analytics("active_members", 29) == {("30", GOLD): 1}
        assert analytics("total_points_earned", 29) == {}
        assert analytics("new_members", 29) == {("29", GOLD): 1}

    def test_nobody_is_counted_for_anonymous_orders(self, world, customer):
        days = "SELECT count(*), sum(spending) FROM customer_day_data"
        world.sync()
        before = world.rows(days)
        order = customer.order(at(12), partner_id=None)
        customer.points(4, at=at(12), order_id=order, partner_id=None)
        world.sync()
        assert world.rows(days) == before
        assert world.rows(
            "SELECT 1 FROM customer_order_data WHERE order_id = %s", order
        )

    def test_an_order_gets_a_customer_afterwards_and_loses_it(
        self, world, customer, levels
    ):
        customer.event("join", BRONZE, at(5))
        order = customer.order(at(12), partner_id=None)
        for partner, held in ((customer.id, [BRONZE]), (None, [])):
            world.sync()
            world.engine.change("processed_order", order, partner_id=partner)
            world.sync()
            assert levels() == held


class TestCompanies:
    def test_a_change_of_zone_cuts_all_anew(self, world, customer):
        customer.event("join", BRONZE, at(5, "22:00:00"))
        customer.event("cancel", None, at(9, "22:00:00"))
        order = customer.order(at(5, "23:00:00"))
        customer.points(8, at=at(5, "23:00:00"), order_id=order)
        customer.points(8, "expire", at=at(31, "23:00:00"))
        for zone in (NEW_YORK.timezone, "Asia/Kathmandu", NEW_YORK.timezone):
            world.zone = zone
            world.sync()

    @pytest.mark.parametrize("mapping", [{1: 1, 2: 2}, {1: 3}, {1: 1, 2: 3}])
    def test_events_of_a_source_without_one_company_that_reports_wait(
        self, mapping, engine, report, assert_same_as_from_scratch
    ):
        companies = [NEW_YORK, Company(2, "Asia/Kolkata", "USD", 2)]
        options = {"companies": companies, "mapping": mapping}
        engine.order("A", lines=0)
        engine.order("B", lines=0, company_id=2)
        event = engine.membership("join", BRONZE)
        synced(engine.dsn, report, **options)
        after = assert_same_as_from_scratch(report, engine.dsn, **options)
        reason = "its source does not feed exactly one company"
        letter = ("engine", "membership_event", str(event), str(event), reason)
        assert letter in after["dead letters"]
        assert not after["membership events"] and not after["intervals"]


# Faults that both comparisons see, and those within, which change no figure by itself.
FAULTS = [
    "UPDATE membership_analytics_data SET total_spending = total_spending + 0.01",
    "UPDATE membership_analytics_data SET member_change = member_change + 1",
    "UPDATE point_analytics_data SET counts_as = 'adjust' WHERE counts_as = 'earn'",
    "UPDATE point_analytics_data SET points_amount = points_amount + 1",
    "UPDATE point_analytics_rollup_data SET balance = balance + 1",
    "UPDATE card_state SET balance = balance + 1",
]
WITHIN = [
    "UPDATE customer_day_data SET transactions = transactions + 1",
    "UPDATE customer_order_data SET membership_product_key = 0",
    "DELETE FROM membership_interval",
]


@pytest.fixture(scope="module")
def loaded(shop_template, report_template):
    """(rows of an engine, its report), to be copied."""
    with databases.database(databases.REPORT, report_template) as report:
        synced(shop_template, report)
        found = tables(shop_template)
        assert_as_computed(report, found, NEW_YORK.timezone)
        yield found, report


@pytest.mark.parametrize("fault", FAULTS + WITHIN)
def test_a_planted_fault_is_seen(fault, loaded):
    found, report = loaded
    with databases.database(databases.REPORT, report) as copy:
        databases.execute(copy, fault)
        with pytest.raises(AssertionError):
            assert_rollups_follow_from_detail(copy)
        if fault in FAULTS:
            with pytest.raises(AssertionError):
                assert_as_computed(copy, found, NEW_YORK.timezone)


def test_what_another_system_records_is_left_out_without_a_word(shop, report):
    """A company mapped to none: its documents are no facts here, nor dead letters."""
    shop.order("theirs", company_id=2)
    shop.points(5, order_id="theirs")
    options = {"mapping": {1: 1, 2: None}}
    pipeline.synced(shop.dsn, report, **options)
    keys = "SELECT document_key FROM fact_document WHERE NOT is_deleted"
    assert "theirs" not in {key for (key,) in databases.rows(report, keys)}
    assert not pipeline.contents(report)["dead letters"]
    pipeline.synced(shop.dsn, report, mapping={1: 1, 2: 1})
    shop.run("UPDATE engine.processed_order SET id = id WHERE id = 'theirs'")
    pipeline.synced(shop.dsn, report, mapping={1: 1, 2: 1})
    assert "theirs" in {key for (key,) in databases.rows(report, keys)}


def test_a_row_that_names_its_company_needs_no_only_one(shop, report):
    """With two companies a row without an order says whose it is, if its query does."""
    queries = contract.default_queries()
    for table in ("membership_event", "point_transaction"):
        queries[table] = f"SELECT *, 1 AS company_id FROM engine.{table}"
    options = {"mapping": {1: 1, 2: 2}, "queries": queries}
    companies = [pipeline.NEW_YORK, Company(2, "UTC", "USD", 2)]
    pipeline.synced(shop.dsn, report, companies=companies, **options)
    letters = pipeline.contents(report)["dead letters"]
    tables = {row[1] for row in letters}
    assert not tables & {"membership_event", "point_transaction"}

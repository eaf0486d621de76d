"""Points: what each row counts as, and the balance of each card at any time."""

from datetime import date
from decimal import Decimal

import databases
import pytest
from asking import ask, asked_of
from generic_world import Worlds, expected_lots, lots, tables
from pipeline import NEW_YORK, contents, synced

from core.queries import REPORTS
from core.queries.params import parse
from core.records import Company

TYPES = """
    SELECT id, points_earned, points_redeemed, points_expired, points_adjusted
    FROM point_analytics WHERE card_id = %s ORDER BY seq, id"""
CLOSINGS = """
    SELECT date::text, opening, closing FROM point_card_day
    WHERE card_id = %s ORDER BY 1"""
EVER = {"date_from": "2016-01-01", "date_to": "2017-12-31"}
TWO = [NEW_YORK, Company(2, "Asia/Kolkata", "USD", 2)]


def at(day, clock="12:00:00", month=3):
    """An instant in 2017, UTC."""
    return f"2017-{month:02}-{day:02} {clock}+00"


@pytest.fixture(scope="module")
def worlds(engine_template, report_template):
    """Worlds that the tests of this file use one after the other."""
    with Worlds(engine_template, report_template) as worlds:
        yield worlds


@pytest.fixture
def world(worlds):
    """A world in which others may have been before."""
    with worlds.lend() as world:
        yield world


@pytest.fixture
def customer(world):
    """A customer of whom nothing is known."""
    return world.customer()


@pytest.fixture
def counted(world, customer):
    """Function: earned, redeemed, expired, adjusted of the card's rows, in order."""
    return lambda: [
        tuple(int(n) for n in row[1:]) for row in world.rows(TYPES, customer.id)
    ]


@pytest.fixture
def balances(world, customer):
    """Function: {day: (opening, closing)} of the card."""
    return lambda: {
        day[5:]: (int(opening), int(closing))
        for day, opening, closing in world.rows(CLOSINGS, customer.id)
    }


class TestBalances:
    def test_every_day_opens_with_what_the_day_before_closed_with(
        self, world, customer, balances
    ):
        customer.points(100, at=at(1))
        customer.points(30, "redeem", at=at(2))
        customer.points(5, at=at(2))
        customer.points(10, "expire", at=at(31, "23:00:00"))
        customer.points(-4, "adjust", at=at(1, "02:00:00", month=4))
        customer.points(7, "adjust", at=at(2, month=6))
        world.sync()
        assert balances() == {
            "03-01": (0, 100),
            "03-02": (100, 75),
            "03-31": (75, 61),
            "06-02": (61, 68),
        }

    def test_a_card_opens_with_what_its_first_row_leaves_less_that_row(
        self, world, customer, balances
    ):
        customer.points(30, "redeem", at=at(2), balance_after=70)
        customer.points(5, at=at(3), balance_after=999)
        world.sync()
        assert balances() == {"03-02": (100, 70), "03-03": (70, 75)}

    def test_a_late_first_row_changes_the_opening_and_all_that_follows(
        self, world, customer, balances
    ):
        for day, after in ((10, 110), (20, 120)):
            customer.points(10, at=at(day), balance_after=after)
        customer.points(10, at=at(20, month=5), balance_after=130)
        world.sync()
        assert balances()["03-10"] == (100, 110)
        first = customer.points(5, at=at(5), balance_after=45)
        world.sync()
        assert balances() == {
            "03-05": (40, 45),
            "03-10": (45, 55),
            "03-20": (55, 65),
            "05-20": (65, 75),
        }
        world.engine.change("point_transaction", first, balance_after=None)
        world.sync()
        assert balances()["05-20"] == (25, 35)
        world.engine.delete("point_transaction", first)
        world.sync()
        assert balances()["05-20"] == (120, 130)

    def test_of_rows_at_one_instant_the_first_by_seq_opens_the_card(
        self, world, customer, balances
    ):
        customer.points(10, at=at(5), seq=2, balance_after=40)
        customer.points(20, at=at(5), seq=1, balance_after=30)
        world.sync()
        assert balances() == {"03-05": (10, 40)}

    def test_a_late_row_moves_the_balances_of_later_months(
        self, world, customer, balances
    ):
        for month in (3, 4, 6):
            customer.points(10, at=at(28, month=month))
        world.sync()
        customer.points(3, "redeem", at=at(1, month=4))
        world.sync()
        assert balances() == {
            "03-28": (0, 10),
            "04-01": (10, 7),
            "04-28": (7, 17),
            "06-28": (17, 27),
        }

    def test_a_balance_that_stays_is_not_written_again(self, world, customer):
        for day in (1, 2, 3):
            customer.points(10, at=at(day))
        world.sync()
        written = (
            "SELECT r.ctid::text, r.load_id FROM point_analytics_rollup_data r"
            " JOIN loyalty_reporting_card k ON k.id = r.card_key"
            " WHERE k.external_id = %s ORDER BY r.hour"
        )
        before = world.rows(written, customer.id)
        customer.points(10, at=at(2, "15:00:00"))
        world.sync()
        after = world.rows(written, customer.id)
        assert after[:2] == before[:2] and len(after) == 4
        assert after[3] != before[2]

    def test_the_first_the_last_and_all_rows_of_a_card_go(
        self, world, customer, balances
    ):
        rows = [customer.points(10, at=at(day)) for day in (1, 2, 3, 4)]
        world.sync()
        for gone, days in ((0, "234"), (3, "23"), (1, "3"), (2, "")):
            world.engine.delete("point_transaction", rows[gone])
            world.sync()
            assert [day[-1] for day in balances()] == list(days)

    def test_a_row_moves_to_another_card_and_another_day(
        self, world, customer, balances
    ):
        other = world.customer()
        row = customer.points(10, at=at(1))
        customer.points(20, at=at(5))
        other.points(40, at=at(3))
        world.sync()
        world.engine.change(
            "point_transaction", row, card_id=other.id, occurred_at=at(4)
        )
        world.sync()
        assert balances() == {"03-05": (0, 20)}
        assert world.rows(CLOSINGS, other.id) == [
            ("2017-03-03", 0, 40),
            ("2017-03-04", 40, 50),
        ]


class TestOutstanding:
    """What the report says is outstanding; `sync` compares it with the oracle, too."""

    @pytest.fixture
    def held(self, world):
        """Function (day, filters): the balance in the totals of that day."""

        def find(day, **filters):
            asked = {"measures": "balance", "totals": "true", "dimensions": ""}
            day = f"2017-{day}"
            query = asked_of("points/activity", day, day, **asked, **filters)
            return int(ask(world.report, query).totals["balance"])

        return find

    def test_it_is_carried_over_days_without_bookings(self, world, customer, held):
        customer.points(30, "redeem", at=at(2), balance_after=70)
        customer.points(5, at=at(6))
        world.sync()
        days = ("03-01", "03-02", "03-04", "03-06", "12-31")
        of_card = [held(day, card_id=str(customer.id)) for day in days]
        assert of_card == [0, 70, 70, 75, 75]

    def test_points_stay_with_the_program_and_the_customer_that_booked_them(
        self, world, customer, held
    ):
        other = world.customer()
        customer.points(100, at=at(1), balance_after=140, program_id=41)
        customer.points(30, "redeem", at=at(2), program_id=42, partner_id=other.id)
        customer.points(7, at=at(3), program_id=42)
        world.sync()
        card = {"card_id": str(customer.id)}
        assert [held(f"03-0{day}", **card) for day in (1, 2, 3)] == [140, 110, 117]
        by_program = [held("03-04", program_id=p, **card) for p in ("41", "42")]
        assert by_program == [140, -23]
        assert held("03-04", partner_id=str(customer.id)) == 147
        assert held("03-04", partner_id=str(other.id)) == -30

    def test_the_opening_moves_with_the_first_row(self, world, customer, held):
        row = {"program_id": 41, "balance_after": 60}
        first = customer.points(10, at=at(5), **row)
        second = customer.points(20, at=at(9), program_id=42, balance_after=90)
        opens = (
            "SELECT r.date::text, r.balance_change - r.points_earned"
            " FROM point_analytics_rollup r WHERE r.card_id = %s"
            " AND r.balance_change <> r.points_earned"
        )

        def opened():
            world.sync()
            return world.rows(opens, customer.id)

        assert opened() == [("2017-03-05", 50)]
        earlier = customer.points(1, at=at(5, "11:59:59"), balance_after=4)
        assert opened() == [("2017-03-05", 3)]
        world.engine.change("point_transaction", earlier, occurred_at=at(1))
        assert opened() == [("2017-03-01", 3)]
        world.engine.change("point_transaction", earlier, occurred_at=at(20))
        assert opened() == [("2017-03-05", 50)]
        world.engine.delete("point_transaction", first)
        assert opened() == [("2017-03-09", 70)]
        world.engine.change("point_transaction", second, card_id=world.customer().id)
        assert opened() == [("2017-03-20", 3)]
        assert held("12-31", card_id=str(customer.id)) == 4


class TestReverses:
    @pytest.mark.parametrize(
        ("kind", "expected"),
        [
            ("earn", (-4, 0, 0, 0)),
            ("redeem", (0, -4, 0, 0)),
            ("expire", (0, 0, -4, 0)),
            ("adjust", (0, 0, 0, -4)),
        ],
    )
    def test_a_reverse_counts_negatively_in_the_type_it_reverses(
        self, kind, expected, world, customer, counted
    ):
        row = customer.points(10, kind, at=at(1))
        customer.points(4, "reverse", at=at(2), reverses_id=row)
        world.sync()
        assert counted()[1] == expected

    def test_its_original_may_come_after_it_change_and_go(
        self, world, customer, counted, balances
    ):
        row = 77_000 + customer.id
        customer.points(50, at=at(1))
        customer.points(4, "reverse", at=at(2), reverses_id=row)
        world.sync()
        assert counted()[1] == (0, 0, 0, -4) and balances()["03-02"] == (50, 46)
        customer.points(10, "redeem", at=at(9), id=row, seq=99)
        world.sync()
        assert counted()[1] == (0, -4, 0, 0) and balances()["03-02"] == (50, 54)
        for columns, expected in (
            ({"transaction_type": "expire"}, (0, 0, -4, 0)),
            ({"transaction_type": "reverse"}, (0, 0, 0, -4)),
            ({"transaction_type": "earn"}, (-4, 0, 0, 0)),
            ({"card_id": world.customer().id}, (0, 0, 0, -4)),
            ({"card_id": customer.id}, (-4, 0, 0, 0)),
            ({"points_amount": "NaN"}, (0, 0, 0, -4)),
        ):
            world.engine.change("point_transaction", row, **columns)
            world.sync()
            assert counted()[1] == expected, columns
        world.engine.change("point_transaction", row, points_amount=1)
        world.engine.delete("point_transaction", row)
        world.sync()
        assert counted()[1] == (0, 0, 0, -4)

    def test_of_an_unknown_row_a_reverse_or_anothers_card_it_counts_as_adjusted(
        self, world, customer, counted
    ):
        first = customer.points(10, at=at(1))
        second = customer.points(1, "reverse", at=at(2), reverses_id=first)
        others = world.customer().points(10, at=at(1))
        for row in (None, 404, second, others):
            customer.points(2, "reverse", at=at(3), reverses_id=row)
        world.sync()
        assert counted()[1:] == [(-1, 0, 0, 0)] + [(0, 0, 0, -2)] * 4

    def test_a_reverse_of_a_voided_orders_points_takes_back_nothing_known(
        self, world, customer, counted
    ):
        order = customer.order(at(1))
        row = customer.points(10, at=at(1), order_id=order)
        customer.points(10, "reverse", at=at(2), reverses_id=row)
        world.sync()
        assert counted() == [(10, 0, 0, 0), (-10, 0, 0, 0)]
        world.engine.change("processed_order", order, state="void")
        world.sync()
        assert counted() == [(0, 0, 0, -10)]
        world.engine.change("processed_order", order, state="done")
        world.sync()
        assert counted() == [(10, 0, 0, 0), (-10, 0, 0, 0)]


class TestOrders:
    def test_the_orders_amount_stands_on_its_first_earning_only(self, world, customer):
        order = customer.order(at(1), amount="33.30", is_first_order=True)
        customer.points(5, "redeem", at=at(1), order_id=order)
        customer.points(9, at=at(1), order_id=order)
        customer.points(9, at=at(1), order_id=order)
        customer.points(9, at=at(2))
        world.sync()
        query = (
            "SELECT transaction_type, amount, is_first_order FROM point_analytics"
            " WHERE card_id = %s ORDER BY seq"
        )
        assert world.rows(query, customer.id) == [
            ("redeem", 0, True),
            ("earn", Decimal("33.3"), True),
            ("earn", 0, True),
            ("earn", 0, None),
        ]

    def test_points_booked_long_after_their_order_are_its_all_the_same(
        self, world, customer, balances
    ):
        order = customer.order(at(1))
        customer.points(9, at=at(1, month=8), order_id=order)
        world.sync()
        world.engine.change("processed_order", order, amount_total="11.00")
        world.sync()
        assert balances() == {"08-01": (0, 9)}

    def test_a_row_whose_order_is_missing_waits_and_settles(
        self, world, customer, balances
    ):
        row = customer.points(9, at=at(1), order_id=f"late-{customer.id}")
        customer.points(1, at=at(2))
        world.sync()
        reason = f"its order late-{customer.id} is missing or was refused"
        assert (str(row), reason) in world.letters()
        assert balances() == {"03-02": (0, 1)}
        world.engine.order(
            f"late-{customer.id}", at(1), lines=0, partner_id=customer.id
        )
        world.sync()
        assert str(row) not in dict(world.letters())
        assert balances() == {"03-01": (0, 9), "03-02": (9, 10)}

    def test_a_row_moves_between_orders_and_out_of_them(
        self, world, customer, balances
    ):
        orders = [customer.order(at(day)) for day in (1, 2)]
        row = customer.points(9, at=at(3), order_id=orders[0])
        world.sync()
        for order in (orders[1], None, orders[0], "nowhere", None):
            world.engine.change("point_transaction", row, order_id=order)
            world.sync()
            expected = {} if order == "nowhere" else {"03-03": (0, 9)}
            assert balances() == expected, order
        assert str(row) not in dict(world.letters())

    def test_a_void_takes_the_orders_rows_off_the_card(self, world, customer, balances):
        order = customer.order(at(1))
        customer.points(9, at=at(1), order_id=order, balance_after=109)
        customer.points(1, at=at(2), balance_after=110)
        world.sync()
        world.engine.change("processed_order", order, state="void")
        world.sync()
        assert balances() == {"03-02": (109, 110)}


class TestCards:
    def test_a_row_names_its_program_itself_or_by_its_card(self, world, customer):
        world.engine.run(
            "INSERT INTO engine.point_card (id, program_id) VALUES (%s, 2)",
            [customer.id],
        )
        customer.points(1, at=at(1), program_id=None)
        customer.points(1, at=at(2), program_id=1)
        world.sync()
        query = "SELECT program_id FROM point_analytics WHERE card_id = %s ORDER BY seq"
        assert world.rows(query, customer.id) == [(2,), (1,)]

    def test_a_card_known_late_does_not_move_what_names_its_program(
        self, world, customer, balances
    ):
        customer.points(1, at=at(1))
        world.sync()
        world.engine.run(
            "INSERT INTO engine.point_card (id, program_id) VALUES (%s, 2)",
            [customer.id],
        )
        customer.points(2, at=at(2))
        world.sync()
        query = "SELECT DISTINCT program_id FROM point_analytics WHERE card_id = %s"
        assert world.rows(query, customer.id) == [(3,)]
        assert balances() == {"03-01": (0, 1), "03-02": (1, 3)}

    def test_a_row_without_a_program_waits_for_its_card_and_to_be_asked_again(
        self, engine, report, assert_same_as_from_scratch
    ):
        row = engine.points(1, card_id=5, program_id=None)
        synced(engine.dsn, report)
        reason = "neither the row nor its card names a program"
        letter = ("engine", "point_transaction", str(row), str(row), reason)
        assert contents(report)["dead letters"] == [letter]
        engine.run("INSERT INTO engine.point_card (id, program_id) VALUES (5, 2)")
        synced(engine.dsn, report)
        engine.change("point_transaction", row, seq=1)
        synced(engine.dsn, report)
        assert_same_as_from_scratch(report, engine.dsn)
        assert not contents(report)["dead letters"]


class TestLots:
    def test_what_is_left_of_each_lot_is_what_the_oracle_says(self, world, customer):
        lot = customer.points(
            100, at=at(1), balance_after=130, expires_at=at(1, month=9)
        )
        other = customer.points(50, at=at(2), expires_at=at(2, month=9))
        spent = customer.points(60, "redeem", at=at(3))
        customer.points(40, "reverse", at=at(4), reverses_id=other)
        customer.points(20, "reverse", at=at(5), reverses_id=spent)
        customer.points(30, "adjust", at=at(6))
        customer.points(-15, "adjust", at=at(7))
        customer.points(5, "reverse", at=at(8), reverses_id=404)
        customer.points(25, "reverse", at=at(9), reverses_id=lot)
        customer.points(10, "expire", at=at(10))
        world.sync()
        found = tables(world.engine.dsn)
        for day in range(1, 12):
            on = date(2017, 3, day)
            expected = expected_lots(found, world.zone, on)
            assert lots(world.report, world.zone, on) == expected, day
        left = [lot[1:3] for lot in expected if lot[0] == customer.id]
        # Lots of 30, 100 - 25, 50 - 40 and 30; 70 of them went: 60 - 20, 15, 5 and 10.
        assert left == [
            (date(2017, 3, 1), 35),
            (date(2017, 3, 2), 10),
            (date(2017, 3, 6), 30),
        ]

    def test_lots_are_what_is_outstanding_unless_a_card_was_overdrawn(
        self, world, customer
    ):
        customer.points(5, at=at(1))
        customer.points(8, "redeem", at=at(2))
        customer.points(10, at=at(3))
        world.sync()
        query = "SELECT card_id, sum(remaining) FROM {} WHERE card_id = %s GROUP BY 1"
        found = world.rows(
            query.format("loyalty_reporting_point_lots('2018-01-01')"), customer.id
        )
        assert found == [(customer.id, 7)]


class TestCompanies:
    def test_a_change_of_zone_cuts_all_anew(self, world, customer):
        row = customer.points(100, at=at(1, "03:30:00"))
        customer.points(30, "redeem", at=at(1, "04:45:00"))
        customer.points(10, "reverse", at=at(31, "23:30:00"), reverses_id=row)
        customer.points(10, "expire", at=at(1, "04:10:00", month=4))
        for zone in (NEW_YORK.timezone, "Asia/Kathmandu", NEW_YORK.timezone):
            world.zone = zone
            world.sync()

    @pytest.mark.parametrize("mapping", [{1: 1, 2: 2}, {1: 3}])
    def test_a_row_without_order_waits_if_its_source_feeds_not_one_company(
        self, mapping, engine, report, assert_same_as_from_scratch
    ):
        options = {"companies": TWO, "mapping": mapping}
        row = engine.points(5)
        synced(engine.dsn, report, **options)
        after = assert_same_as_from_scratch(report, engine.dsn, **options)
        reason = "it has no order, and its source does not feed exactly one company"
        letter = ("engine", "point_transaction", str(row), str(row), reason)
        assert after["dead letters"] == [letter]
        assert not after["points"]

    def test_a_card_used_in_two_companies_has_one_balance(
        self, engine, report, assert_same_as_from_scratch
    ):
        options = {"companies": TWO, "mapping": {1: 1, 2: 2}}
        for number in range(6):
            when = at(number + 1)
            order = engine.order(f"A{number}", when, company_id=number % 2 + 1, lines=0)
            engine.points(10, order_id=order, occurred_at=when, balance_after=100)
        synced(engine.dsn, report, **options)
        query = "SELECT company_id, balance FROM point_analytics_rollup ORDER BY hour"
        found = databases.rows(report, query)
        assert found == [(n % 2 + 1, 100 + 10 * n) for n in range(6)]
        # Each company has what was booked there; the opening, where the first row was.
        for company, expected in ((TWO[0], 90 + 30), (TWO[1], 30)):
            query = {**EVER, "measures": "balance", "totals": "true"}
            asked = parse(REPORTS["points/activity"], company, query)
            assert ask(report, asked).totals == {"balance": expected}
        engine.change("processed_order", "A1", company_id=1)
        engine.change("processed_order", "A2", state="void")
        synced(engine.dsn, report, **options)
        assert_same_as_from_scratch(report, engine.dsn, **options)
        options["companies"] = [TWO[0], Company(2, "Asia/Tokyo", "USD", 2)]
        synced(engine.dsn, report, **options)
        assert_same_as_from_scratch(report, engine.dsn, **options)

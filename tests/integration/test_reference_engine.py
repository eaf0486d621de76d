"""The reference engine in a real database: content, rebuilding, triggers."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import psycopg2
import pytest
from engine_fixtures import engine_database, fresh_database, query

from dev.reference_engine import build

__all__ = ["engine_database"]

ROOT = Path(__file__).parents[2]
FEW = 20
CONTRACT = {
    "program",
    "membership_product",
    "membership_event",
    "processed_order",
    "order_promotion_line",
    "promotion_evaluation",
    "point_card",
    "point_transaction",
}
# Everything of some households but the row ids, which count all households' rows.
HISTORY_OF_HOUSEHOLDS = (
    "SELECT line.order_id, line_no, program_id, product_id, qty, amount, discount,"
    " points_earned, points_redeemed, partner_id, ordered_at, is_first_order"
    " FROM engine.order_promotion_line AS line"
    " JOIN engine.processed_order AS sale ON sale.id = line.order_id"
    " WHERE partner_id = ANY (%s) ORDER BY line.order_id, line_no",
    "SELECT order_id, program_id, evaluated_at, outcome"
    " FROM engine.promotion_evaluation WHERE partner_id = ANY (%s) ORDER BY 1, 2",
    "SELECT partner_id, order_id, event_type, to_membership_product_id"
    " FROM engine.membership_event WHERE partner_id = ANY (%s) ORDER BY 1, 2",
    "SELECT card_id, seq, transaction_type, points_amount, balance_after, occurred_at,"
    " expires_at, origin, order_id"
    " FROM engine.point_transaction WHERE partner_id = ANY (%s) ORDER BY 1, 2",
)


def quiet(_line):
    """Keep the build's report out of the test's output."""


@pytest.fixture(scope="module")
def summary(full_engine):
    """{table: (rows, digest)} of the whole history."""
    return build(full_engine, if_missing=True, say=quiet)


@pytest.fixture(scope="module")
def small_engine():
    """URL of a built engine with few households; tests leave it as it is."""
    with fresh_database() as dsn:
        build(dsn, households=FEW, say=quiet)
        yield dsn


@pytest.fixture
def cursor(small_engine):
    """A cursor on the small engine in a transaction that is rolled back."""
    with closing(psycopg2.connect(small_engine)) as connection:
        with connection.cursor() as cursor:
            yield cursor
        connection.rollback()


def fetch(cursor, statement, parameters=None):
    cursor.execute(statement, parameters)
    return cursor.fetchall()


def gone(cursor):
    """(table, key, order_id) of the deletions that this transaction wrote."""
    return fetch(
        cursor,
        "SELECT table_name, key, order_id FROM engine.deleted"
        " WHERE txid = pg_current_xact_id() ORDER BY id",
    )


class TestWholeHistory:
    def test_it_is_built_with_all_its_rows(self, summary):
        assert {name: rows for name, (rows, _) in summary.items()} == {
            "program": 30,
            "membership_product": 3,
            "processed_order": 155_848,
            "order_promotion_line": 914_098,
            "promotion_evaluation": 82_682,
            "membership_event": 8_654,
            "point_card": 2_469,
            "point_transaction": 185_548,
        }

    @pytest.mark.slow
    def test_another_build_has_the_same_content(self, summary, engine_database):
        assert build(engine_database, say=quiet) == summary

    def test_sums_equal_those_found_by_another_computation(self, full_engine):
        sums = query(
            full_engine,
            "SELECT program_id, count(*), sum(amount), sum(discount),"
            " sum(points_earned), sum(points_redeemed)"
            " FROM engine.order_promotion_line"
            " WHERE program_id IN (18, 1001, 1002, 1003) GROUP BY 1 ORDER BY 1",
        )
        money = Decimal
        assert sums == [
            (18, 389, money("1475.99"), money("376.80"), 0, 0),
            (1001, 736_361, money("2330642.63"), money("791650.64"), 0, 0),
            (1002, 155_848, money("4596039.58"), 0, 4_519_934, 2_671_500),
            (1003, 20_716, money("72980.21"), money("25209.77"), 0, 0),
        ]

    def test_balances_follow_from_the_ledger(self, full_engine):
        wrong = query(
            full_engine,
            "SELECT count(*) FROM (SELECT balance_after, sum(CASE transaction_type"
            " WHEN 'earn' THEN points_amount ELSE -points_amount END)"
            " OVER (PARTITION BY card_id ORDER BY occurred_at, seq) AS balance"
            " FROM engine.point_transaction) AS ledger WHERE balance <> balance_after",
        )
        several = query(
            full_engine,
            "SELECT count(*) FROM (SELECT FROM engine.point_transaction"
            " GROUP BY card_id, occurred_at HAVING count(*) > 1) AS instants",
        )
        assert (wrong, several) == ([(0,)], [(5_378,)])

    def test_a_household_has_the_same_history_in_a_small_build(
        self, full_engine, small_engine
    ):
        cards = query(small_engine, "SELECT id FROM engine.point_card")
        ids = [card for (card,) in cards]
        assert len(ids) == FEW
        for statement in HISTORY_OF_HOUSEHOLDS:
            small = query(small_engine, statement, [ids])
            assert small and small == query(full_engine, statement, [ids])


class TestBuilding:
    def test_if_missing_leaves_a_complete_build_alone(self, engine_database):
        first = build(engine_database, households=FEW, say=quiet)
        written = "SELECT max(txid::text::bigint) FROM engine.processed_order"
        before = query(engine_database, written)
        again = build(engine_database, households=FEW, if_missing=True, say=quiet)
        assert (again, query(engine_database, written)) == (first, before)
        other = build(engine_database, households=FEW + 1, if_missing=True, say=quiet)
        assert other["point_card"][0] == FEW + 1

    def test_two_builds_at_once_build_once(self, engine_database):
        said = []

        def run(_):
            options = {"households": FEW, "if_missing": True, "say": said.append}
            return build(engine_database, **options)

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(run, range(2))
        assert first == second
        assert sum("already built" in line for line in said) == 1

    @pytest.mark.slow
    def test_a_killed_build_leaves_the_old_one_and_the_next_succeeds(
        self, engine_database
    ):
        small = build(engine_database, households=FEW, say=quiet)
        kill_while_loading(engine_database)
        counted = query(engine_database, "SELECT count(*) FROM engine.point_card")
        assert counted == [(FEW,)]
        assert build(engine_database, households=FEW, say=quiet) == small

    def test_copies_have_customers_ids_and_years_of_their_own(self, engine_database):
        base = build(engine_database, households=FEW, say=quiet)
        tripled = build(engine_database, households=FEW, multiply=3, say=quiet)
        shared = {"program", "membership_product"}
        for name, (rows, digest) in base.items():
            if name in shared:
                assert tripled[name] == (rows, digest)
            else:
                assert tripled[name][0] == 3 * rows
        ages = query(
            engine_database,
            "SELECT DISTINCT base.ordered_at - copy.ordered_at,"
            " copy.partner_id - base.partner_id FROM engine.processed_order AS base"
            " JOIN engine.processed_order AS copy ON copy.id = base.id || '-2'",
        )
        assert [(age.days, shift) for age, shift in ages] == [(728, 20_000_000)]

    def test_an_impossible_option_is_refused(self):
        with pytest.raises(ValueError, match="at least 1"):
            build("postgresql://nowhere.invalid/x", multiply=0)

    def test_the_command_says_in_one_line_that_the_database_is_away(self):
        command = [sys.executable, "-m", "dev.reference_engine", "build", "--dsn"]
        result = subprocess.run(
            [*command, "postgresql://127.0.0.1:1/none"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 1
        assert result.stderr.startswith("reference engine: connection to server")
        assert "Traceback" not in result.stderr


class TestTriggers:
    def test_every_table_has_its_cursor_index_and_triggers_that_always_fire(
        self, cursor
    ):
        fired = fetch(
            cursor,
            "SELECT relname, count(*) FROM pg_trigger"
            " JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgenabled = 'A' AND relnamespace = 'engine'::regnamespace"
            " GROUP BY relname",
        )
        indexed = fetch(
            cursor,
            "SELECT tablename FROM pg_indexes"
            " WHERE schemaname = 'engine' AND indexdef LIKE '%(txid, id)'",
        )
        assert dict(fired) == dict.fromkeys(CONTRACT, 4)
        assert {name for (name,) in indexed} == CONTRACT | {"deleted"}

    def test_an_update_raises_version_and_txid_whatever_it_writes(self, cursor):
        cursor.execute("SET LOCAL session_replication_role = replica")
        rows = fetch(
            cursor,
            "UPDATE engine.program SET version = 77, txid = '3', name = 'New'"
            " WHERE id = 5 RETURNING version, txid = pg_current_xact_id()",
        )
        assert rows == [(2, True)]

    def test_an_insert_keeps_its_version_and_gets_the_current_txid(self, cursor):
        rows = fetch(
            cursor,
            "INSERT INTO engine.program (id, version, txid) VALUES"
            " (90, 4, '3'), (91, DEFAULT, DEFAULT)"
            " RETURNING version, txid = pg_current_xact_id()",
        )
        assert rows == [(4, True), (1, True)]

    def test_hostile_values_fit_in(self, cursor):
        rows = fetch(
            cursor,
            "INSERT INTO engine.order_promotion_line (id, amount, discount) VALUES"
            " (-1, 'NaN', 12345678901234567890.123456) RETURNING amount, discount",
        )
        assert rows[0][0].is_nan()
        assert rows[0][1] == Decimal("12345678901234567890.123456")

    @pytest.mark.parametrize(
        "table", ["order_promotion_line", "promotion_evaluation", "point_transaction"]
    )
    def test_a_row_of_an_order_that_goes_or_moves_names_its_old_order(
        self, cursor, table
    ):
        first, second = fetch(
            cursor,
            f"SELECT id, order_id FROM engine.{table}"
            " WHERE order_id IS NOT NULL ORDER BY id LIMIT 2",
        )
        cursor.execute(f"DELETE FROM engine.{table} WHERE id = %s", [first[0]])
        cursor.execute(
            f"UPDATE engine.{table} SET order_id = 'else' WHERE id = %s", [second[0]]
        )
        assert gone(cursor) == [
            (table, str(first[0]), first[1]),
            (table, str(second[0]), second[1]),
        ]

    def test_a_changed_key_is_a_deletion_of_the_old_one(self, cursor):
        cursor.execute("UPDATE engine.program SET id = 500 WHERE id = 5")
        [(order,)] = fetch(cursor, "SELECT min(id) FROM engine.processed_order")
        cursor.execute(
            "UPDATE engine.processed_order SET id = 'new' WHERE id = %s", [order]
        )
        assert gone(cursor) == [
            ("program", "5", None),
            ("processed_order", order, order),
        ]

    def test_points_booked_outside_an_order_name_none(self, cursor):
        [(expiry,)] = fetch(
            cursor,
            "SELECT min(id) FROM engine.point_transaction WHERE order_id IS NULL",
        )
        cursor.execute(
            "UPDATE engine.point_transaction SET order_id = 'x' WHERE id = %s", [expiry]
        )
        assert gone(cursor) == [("point_transaction", str(expiry), None)]

    def test_other_updates_delete_nothing(self, cursor):
        cursor.execute("UPDATE engine.processed_order SET store_id = 1")
        cursor.execute("UPDATE engine.order_promotion_line SET amount = 1")
        assert gone(cursor) == []

    def test_truncate_says_that_everything_is_gone(self, cursor):
        cursor.execute("TRUNCATE engine.promotion_evaluation")
        assert gone(cursor) == [("promotion_evaluation", None, None)]


def kill_while_loading(dsn):
    """Start a full build and kill -9 it as soon as it has copied the orders."""
    command = [sys.executable, "-m", "dev.reference_engine", "build", "--dsn", dsn]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        for line in process.stdout:
            if b"processed_order" in line:
                break
        process.kill()

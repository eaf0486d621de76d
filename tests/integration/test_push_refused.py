"""The push cannot be done: it says why and what to do, and shows no secret."""

import re

import pytest
from contract_store import assert_equal
from copies import SECRET, problem_of, pushed, state_of, synced

from core.settings import Settings
from core.stores import push as pushing

pytest_plugins = ["store_fixtures"]


class TestRefused:
    HUGE = "99999999999999.9999"

    def test_a_sum_that_clickhouse_cannot_hold_is_named(self, engine, report, copy):
        engine.order("A1", lines=0)
        for number in range(10):
            engine.line("A1", id=number + 1, amount=self.HUGE)
        synced(engine.dsn, report)
        message = problem_of(pushing.push(copy.settings, report), report)
        assert "promotion_order_data is too large for ClickHouse" in message
        assert state_of(report)["pushing"]
        engine.run("UPDATE engine.order_promotion_line SET amount = 1 WHERE id > 5")
        synced(engine.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)

    def test_a_balance_that_clickhouse_cannot_hold_is_named(self, engine, report, copy):
        for _ in range(10):
            engine.points(self.HUGE)
        synced(engine.dsn, report)
        message = problem_of(pushing.push(copy.settings, report), report)
        assert "customer_day_data is too large for ClickHouse" in message
        engine.run("DELETE FROM engine.point_transaction WHERE seq > 5")
        synced(engine.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)

    def test_the_largest_amounts_are_exact(self, engine, report, copy):
        for number, amount in enumerate((self.HUGE, f"-{self.HUGE}", "0.0001")):
            engine.order(f"A{number}", lines=0, store_id=number)
            engine.line(f"A{number}", id=number + 1, amount=amount, qty=amount)
            engine.points(amount, "adjust", card_id=number)
        synced(engine.dsn, report)
        pushed(copy, report)
        assert_equal(report, copy)

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            (f"clickhouse://u:{SECRET}@127.0.0.1:1/x", r"127.0.0.1:1/x cannot be"),
            (f"clickhouse://u:{SECRET}@nowhere.invalid/x", "nowhere.invalid:9000/x"),
            (f"clickhouse://u:{SECRET}@host:port/x", "no valid URL"),
            (f"clickhouse://u:se#{SECRET}/@h:1/x", "no valid URL"),
            (f"clickhouse://u:{SECRET}", "no valid URL"),
            (f"http://u:{SECRET}@127.0.0.1:8123/x", "no valid URL"),
            (f"clickhouse://u:{SECRET}@h/x?compression=brotli", "no valid URL"),
            (f"clickhouse://[{SECRET}", "no valid URL"),
            (SECRET, "no valid URL"),
        ],
    )
    def test_a_wrong_address_is_told_without_its_password(
        self, synced_shop, url, expected
    ):
        settings = Settings(clickhouse_url=url)
        message = problem_of(pushing.push(settings, synced_shop), synced_shop)
        assert expected in message or re.search(expected, message)

    def test_a_wrong_password_is_refused_with_the_reason(self, synced_shop, server):
        wrong = server.url.replace(SECRET, SECRET[::-1])
        settings = Settings(clickhouse_url=wrong)
        message = problem_of(pushing.push(settings, synced_shop), synced_shop)
        assert "refused" in message
        assert re.search("Authentication failed|Wrong password", message)
        assert SECRET[::-1] not in message

    def test_without_a_clickhouse_there_is_nothing_to_do(self, synced_shop):
        result = pushing.push(Settings(), synced_shop)
        assert (result.state, result.message) == (
            "done",
            "No ClickHouse is configured.",
        )
        assert pushing.rebuild(Settings(), synced_shop) == result

    def test_a_reporting_database_that_is_away_is_told(self, copy):
        dsn = f"postgresql://u:{SECRET}@127.0.0.1:1/x"
        result = pushing.push(copy.settings, dsn)
        assert result.state == "failed"
        assert SECRET not in result.message

"""Schema files that fill what they add: as if all had been loaded with it."""

from contextlib import closing

import databases
from copies import synced
from recomputed import assert_rollups_follow_from_detail

from core.database import connect
from core.stores.migrate import migrate

pytest_plugins = ["store_fixtures"]


def undo(report, name, statements):
    """Bring a reporting database back to before a schema file."""
    databases.execute(
        report,
        f"{statements}; DELETE FROM loyalty_reporting_schema WHERE name = '{name}'",
    )


def apply(report):
    """Bring it up to date. Returns the names of the files applied."""
    with closing(connect(report)) as connection, connection:
        return migrate(connection.cursor())


def test_changes_of_balances_and_days_of_points(shop, synced_shop):
    # Of a card that held points before its first row, and of one without balance.
    shop.points(3, "redeem", card_id=77, occurred_at="2017-04-02 10:00Z",
                balance_after=40)  # fmt: skip
    shop.points(5, card_id=77, occurred_at="2017-04-02 10:00Z", seq=9)
    shop.points(5, card_id=78, occurred_at="2017-04-02 10:00Z", balance_after=None)
    synced(shop.dsn, synced_shop)
    undo(
        synced_shop,
        "011_balances.sql",
        "DROP TABLE point_day_data; DROP INDEX point_analytics_rollup_customer_idx;"
        " DROP VIEW point_card_day, point_analytics_rollup, point_change;"
        " ALTER TABLE point_analytics_rollup_data DROP COLUMN balance_change",
    )
    assert apply(synced_shop) == ["011_balances.sql"]
    assert_rollups_follow_from_detail(synced_shop)
    opening = (
        "SELECT sum(balance_change - points_earned + points_redeemed + points_expired"
        " - points_adjusted) FROM point_analytics_rollup WHERE card_id = %s"
    )
    assert databases.value(synced_shop, opening, [77]) == 43
    assert databases.value(synced_shop, opening, [78]) == 0

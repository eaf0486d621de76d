"""What loads do while old months are back, or cannot come back just now."""

import databases
import pytest
from archiving import archived, away, month
from pipeline import synced
from stream_fixtures import until

from core.retention.restore import restore

pytest_plugins = ["store_fixtures"]
LATER = month(2017, 12)
MARCH = month(2017, 3)
OTHERS = 30_000


@pytest.fixture
def crowded(synced_shop, tmp_path):
    """A report whose archived months are back, with bookings of many other cards in them."""
    archived(synced_shop, tmp_path, LATER)
    for gone in away(synced_shop):
        restore(synced_shop, gone)
    # 10 bookings a card, at the instant of one that is there.
    columns = [
        name
        for (name,) in databases.rows(
            synced_shop,
            "SELECT attname FROM pg_attribute WHERE attnum > 0"
            " AND attrelid = 'point_analytics_data'::regclass ORDER BY attnum",
        )
    ]
    own = {"order_key": "-n", "transaction_id": "-n", "card_key": "1000 + n / 10"}
    own |= {"card_id": "1000 + n / 10"}
    databases.execute(
        synced_shop,
        f"INSERT INTO point_analytics_data ({', '.join(columns)})"
        f" SELECT {', '.join(own.get(name, f'r.{name}') for name in columns)}"
        f" FROM generate_series(1, {OTHERS}) n, (SELECT * FROM point_analytics_data"
        " WHERE transaction_date < '2017-04-01' LIMIT 1) r",
    )
    databases.execute(synced_shop, "ANALYZE")
    return synced_shop


def rows_read(dsn):
    """How many bookings were read so far, by whatever plan, of sessions that are over."""
    ours = (
        "SELECT FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name LIKE 'loyalty_reporting%'"
    )
    until(lambda: not databases.rows(dsn, ours))
    [(count,)] = databases.rows(
        dsn,
        "SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0))"
        " FROM pg_stat_user_tables WHERE relname LIKE 'point_analytics_data%'",
    )
    return int(count)


@pytest.mark.parametrize("occurred_at", ["2017-03-20 10:00Z", "2018-05-02 10:00Z"])
def test_a_booking_beside_restored_months_reads_no_other_card(
    occurred_at, shop, crowded
):
    shop.points(5, occurred_at=occurred_at)
    before = rows_read(crowded)

    counts = synced(shop.dsn, crowded)

    assert counts.documents_changed == 1
    assert 0 < rows_read(crowded) - before < OTHERS / 10

"""The whole history with nine of its months archived: customers stand where they stood."""

from contextlib import closing
from dataclasses import replace

import databases
import pytest
from archiving import archived, month
from pipeline import NEW_YORK

from core.database import connect
from core.standing import reading
from core.standing.question import parse

NOW = "2018-01-01T12:00:00Z"
TODAY = month(2017, 12)


@pytest.fixture(scope="module")
def dsn(history):
    """URL of a copy of the loaded reporting database."""
    with databases.database(databases.REPORT, history[0]) as copy:
        yield copy


def standings(dsn):
    """{customer: standing} of every 40th customer, without lists of single rows."""
    found = {}
    with closing(connect(dsn, readonly=True)) as connection, connection.cursor() as cr:
        cr.execute(
            "SELECT id, source, external_id, partner_id FROM loyalty_reporting_customer"
            " WHERE external_id % 40 = 1"
        )
        for row in cr.fetchall():
            at = reading.clock(
                cr, parse({"partner_id": 1, "as_of": NOW}), NEW_YORK.timezone
            )
            of_customer = [reading.Customer(*row)]
            standing = reading.standing(cr, of_customer, NEW_YORK, at)
            found[row[2]] = replace(
                standing, redemptions=(), first_order=None, last_order=None
            )
    return found


def lots(dsn):
    """All open lots at the end of the history."""
    return databases.rows(
        dsn,
        "SELECT card_id, earned_at, expires_at, points, remaining"
        " FROM loyalty_reporting_point_lots('2018-01-01 12:00') ORDER BY 1, 2, 3, 4",
    )


@pytest.mark.slow
def test_customers_stand_where_they_stood(dsn, tmp_path):
    before, open_lots = standings(dsn), lots(dsn)

    gone = archived(dsn, tmp_path, TODAY)

    assert gone == [month(2017, number) for number in range(1, 9)]
    after = standings(dsn)
    assert len(after) > 50
    assert {c: s for c, s in after.items() if before[c] != s} == {}
    assert lots(dsn) == open_lots
    assert len(open_lots) > 2_000

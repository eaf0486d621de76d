"""ClickHouse's copy of months that leave PostgreSQL, or come back to it.

What was dropped lies under the watermark, and what comes back has the load numbers that
it had: no push would see either. So the partitions concerned are noted in the transaction
that drops or attaches the rows; until the next push has filled them anew with what
PostgreSQL holds of them, if anything, PostgreSQL answers. A rebuild would bring the same.

No TTL does that: it goes by the clock alone, whether a month was archived or not.
"""

from ..stores import push_tables
from ..stores.partitions import exists, following, name_of
from ..stores.postgres import ORDER

# The days of memberships stay.
_COPIES = {
    table: day
    for table, day in push_tables.FACTS.items()
    if table != "membership_analytics_data"
}
_NOTE = "INSERT INTO loyalty_reporting_copy_month (month) SELECT %(month)s::date"


def note(cr, month):
    """Have the next push fill the partitions anew in which a month's rows are.

    Called in the transaction that drops or attaches these rows. Also where nothing was
    pushed yet: a first push may be reading an older snapshot.
    """
    query = _NOTE
    if exists(cr, ORDER, month):
        # Orders lie in the month in which they were first seen.
        query += f" UNION SELECT first_month FROM {name_of(ORDER, month)}"
    cr.execute(query, {"month": month})


def noted(source):
    """Return {number: month} of what is to be filled anew, as a snapshot shows it."""
    with source.cursor() as cr:
        cr.execute("SELECT id, month FROM loyalty_reporting_copy_month")
        return dict(cr.fetchall())


def fill_anew(servers, source, months):
    """Put what PostgreSQL holds of some months in the place of what ClickHouse does.

    :param servers: :class:`~core.stores.servers.Servers`

    It can be repeated; readers must use PostgreSQL meanwhile.
    """
    spans = _spans(months)
    for table, day in _COPIES.items() if spans else ():
        for month in {*months}:
            servers.alter(table, f"DROP PARTITION {month:%Y%m}")
        # In one pass: orders are in no order of the month in which they were first seen.
        within = " OR ".join(
            f"{day} >= '{first}' AND {day} < '{end}'" for first, end in spans
        )
        text = f"SELECT * FROM ({push_tables.query(table)}) q WHERE {within}"
        servers.fill(table, source, text, {"watermark": 0}, day=day)


def _spans(months):
    """Return (first day, first day after) of months, those that follow each other as one."""
    spans = []
    for month in sorted({*months}):
        begin = spans.pop()[0] if spans and spans[-1][1] == month else month
        spans.append((begin, following(month)))
    return spans


def settle(state, numbers):
    """Forget what a push has filled anew; what was noted since stays."""
    with state, state.cursor() as cr:
        cr.execute(
            "DELETE FROM loyalty_reporting_copy_month WHERE id = ANY(%s)", [[*numbers]]
        )

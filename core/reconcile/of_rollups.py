"""What follows from the detail, from scratch, against what is kept of it.

The tables stand in the order in which they follow from each other. A difference of a
table explains those of the tables that follow from it, on the same day.
"""

from dataclasses import dataclass, field
from itertools import chain

from ..database import sql
from ..stores import fragments
from ..stores.postgres import (
    CUSTOMER_DAY,
    CUSTOMER_ORDER,
    DETAIL,
    EVALUATION,
    EVENT,
    ORDER,
    POINT,
    POINT_ROLLUP,
    ROLLUP,
)
from .compare import Check, collect, compare
from .months import borders

LEVEL = "rollup"
DAY = "promotion_day_data"
INTERVAL = "membership_interval"
MEMBERSHIP = "membership_analytics_data"
POINT_DAY = "point_day_data"
CARD = "card_state"
_IN_MONTH = "SELECT * FROM {} WHERE date >= %(first)s AND date < %(following)s"


@dataclass(frozen=True)
class Derived:
    """A table that follows from others.

    :ivar columns: the columns that ``query`` fills
    :ivar query: how it follows, for a month or, of state, for all
    :ivar kept: the rows that are compared with it
    :ivar below: the tables that it follows from
    :ivar tombstones: the table for the keys that ClickHouse must drop, if any
    :ivar carries: what differs below on a day is carried on: ``later``, ``anywhere``
    """

    check: Check
    columns: str
    query: str = field(repr=False)
    kept: str
    below: tuple[str, ...]
    tombstones: str | None = None
    carries: str = ""

    @property
    def table(self):
        """Return the table's name."""
        return self.check.table


def _of_month(table):
    return _IN_MONTH.format(table)


def _customer_days():
    of_day = (
        "o.company_id = t.company_id AND o.customer_key IS NOT NULL"
        " AND o.date >= %(first)s AND o.date < %(following)s"
    )
    instants = (
        " AND o.transaction_date >= %(first)s::date - 1"
        " AND o.transaction_date < %(following)s::date + 1"
    )
    return sql(
        "stores/sql/customer_day_measures.sql",
        days="(SELECT company_id FROM loyalty_reporting_company)",
        of_day=of_day + instants,
        of_interval=of_day,
    )


def _cards():
    sums = sql(
        "stores/sql/point_sums.sql",
        point_rows="point_analytics_data p WHERE p.date >= %(first)s"
        " AND p.date < %(following)s AND p.transaction_date >= %(first)s::date - 1"
        " AND p.transaction_date < %(following)s::date + 1",
    )
    return sql("reconcile/sql/point_analytics_rollup_data.sql", point_sums=sums)


def _at_membership():
    """Yield the tables of detail of which a column follows from other rows."""
    in_month = (
        "SELECT * FROM {} WHERE transaction_date >= %(first)s"
        " AND transaction_date < %(following)s"
    )
    orders = fragments.orders()["order_columns"]
    points = sql("reconcile/sql/point_columns.sql")
    held = {"membership_product_key": "held", "counts_as": "kind"}
    for table, key, columns, below in (
        (CUSTOMER_ORDER, ("order_key",), orders, (INTERVAL,)),
        (POINT, ("order_key", "transaction_id"), points, (INTERVAL, POINT)),
    ):
        names = [name.strip() for name in columns.split(",")]
        filled = ", ".join(held.get(name, name) for name in names)
        yield Derived(
            Check(LEVEL, table, key),
            columns,
            sql(f"reconcile/sql/{table}.sql", columns=filled),
            in_month.format(table),
            below,
            carries="anywhere",
        )


def of_month():
    """Return the :class:`Derived` tables that are computed month by month."""
    buckets, days, member = (
        fragments.buckets(), fragments.days(), fragments.membership(),
    )  # fmt: skip
    return (
        *_at_membership(),
        Derived(
            Check(
                LEVEL, ORDER, ("order_key", "program_key"),
                frozenset({"load_id", "first_month"}),
            ),
            sql("reconcile/sql/order_columns.sql"),
            sql("reconcile/sql/promotion_order_data.sql"),
            f"SELECT * FROM {ORDER} WHERE transaction_date >= %(first)s"
            " AND transaction_date < %(following)s"
            " AND order_key NOT IN (SELECT order_key FROM archived_document)",
            (DETAIL, EVALUATION),
            "promotion_order_tombstone",
        ),
        Derived(
            Check(
                LEVEL, ROLLUP,
                ("company_id", "program_key", "date", "hour", "shop_key", "channel"),
            ),
            buckets["columns"],
            sql("reconcile/sql/promotion_performance_data.sql", **buckets),
            _of_month(ROLLUP),
            (ORDER,),
            "promotion_performance_tombstone",
        ),
        Derived(
            Check(LEVEL, DAY, ("company_id", "program_key", "date")),
            f"company_id, program_key, date, {days['day_columns']}",
            sql("reconcile/sql/promotion_day_data.sql", **days),
            _of_month(DAY),
            (ROLLUP,),
        ),
        Derived(
            Check(
                LEVEL, CUSTOMER_DAY,
                ("company_id", "customer_key", "date", "membership_product_key"),
            ),
            fragments.customer_days(),
            _customer_days(),
            _of_month(CUSTOMER_DAY),
            (CUSTOMER_ORDER, POINT, EVENT, INTERVAL),
            "customer_day_tombstone",
        ),
        Derived(
            Check(LEVEL, MEMBERSHIP, ("company_id", "membership_product_key", "date")),
            member["membership_columns"],
            sql("reconcile/sql/membership_analytics_data.sql", **member),
            _of_month(MEMBERSHIP),
            (CUSTOMER_DAY,),
            "membership_analytics_tombstone",
        ),
        Derived(
            Check(
                LEVEL, POINT_ROLLUP,
                ("company_id", "program_key", "card_key", "customer_key", "date",
                 "hour", "transaction_type"),
            ),
            sql("reconcile/sql/point_rollup_columns.sql"),
            _cards(),
            _of_month(POINT_ROLLUP),
            (POINT,),
            "point_analytics_rollup_tombstone",
            carries="later",
        ),
        Derived(
            Check(
                LEVEL, POINT_DAY,
                ("company_id", "program_key", "date", "transaction_type"),
            ),
            "company_id, program_key, date, transaction_type, transactions,"
            " points_earned, points_redeemed, points_expired, points_adjusted,"
            " balance_change",
            fragments.point_days("r.date >= %(first)s AND r.date < %(following)s"),
            _of_month(POINT_DAY),
            (POINT_ROLLUP,),
        ),
    )  # fmt: skip


def intervals():
    """Return who held which membership when, of all customers."""
    query = sql("stores/sql/interval_rows.sql").replace(
        "JOIN members m", "JOIN (SELECT DISTINCT customer_key, company_id"
        " FROM membership_event_data) m",
    )  # fmt: skip
    return Derived(
        Check(
            LEVEL,
            INTERVAL,
            ("company_id", "customer_key", "valid_from"),
            day="date_from",
        ),
        "customer_key, company_id, valid_from, valid_to, membership_product_key,"
        " date_from, date_to",
        query,
        f"SELECT * FROM {INTERVAL}",
        (EVENT,),
        carries="anywhere",
    )


def card_states():
    """Return where each card stands."""
    return Derived(
        Check(LEVEL, CARD, ("card_key",), day="last_hour::date"),
        "card_key, first_hour, last_hour, balance",
        sql("reconcile/sql/card_state.sql"),
        f"SELECT * FROM {CARD}",
        (POINT_ROLLUP,),
        carries="later",
    )


def plan(cr, months):
    """Return groups of (derived table, values) of all that is compared, in its order.

    Of state first, of each month, of cards at last.
    """
    everywhere = {"first": None, "following": None, "load_id": 0}
    groups = [[(intervals(), everywhere)]]
    for month in months:
        first, end = borders(cr, month)
        values = {"first": first, "following": end, "load_id": 0}
        steps = of_month()
        if _is_before_horizon(cr, month):
            # The balances of its cards begin in months that are archived.
            steps = [derived for derived in steps if derived.table != POINT_ROLLUP]
        groups.append([(derived, values) for derived in steps])
    return [*groups, [(card_states(), everywhere)]]


def _is_before_horizon(cr, month):
    cr.execute(
        "SELECT EXISTS (SELECT FROM archived_month) AND instant > %s FROM card_horizon",
        [month],
    )
    return cr.fetchone()[0]


def compare_derived(cr, derived, values, findings):
    """Compare a table with what follows from those below it.

    :return: the days that differ
    """
    expected = f"reconcile_{derived.table}"
    cr.execute(
        f"DROP TABLE IF EXISTS {expected}; CREATE TEMP TABLE {expected}"
        f" (LIKE {derived.table})"
    )
    cr.execute(f"INSERT INTO {expected} ({derived.columns}) {derived.query}", values)
    rows = f"SELECT * FROM {expected}"
    return compare(cr, derived.check, (rows, derived.kept), values, findings)


def compare_rollups(snapshot, months, blamed, findings):
    """Compare all that follows from the detail.

    :param blamed: {(table, day)} known to differ below: what follows is explained
    """
    with snapshot.look() as cr:
        for derived, values in chain.from_iterable(plan(cr, months)):
            days = compare_derived(cr, derived, values, findings)
            if days:
                collect(cr, derived.check, findings)
                explain(derived, days, blamed, findings)


def explain(derived, days, blamed, findings):
    """Say of days whose difference follows from a table below; note the others."""
    known = {*blamed}
    for day in days:
        totals = findings.day(LEVEL, derived.table, day)
        if totals.differences:
            below = [t for t in derived.below if _is_below(derived, t, day, known)]
            totals.reason = f"follows from {', '.join(below)}" if below else ""
            blamed.add((derived.table, day))


def _is_below(derived, table, day, blamed):
    days = {at for name, at in blamed if name == table and at}
    if derived.carries == "anywhere" or table == INTERVAL:
        return bool(days)
    if derived.carries == "later":
        return any(at <= day for at in days)
    return day in days

"""Loads and archived months: no bucket is ever computed from half of its rows.

A load that depends on a month which is not here stops before it changes anything; the
month is restored, and the load begins again. See ``sql/archived_months.sql`` for what
depends on what.
"""

import json

from ..database import sql
from .partitions import following

AGGREGATES = "archived_aggregate"
_IS_ANY = "SELECT EXISTS (SELECT FROM loyalty_reporting_archive)"
_AWAY = """
    SELECT DISTINCT s.month FROM stage_month s
    JOIN loyalty_reporting_archive a ON a.month = s.month AND a.is_away ORDER BY 1
"""
_MARK = """
    UPDATE loyalty_reporting_archive a SET is_changed = true
    FROM (SELECT DISTINCT s.month FROM stage_month s JOIN stage_document USING (order_key)) s
    WHERE s.month = a.month AND NOT a.is_changed
"""


class MonthsAway(Exception):
    """What is to be loaded depends on months that must be restored first.

    :param months: their first days
    """

    def __init__(self, months):
        super().__init__(", ".join(f"{month:%Y-%m}" for month in months))
        self.months = months


def bring_back(dsn, months):
    """Restore months. Returns {month: why not} of those that cannot be."""
    # It reads with what the store of this package writes with.
    from ..retention.restore import Unrestorable, restore  # noqa: PLC0415

    refused = {}
    for month in sorted(months):
        try:
            restore(dsn, month)
        except Unrestorable as e:
            refused[month] = str(e)
    return refused


def is_any(cr):
    """Tell whether any month was ever archived."""
    cr.execute(_IS_ANY)
    return cr.fetchone()[0]


def away(cr, view="archived_month"):
    """Return the first days of the months of which no detail is here.

    :param view: :data:`AGGREGATES`: of which no aggregates are
    """
    cr.execute(f"SELECT month FROM {view} ORDER BY month")
    return [month for (month,) in cr.fetchall()]


def here_since(cr):
    """Return the first day (UTC) since when all rows are here; None: none are archived."""
    months = away(cr)
    return following(months[-1]) if months else None


def ensure_here(cr, refused):
    """Make sure that all that the staged documents depend on is here.

    Called under the load lock, before anything is replaced. Months that are here and in
    files, too, are noted as changed.

    :param refused: {month: why it cannot be restored}; what depends on them is refused
    :raise MonthsAway: others must be restored first
    """
    if not is_any(cr):
        return
    cr.execute(sql("stores/sql/archived_months.sql"))
    if refused:
        reasons = {str(month): reason for month, reason in refused.items()}
        cr.execute(
            sql("stores/sql/refuse_archived.sql"),
            {"months": [*refused], "reasons": json.dumps(reasons)},
        )
        cr.execute(
            "DELETE FROM stage_month m WHERE NOT EXISTS"
            " (SELECT FROM stage_document d WHERE d.order_key = m.order_key)"
        )
    cr.execute(_AWAY)
    months = [month for (month,) in cr.fetchall()]
    if months:
        raise MonthsAway(months)
    cr.execute(_MARK)


def ensure_all_here(cr):
    """Make sure that every month is here, for what reads all of them.

    :raise MonthsAway: some must be restored first
    """
    months = {*away(cr), *away(cr, AGGREGATES)}
    if months:
        raise MonthsAway(sorted(months))
    cr.execute("UPDATE loyalty_reporting_archive SET is_changed = true")


def refresh_lots(cr):
    """Note anew how cards stood at the horizon, where bookings before it changed."""
    if is_any(cr):
        cr.execute(sql("stores/sql/refresh_lots.sql"))

"""The day summary's months whose order grain goes: frozen before, thawed if it returns.

``mv_promotion_daily_summary`` unites them with the days that still have their rows.
"""

from ..database import sql


def freeze(cr, month):
    """Keep what the day summary knows of a month, which may then lose its order grain.

    To be called in a transaction that no load changes the month beside, and that commits
    before the partition of ``promotion_order_data`` is detached; again, it takes the month
    as it is now. From then on the summary takes that month from here alone, at its next
    refresh.

    :param month: the first day of the UTC month
    """
    cr.execute(sql("stores/sql/freeze.sql"), {"month": month})


def thaw(cr, month):
    """Take a month from its order grain again, which is back: a correction restored it."""
    cr.execute("DELETE FROM promotion_daily_summary_frozen WHERE month = %s", [month])
    cr.execute(
        "UPDATE loyalty_reporting_materialized_view SET load_id = NULL"
        " WHERE name = 'mv_promotion_daily_summary'"
    )

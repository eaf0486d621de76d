"""One load at a time, numbered in the order of their commits."""

CONFIGURATION = (
    "loyalty_reporting_company, loyalty_reporting_source_company,"
    " loyalty_reporting_currency_rate"
)
_HAVE_CHANGED = """
    SELECT loyalty_reporting_general_load() > %(seen)s OR EXISTS (
        SELECT FROM loyalty_reporting_changed
        WHERE family = '' AND first_month <= %(month)s AND load_id > %(seen)s)
"""


def keep_configuration(cr):
    """Keep companies, mapping and rates as they are until this load commits."""
    cr.execute(f"LOCK TABLE {CONFIGURATION} IN SHARE MODE")


def change_configuration(cr):
    """Wait for the loads that use the configuration; others wait for the change."""
    cr.execute(f"LOCK TABLE {CONFIGURATION} IN SHARE ROW EXCLUSIVE MODE")


def lock(cr):
    """Wait for the loads that run now; others wait until this one commits.

    Must come before the first statement that reads what loads write.
    """
    cr.execute("LOCK TABLE fact_load IN EXCLUSIVE MODE")


def is_derived(cr):
    """Tell whether days of customers and hours of cards follow from all facts."""
    cr.execute("SELECT is_derived FROM fact_load")
    return cr.fetchone()[0]


def mark_derived(cr, is_derived):
    """Note whether they do."""
    cr.execute("UPDATE fact_load SET is_derived = %s", [is_derived])


def newest(cr):
    """Return the number of the last load."""
    cr.execute("SELECT load_id FROM fact_load")
    return cr.fetchone()[0]


def have_changed(cr, seen, month):
    """Tell whether loads after one changed a month's figures, or earlier ones.

    Of business days: instants at a month's end may be of the month after.

    :param seen: the number of that one
    """
    cr.execute(_HAVE_CHANGED, {"seen": seen, "month": month})
    return cr.fetchone()[0]


def draw(cr):
    """Return the number of this load; called under the lock."""
    cr.execute("UPDATE fact_load SET load_id = load_id + 1 RETURNING load_id")
    return cr.fetchone()[0]

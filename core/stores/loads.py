"""One load at a time, numbered in the order of their commits."""

CONFIGURATION = (
    "loyalty_reporting_company, loyalty_reporting_source_company,"
    " loyalty_reporting_currency_rate"
)


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


def draw(cr):
    """Return the number of this load; called under the lock."""
    cr.execute("UPDATE fact_load SET load_id = load_id + 1 RETURNING load_id")
    return cr.fetchone()[0]

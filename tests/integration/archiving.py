"""Months taken out of a reporting database, and all that is known of them."""

from datetime import date

import databases
from pipeline import CONTENTS, contents

from core.retention import run as retention
from core.retention.policy import Policy, Tier
from core.retention.restore import restore

# What leaves with a month; all else must be as in a database that never archived.
LEAVES = ("detail", "evaluations", "customer orders", "points")
STAYS = [*(set(CONTENTS) - set(LEAVES))]
# What leaves with a month of aggregates, after its detail.
FOLLOWS = ("orders", "rollup", "customer days", "points rollup")
REMAINS = [*(set(STAYS) - set(FOLLOWS))]
DETAIL = (Policy(Tier.DETAIL, 90),)
BOTH = (*DETAIL, Policy(Tier.AGGREGATE, 730))


def archive(report, folder, today, policies=DETAIL, **options):
    """Take out what is due on a day. The run's result."""
    return retention.run(report, policies, today, str(folder), **options)


def archived(report, folder, today, **options):
    """The same, which must succeed. Months that are in files alone."""
    result = archive(report, folder, today, **options)
    assert result.state == "done", result
    return away(report)


def away(report, tier=Tier.DETAIL):
    """Months of a tier that are in files alone."""
    query = (
        "SELECT month FROM loyalty_reporting_archive"
        " WHERE state = 'archived' AND tier = %s ORDER BY 1"
    )
    return [month for (month,) in databases.rows(report, query, [tier])]


def restored(report):
    """Contents of the report when everything is brought back into it."""
    for month in sorted({*away(report), *away(report, Tier.AGGREGATE)}):
        restore(report, month)
    return contents(report)


def month(year, number):
    """The first day of a month."""
    return date(year, number, 1)

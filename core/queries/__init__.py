"""The reports, one file each, and the one path that answers them."""

from . import (
    membership_analytics,
    points_activity,
    points_transactions,
    promotion_performance,
)

REPORTS = {
    module.REPORT.slug: module.REPORT
    for module in (
        promotion_performance,
        membership_analytics,
        points_transactions,
        points_activity,
    )
}

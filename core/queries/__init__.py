"""The reports, one file each, and the one path that answers them."""

from . import promotion_performance

REPORTS = {report.slug: report for report in (promotion_performance.REPORT,)}

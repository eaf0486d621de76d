from . import (
    group_limit,
    grouping_order,
    horizon,
    levels,
    order_link,
    reporting_measures,
    rollups,
)

# They inherit from those before.
# isort: split
from . import (
    membership_analytics,
    membership_event,
    point_analytics,
    promotion_measures,
    promotion_order,
    promotion_report_detail,
)

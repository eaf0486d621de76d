from . import (
    group_limit,
    levels,
    order_link,
    reporting_measures,
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

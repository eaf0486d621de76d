from . import promotion_measures
from . import promotion_order
from . import promotion_report_detail

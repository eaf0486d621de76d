from . import promotion_measures, promotion_order, promotion_report_detail

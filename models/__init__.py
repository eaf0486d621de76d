from . import (
    ir_http,
    ir_websocket,
    loyalty_reporting_announcement,
    loyalty_reporting_catalogue,
    loyalty_reporting_clickhouse,
    loyalty_reporting_company_map,
    loyalty_reporting_customer,
    loyalty_reporting_dashboard,
    loyalty_reporting_dead_letter,
    loyalty_reporting_difference,
    loyalty_reporting_export_job,
    loyalty_reporting_export_log,
    loyalty_reporting_export_run,
    loyalty_reporting_guard,
    loyalty_reporting_health,
    loyalty_reporting_membership_product,
    loyalty_reporting_pipeline,
    loyalty_reporting_program,
    loyalty_reporting_reader,
    loyalty_reporting_reconciliation,
    loyalty_reporting_run,
    loyalty_reporting_shop,
    loyalty_reporting_source,
    loyalty_reporting_source_query,
    loyalty_reporting_standing,
    res_company,
    res_config_settings,
    res_currency,
)

# They extend models of the others: Odoo wants those first.
# isort: split
from . import loyalty_reporting_change, loyalty_reporting_edition

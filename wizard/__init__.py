from . import (
    loyalty_reporting_backfill,
    loyalty_reporting_erase,
    loyalty_reporting_export,
    loyalty_reporting_merge,
    loyalty_reporting_reconcile,
    loyalty_reporting_retention_step,
    loyalty_reporting_source_test,
)

# It extends the wizard of another file: Odoo wants that first.
# isort: split
from . import loyalty_reporting_export_mail, loyalty_reporting_export_view

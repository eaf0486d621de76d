from . import (
    loyalty_reporting_backfill,
    loyalty_reporting_export,
    loyalty_reporting_reconcile,
    loyalty_reporting_source_test,
)

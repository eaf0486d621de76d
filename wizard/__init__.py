from . import loyalty_reporting_export
from . import loyalty_reporting_source_test

from odoo.tests import tagged

from .odoo_source import OdooSourceCase
from .odoo_source_accounts import Accounts
from .odoo_source_changes import Changes, Levels, Settling
from .odoo_source_pos import PosOrders
from .odoo_source_sale import Sales


@tagged("post_install", "-at_install")
class TestOdooSource(
    PosOrders, Sales, Accounts, Changes, Levels, Settling, OdooSourceCase
):
    """All that is read of one shop: making it takes longer than most of the tests."""

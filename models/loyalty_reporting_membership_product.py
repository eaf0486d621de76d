from odoo import api, fields, models
from odoo.exceptions import ValidationError

_MOST_DAYS = 3660


class LoyaltyReportingMembershipProduct(models.Model):
    """A membership of the engine; its rows are written by the data path.

    The thresholds are Odoo's own: no load writes them.
    """

    _name = "loyalty.reporting.membership.product"
    _description = "Reported Membership"
    _auto = False
    _log_access = False
    _order = "source, rank, external_id, id"
    _rec_names_search = ["name", "level"]

    source = fields.Char(string="System", readonly=True)
    external_id = fields.Integer(
        string="Source ID",
        readonly=True,
        aggregator=None,
        help="Identifier in the source system; the API and SQL speak it.",
    )
    name = fields.Char(readonly=True)
    level = fields.Char(readonly=True)
    rank = fields.Integer(
        readonly=True, aggregator=None, help="Order of the levels, the lowest first."
    )
    is_known = fields.Boolean(
        string="Described",
        readonly=True,
        help="The engine delivered this membership itself. If not, it is only known "
        "from events, and its name is a number.",
    )
    threshold = fields.Float(
        string="Spend Required",
        digits=(18, 4),
        company_dependent=True,
        aggregator=None,
        help="What a customer must spend to reach this level, in the currency of the "
        "company. The engine does not tell it: it serves to show a customer's "
        "progress, and moves nobody. 0: the progress is not shown.",
    )
    threshold_days = fields.Integer(
        string="Within Days",
        company_dependent=True,
        aggregator=None,
        help="The spend of so many days counts. 0 stands for 90.",
    )
    currency_id = fields.Many2one("res.currency", compute="_compute_currency_id")

    @api.depends_context("company")
    def _compute_currency_id(self):
        self.currency_id = self.env.company.currency_id

    @api.constrains("threshold", "threshold_days")
    def _check_threshold(self):
        for product in self:
            days = product.threshold_days
            if product.threshold < 0 or not 0 <= days <= _MOST_DAYS:
                raise ValidationError(
                    self.env._(
                        "%(membership)s: the spend required is 0 or more, and its days "
                        "are from 0 to %(most)s.",
                        membership=product.name,
                        most=_MOST_DAYS,
                    )
                )

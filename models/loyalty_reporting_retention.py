from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..core.retention.files import has_password
from ..core.retention.plan import held, plan
from ..core.retention.policy import Policy, Tier, disorder
from .notification import notification


class LoyaltyReportingRetention(models.Model):
    """How long a company's detail and aggregates stay here, and their archive after that."""

    _name = "loyalty.reporting.retention"
    _description = "Retention Policy"
    _order = "days, company_id, id"

    tier = fields.Selection(
        [("detail", "Detail"), ("aggregate", "Aggregates"), ("archive", "Archive")],
        required=True,
        default="detail",
        help="Detail: promotion lines, evaluations, orders and point transactions, row by "
        "row. Aggregates: orders by program, hours of programs and cards, days of "
        "customers; they go after the detail that they follow from. Both go into archive "
        "files. Archive: those files; they are removed for good. Sums by day of programs, "
        "memberships and points stay, as do memberships, balances and open points.",
    )
    days = fields.Integer(
        string="Days Kept",
        required=True,
        default=90,
        help="After the end of a month, so many days must pass until it goes.",
    )
    company_id = fields.Many2one(
        "res.company",
        help="Empty: of all companies without a policy of their own. A month holds the "
        "rows of all companies and goes as a whole: the longest policy wins, and a "
        "company that has facts and no active policy keeps everything.",
    )
    location = fields.Char(
        help="Where archive files are written, those of aggregates beside those of the "
        "detail: a folder of the server, or an address that "
        "the Python package fsspec knows, such as s3://bucket/folder. Credentials belong "
        "into fsspec's own configuration, never here."
    )
    active = fields.Boolean(default=False)

    _days_positive = models.Constraint(
        "CHECK (days > 0)", "Keep rows for one day at least."
    )
    _once_each = models.UniqueIndex(
        "(tier, COALESCE(company_id, 0)) WHERE active",
        "There is an active policy for this tier and company already.",
    )

    @api.depends("tier", "days")
    def _compute_display_name(self):
        tiers = dict(self._fields["tier"]._description_selection(self.env))
        for policy in self:
            policy.display_name = self.env._(
                "%(tier)s: %(days)s days",
                tier=tiers.get(policy.tier, ""),
                days=policy.days,
            )

    @api.constrains("active", "tier", "days", "company_id")
    def _check_order(self):
        found = disorder(self._policies())
        if found:
            tiers = dict(self._fields["tier"]._description_selection(self.env))
            earlier, later = (tiers[tier] for tier in found)
            raise ValidationError(
                self.env._(
                    "%(later)s cannot go before %(earlier)s: keep detail no longer than "
                    "aggregates, and these no longer than the archive, for every company. "
                    "A policy of the aggregates needs one of the detail.",
                    later=later,
                    earlier=earlier,
                )
            )

    @api.constrains("active", "tier", "location")
    def _check_location(self):
        detail = self._active([("tier", "=", "detail")])
        if any(not policy.location for policy in detail):
            raise ValidationError(
                self.env._("Say where the archive files of the detail are written.")
            )
        for policy in detail:
            if not policy.location.startswith("/") and "://" not in policy.location:
                raise ValidationError(
                    self.env._(
                        "%(location)s is no place that every process finds: name a "
                        "folder from / on, or an address such as s3://bucket/folder.",
                        location=policy.location,
                    )
                )
            if has_password(policy.location):
                raise ValidationError(
                    self.env._(
                        "An address with a name or a password in it is read by others: "
                        "put them into fsspec's own configuration."
                    )
                )
        if len({policy.location for policy in detail}) > 1:
            raise ValidationError(
                self.env._(
                    "A month holds all companies: all policies of the detail must name "
                    "the same location."
                )
            )

    # ------------------------------------------------------------ actions

    def action_dry_run(self):
        """Show what would go now by the active policies, and how large it is."""
        self.check_access("write")
        steps = plan(self.env.cr, self._policies(), fields.Date.today())
        kept = self._kept()
        lines = self.env["loyalty.reporting.retention.step"].create(
            [
                {
                    "month": step.month,
                    "tier": step.tier,
                    "table_name": table,
                    "rows": rows,
                    "bytes": size,
                }
                for step in steps
                for table, (rows, size) in step.tables.items()
            ]
        )
        if not lines:
            nothing = self.env._(
                "Nothing would go now, by the policies that are active."
            )
            raise UserError("\n\n".join([nothing, *kept]))
        shown = {
            "type": "ir.actions.act_window",
            "name": self.env._("What Would Go"),
            "res_model": lines._name,
            "view_mode": "list",
            "domain": [("id", "in", lines.ids)],
        }
        if not kept:
            return shown
        title = self.env._("What Would Stay")
        return notification(title, "\n".join(kept), "warning", shown)

    def _kept(self):
        """Return who keeps what for all companies, a sentence for each tier."""
        tiers = dict(self._fields["tier"]._description_selection(self.env))
        names = self._company_names()
        return [
            self.env._(
                "%(tier)s: all months stay, as no policy is active for %(companies)s.",
                tier=tiers[tier],
                companies=", ".join(names.get(c, str(c)) for c in companies),
            )
            for tier, companies in held(self.env.cr, self._policies()).items()
        ]

    # ------------------------------------------------------------ business

    @api.model
    def _company_names(self):
        """Return {id: name} of all companies, also of archived ones."""
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        return {company.id: company.name for company in companies.search([])}

    @api.model
    def _policies(self):
        """Return the active policies, as ``core`` wants them."""
        return [
            Policy(Tier(policy.tier), policy.days, policy.company_id.id or None)
            for policy in self.sudo()._active()
        ]

    @api.model
    def _location(self):
        """Return where archive files are written; empty without an active policy."""
        return self.sudo()._active([("tier", "=", "detail")])[:1].location or ""

    @api.model
    def _active(self, domain=()):
        """Return the active policies; a list that shows the others too calls in its context."""
        return self.with_context(active_test=True).search([*domain])

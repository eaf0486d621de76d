from odoo import api, fields, models
from odoo.exceptions import UserError

from ..core.errors import ReportingError
from .loyalty_reporting_export import CHOICES, FIELDS, RECORDS

_FORMATS = ("xlsx", "csv")
_OF_A_SUBSCRIPTION = ("date_from", "date_to", "company_id")


class LoyaltyReportingExport(models.TransientModel):
    """The wizard as the place where it is said what is mailed regularly."""

    _inherit = "loyalty.reporting.export"

    subscription_id = fields.Many2one("loyalty.reporting.subscription", readonly=True)
    is_for_mail = fields.Boolean(readonly=True)

    def action_subscribe(self):
        """Open a new report by mail that asks what the wizard does."""
        self.ensure_one()
        values = self._asked_regularly()
        report = dict(self._fields["report"]._description_selection(self.env))
        values["name"] = report[self.report]
        action = self._opened(self.env["loyalty.reporting.subscription"])
        action["context"] = {f"default_{name}": v for name, v in values.items()}
        return action

    def action_save_question(self):
        """Have a report by mail ask what the wizard does."""
        self.ensure_one()
        self.subscription_id.write(self._asked_regularly())
        return {"type": "ir.actions.act_window_close"}

    def _asked_regularly(self):
        """Return a subscription's values for what is asked; the period is told there.

        :raise UserError: it cannot be asked, or not mailed
        """
        if self.file_format not in _FORMATS:
            raise UserError(self.env._("Mailed are workbooks and CSV."))
        given = self._given()
        try:
            self.env["loyalty.reporting.reader"]._query(self.report, given)
        except ReportingError as error:
            raise UserError(str(error)) from error
        return {
            "report": self.report,
            "parameters": {
                name: [value]
                for name, value in given.items()
                if name not in _OF_A_SUBSCRIPTION
            },
            "company_id": self.company_id.id,
            "file_format": self.file_format,
        }

    @api.model
    def _opened(self, subscription):
        view = self.env.ref(
            "loyalty_reporting.loyalty_reporting_subscription_view_form"
        )
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Report by Mail"),
            "res_model": subscription._name,
            "res_id": subscription.id,
            "views": [(view.id, "form")],
            "target": "current",
        }

    @api.model
    def _action_of_subscription(self, subscription):
        """Return the action that opens the wizard with what a subscription asks."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_reporting.loyalty_reporting_export_action"
        )
        values = self._values_of(subscription)
        defaults = {f"default_{name}": value for name, value in values.items()}
        return {**action, "name": subscription.name, "context": defaults}

    @api.model
    def _values_of(self, subscription):
        """Return the wizard's values for what a subscription asks."""
        report, asked = subscription.report, {}
        for name, texts in (subscription.parameters or {}).items():
            asked[name] = ",".join(map(str, texts))
        values = {
            "subscription_id": subscription.id,
            "is_for_mail": True,
            "report": report,
            "company_id": subscription.company_id.id,
            "file_format": subscription.file_format,
            "has_mark": asked.get("bom") == "true",
        }
        values |= {n: asked[n] for n in ("group_by", "compare") if n in asked}
        catalogue = self.env["loyalty.reporting.catalogue"]
        for name, field in (("measures", "measure"), ("dimensions", "dimension")):
            if name in asked:
                names = asked[name].split(",")
                found = catalogue._named(report, field, names)
                values[f"{field}_ids"] = found.ids
        for name, field in FIELDS.items():
            texts = asked.get(name, "").split(",") if asked.get(name) else []
            if name in CHOICES:
                values[field] = catalogue._named(report, name, texts).ids
            elif name in RECORDS:
                values[field] = self._records(field, texts).ids
            else:
                values[field] = ",".join(texts)
        return values

    @api.model
    def _records(self, field, numbers):
        """Return the records with the engine's numbers."""
        if not numbers:
            return self.env[self._fields[field].comodel_name]
        records = self.env[self._fields[field].comodel_name]
        records = records.with_context(active_test=False)
        return records.search([("external_id", "in", [*map(int, numbers)])])

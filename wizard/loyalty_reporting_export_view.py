from odoo import api, models
from odoo.exceptions import UserError

from ..report.views import VIEWS
from .loyalty_reporting_export import CHOICES, FIELDS, RECORDS
from .view_domain import said

_GRAINS = ("hour", "day", "week", "month", "year")  # the finest first


class LoyaltyReportingExport(models.TransientModel):
    """The wizard, filled in with what a view shows."""

    _inherit = "loyalty.reporting.export"

    @api.model
    def action_of_view(self, model, domain, context=None, group_by=()):
        """Return the action that opens the wizard for what a view shows.

        What no parameter of the report says is named there, for the user to decide.

        :param model: name of the view's model
        :param domain: that it shows
        :param context: of a pivot: ``pivot_measures``, ``pivot_row_groupby``,
            ``pivot_column_groupby``
        :param group_by: fields that it is grouped by
        """
        if model not in VIEWS:
            raise UserError(self.env._("No report belongs to these rows."))
        view, rows, context = VIEWS[model], self.env[model], context or {}
        rows.check_access("read")
        found = said(domain, rows, view)
        values = self._restricted(view, found)
        values |= self._shown(view, rows, context, group_by, found.left_out)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_reporting.loyalty_reporting_export_action"
        )
        defaults = {f"default_{name}": value for name, value in values.items()}
        left_out = "\n".join(found.left_out)
        return {**action, "context": {**defaults, "default_left_out": left_out}}

    def _restricted(self, view, found):
        """Return the wizard's values for what a domain says."""
        values = {"report": view.report}
        for name, day in zip(("date_from", "date_to"), found.period, strict=True):
            if day:
                values[name] = day.isoformat()
        if found.company:
            values["company_id"] = found.company
        for name, asked in found.values.items():
            if name in RECORDS:
                values[FIELDS[name]] = found.records[name].ids
            elif name in CHOICES:
                choices = self.env["loyalty.reporting.catalogue"]
                values[FIELDS[name]] = choices._named(view.report, name, asked).ids
            else:
                values[FIELDS[name]] = ",".join(sorted(map(str, asked)))
        return values

    def _shown(self, view, rows, context, group_by, left_out):
        """Return the wizard's values for what a view groups by and measures."""
        is_pivot = "pivot_measures" in context
        groups = [*group_by]
        if is_pivot:
            groups = [
                *(context.get("pivot_row_groupby") or ()),
                *(context.get("pivot_column_groupby") or ()),
            ]
        dimensions, grains = [], []
        for group in groups:
            name, _, interval = group.partition(":")
            if name in (view.day, *view.grains):
                grains.append(view.grains.get(name) or interval or "month")
            elif dimension := view.fields.get(name, ("", ""))[1]:
                dimensions.append(dimension)
            else:
                label = rows._fields[name.split(".")[0]]
                text = label.get_description(self.env)["string"]
                left_out.append(self.env._("Grouped by %(field)s", field=text))
        catalogue = self.env["loyalty.reporting.catalogue"]
        values = {}
        if is_pivot or groups:
            found = catalogue._named(view.report, "dimension", dimensions)
            values["dimension_ids"] = found.ids
            known = [grain for grain in _GRAINS if grain in grains]
            values["group_by"] = known[0] if known else "period"
        if is_pivot:
            found = self._measured(view, rows, context["pivot_measures"], left_out)
            if found:
                values["measure_ids"] = found.ids
        return values

    def _measured(self, view, rows, names, left_out):
        """Return the choices of a pivot's measures."""
        catalogue = self.env["loyalty.reporting.catalogue"]
        found = catalogue
        for name in names:
            asked = view.measures.get(name, name)
            choice = catalogue._named(view.report, "measure", [asked])
            if not choice:
                shown = rows._fields.get(name)
                text = shown.get_description(self.env)["string"] if shown else None
                text = text or self.env._("Count")
                left_out.append(self.env._("Measure: %(field)s", field=text))
            found |= choice
        return found

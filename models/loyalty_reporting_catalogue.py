from odoo import fields, models
from odoo.tools import SQL

from ..core.queries import REPORTS
from ..core.queries.base import Listing

KINDS = ("measure", "dimension")


def _choices():
    """Yield (report, kind, name, label): what may be chosen when a report is asked."""
    for slug, report in REPORTS.items():
        for measure in () if isinstance(report, Listing) else report.measures:
            yield slug, "measure", measure.name, measure.label
        for dimension in () if isinstance(report, Listing) else report.dimensions:
            yield slug, "dimension", dimension.name, dimension.columns[-1].label
        for asked in report.filters:
            for choice in asked.choices:
                yield slug, asked.name, choice, choice


CHOICES = tuple(_choices())


class LoyaltyReportingCatalogue(models.Model):
    """What the registry of reports offers, as records to choose from."""

    _name = "loyalty.reporting.catalogue"
    _description = "Choice of a Report"
    _auto = False
    _order = "id"
    _rec_name = "label"

    report = fields.Char(readonly=True)
    kind = fields.Char(readonly=True, help="measure, dimension, or name of a filter.")
    name = fields.Char(readonly=True)
    label = fields.Char(readonly=True)

    @property
    def _table_query(self):
        translate = self.env["loyalty.reporting.reader"]._translate()
        rows = [
            SQL("(%s, %s, %s, %s, %s)", number, report, kind, name, translate(label))
            for number, (report, kind, name, label) in enumerate(CHOICES, 1)
        ]
        return SQL(
            "SELECT * FROM (VALUES %s) AS choices (id, report, kind, name, label)",
            SQL(", ").join(rows),
        )

    def _named(self, report, kind, names):
        """Return the choices of these names."""
        return self.browse(
            number
            for number, (slug, of_kind, name, _label) in enumerate(CHOICES, 1)
            if (slug, of_kind) == (report, kind) and name in names
        )

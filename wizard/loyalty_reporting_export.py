from urllib.parse import urlencode

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL

from ..core.api.exports import Asked
from ..core.errors import ReportingError
from ..core.exports import files
from ..core.queries import REPORTS
from ..core.queries.base import Listing
from ..core.queries.export import AT_ONCE
from ..models.notification import notification

ROUTE = "/api/v1/reports"
_LONGEST_URL = 4_000
# Filter → the field that holds it: records with the engine's number, or texts.
RECORDS = {
    "program_id": "program_ids",
    "store_id": "shop_ids",
    "membership_product_id": "membership_product_ids",
}
CHOICES = {"transaction_type": "transaction_type_ids"}
TEXTS = {
    "program_type": "program_types",
    "channel": "channels",
    "membership_level": "levels",
    "card_id": "cards",
    "partner_id": "customers",
}
FIELDS = {**RECORDS, **CHOICES, **TEXTS}
_LISTED = "Several are separated by commas. Leave empty for all."


class LoyaltyReportingExport(models.TransientModel):
    """A report as a file: which one, of what, in which format."""

    _name = "loyalty.reporting.export"
    _description = "Export of a Report to a File"

    report = fields.Selection(
        selection="_selection_report",
        required=True,
        default=lambda self: next(iter(self._selection_report()), (False,))[0],
    )
    is_listing = fields.Boolean(compute="_compute_offered")
    filters = fields.Char(
        compute="_compute_offered", help="Names of the report's filters."
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    date_from = fields.Date(
        string="From",
        required=True,
        compute="_compute_date_from",
        store=True,
        precompute=True,
        readonly=False,
        help="First business day, inclusive.",
    )
    date_to = fields.Date(
        string="To",
        required=True,
        compute="_compute_date_to",
        store=True,
        precompute=True,
        readonly=False,
        help="Last business day, inclusive.",
    )
    group_by = fields.Selection(
        [
            ("hour", "Hour"),
            ("day", "Day"),
            ("week", "Week"),
            ("month", "Month"),
            ("year", "Year"),
            ("period", "Whole Period"),
        ],
        string="A Row for Each",
        required=True,
        default="day",
        help="Cut in the company's reporting time zone; weeks begin on Monday.",
    )
    compare = fields.Selection(
        [
            ("previous_period", "The period before"),
            ("previous_year", "A year before"),
        ],
        string="Compare With",
    )
    measure_ids = fields.Many2many(
        "loyalty.reporting.catalogue",
        relation="loyalty_reporting_export_measure_rel",
        string="Measures",
        compute="_compute_columns",
        store=True,
        readonly=False,
    )
    dimension_ids = fields.Many2many(
        "loyalty.reporting.catalogue",
        relation="loyalty_reporting_export_dimension_rel",
        string="Rows Told Apart By",
        compute="_compute_columns",
        store=True,
        readonly=False,
        help="Without any, there is one row for each bucket of time.",
    )
    program_ids = fields.Many2many(
        "loyalty.reporting.program",
        string="Programs",
        context={"active_test": False},
        help="Leave empty for all programs.",
    )
    shop_ids = fields.Many2many("loyalty.reporting.shop", string="Stores")
    membership_product_ids = fields.Many2many(
        "loyalty.reporting.membership.product",
        relation="loyalty_reporting_export_product_rel",
        string="Membership Products",
    )
    transaction_type_ids = fields.Many2many(
        "loyalty.reporting.catalogue",
        relation="loyalty_reporting_export_type_rel",
        string="Transaction Types",
    )
    program_types = fields.Char(help=_LISTED)
    channels = fields.Char(help=_LISTED)
    levels = fields.Char(help=_LISTED)
    cards = fields.Char(help=f"The engine's numbers. {_LISTED}")
    customers = fields.Char(help=f"The engine's numbers. {_LISTED}")
    file_format = fields.Selection(
        [
            ("xlsx", "Workbook (XLSX)"),
            ("csv", "Text (CSV)"),
            ("ndjson", "JSON lines"),
        ],
        string="Format",
        required=True,
        default="xlsx",
    )
    has_mark = fields.Boolean(
        string="For Excel",
        default=True,
        help="The file begins with a byte order mark, without which Excel takes "
        "UTF-8 for a code page of Windows.",
    )
    left_out = fields.Text(
        readonly=True, help="Parts of a view's filter that the report cannot be asked."
    )

    @api.constrains("date_from", "date_to")
    def _check_dates(self):
        if any(export.date_from > export.date_to for export in self):
            raise ValidationError(self.env._("The first day is after the last one."))

    @api.depends("report")
    def _compute_offered(self):
        for export in self:
            report = REPORTS.get(export.report)
            names = [f.name for f in report.filters] if report else []
            export.filters = f",{','.join(names)},"
            export.is_listing = isinstance(report, Listing)

    # Apart, as a view may have said one of them and not the other.
    @api.depends("report", "company_id")
    def _compute_date_from(self):
        for export in self:
            export.date_from, _last = export._borders()

    @api.depends("report", "company_id")
    def _compute_date_to(self):
        for export in self:
            _first, export.date_to = export._borders()

    @api.depends("report")
    def _compute_columns(self):
        catalogue = self.env["loyalty.reporting.catalogue"]
        for export in self:
            measures, dimensions = (), ()
            report = REPORTS.get(export.report)
            if report and not isinstance(report, Listing):
                measures = report.default_measures
                dimensions = report.default_dimensions
            slug = export.report
            export.measure_ids = catalogue._named(slug, "measure", measures)
            export.dimension_ids = catalogue._named(slug, "dimension", dimensions)

    @api.model
    def _selection_report(self):
        """Return the reports that the user may read."""
        reader = self.env["loyalty.reporting.reader"]
        translate = reader._translate()
        return [
            (slug, translate(report.title))
            for slug, report in REPORTS.items()
            if reader._may_read(report)
        ]

    def _borders(self):
        """Return the first and last business day of the company's data."""
        report, today = REPORTS.get(self.report), fields.Date.context_today(self)
        if not report or not self.env["loyalty.reporting.reader"]._may_read(report):
            return today, today
        is_listing = isinstance(report, Listing)
        table = report.table if is_listing else report.facts[0].table
        company = self.company_id & self.env.companies
        [(first, last)] = self.env.execute_query(
            SQL(
                "SELECT min(date), max(date) FROM %s WHERE company_id = %s",
                SQL.identifier(table),
                company.id or 0,
            )
        )
        return first or today, last or today

    def action_export(self):
        """Have the browser fetch a short file, and a long one written meanwhile."""
        self.ensure_one()
        given = self._given()
        reader = self.env["loyalty.reporting.reader"]
        try:
            query = reader._query(self.report, given)
            count = reader._count(query)
            files.check_room(count, self.file_format)
            if count <= AT_ONCE and len(urlencode(given)) <= _LONGEST_URL:
                return self._download(given)
            asked = {name: [value] for name, value in given.items()}
            job = self.env["loyalty.reporting.export.job"]._ask(
                Asked(self.report, self.file_format, asked)
            )
        except ReportingError as error:
            raise UserError(str(error)) from error
        return self._announced(job, count)

    def _given(self):
        """Return the parameters that ask the report for all this."""
        given = {
            "date_from": self.date_from.isoformat(),
            "date_to": self.date_to.isoformat(),
            "company_id": str(self.company_id.id),
        }
        if not self.is_listing:
            given |= {
                "group_by": self.group_by,
                "measures": ",".join(self.measure_ids.mapped("name")),
                "dimensions": ",".join(self.dimension_ids.mapped("name")),
            }
            if self.compare:
                given["compare"] = self.compare
        if self.file_format == files.CSV and self.has_mark:
            given["bom"] = "true"
        return {name: v for name, v in given.items() if v or name == "dimensions"} | {
            name: values for name, values in self._restrictions() if values
        }

    def _restrictions(self):
        """Yield (filter, values) of the report's filters."""
        for asked in REPORTS[self.report].filters:
            field = FIELDS.get(asked.name)
            if asked.name in RECORDS:
                yield asked.name, ",".join(map(str, self[field].mapped("external_id")))
            elif asked.name in CHOICES:
                yield asked.name, ",".join(self[field].mapped("name"))
            elif field:
                yield asked.name, (self[field] or "").strip()

    def _download(self, given):
        query = urlencode({**given, "format": self.file_format})
        return {
            "type": "ir.actions.act_url",
            "url": f"{ROUTE}/{self.report}?{query}",
            "target": "download",
        }

    def _announced(self, job, count):
        """Say that a file is being written, and show how far it is."""
        text = self.env._(
            "%(count)s rows are written in the background. You are told when the file "
            "is ready.",
            count=count,
        )
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_reporting.loyalty_reporting_export_job_action"
        )
        following = {**action, "target": "main"}
        return notification(job.title, text, following=following)

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from ..core.reconcile import months as choice
from ..core.reconcile import repair, run
from ..core.sources import SOURCES
from .notification import RELOAD, notification

KEPT_DAYS = 90
LEVELS = [
    ("source", "Source and detail"),
    ("rollup", "Detail and rollups"),
    ("clickhouse", "PostgreSQL and ClickHouse"),
    ("delivered", "As delivered and computed"),
]


class LoyaltyReportingReconciliation(models.Model):
    """What reconciliations compared: totals of tables, and the days that differ."""

    _name = "loyalty.reporting.reconciliation"
    _description = "Reconciliation"
    _auto = False
    _log_access = False
    _order = "id desc"
    _rec_name = "table_name"
    _rec_names_search = ["table_name", "source_name"]

    run_id = fields.Integer(readonly=True, aggregator=None)
    source_name = fields.Char(
        string="About",
        readonly=True,
        help="A source; stores are the rollups and ClickHouse, of all sources.",
    )
    level = fields.Selection(LEVELS, string="Compared", readonly=True)
    table_name = fields.Char(string="Table", readonly=True)
    date_from = fields.Date(string="From", readonly=True)
    date_to = fields.Date(string="To", readonly=True)
    day = fields.Date(
        readonly=True,
        help="Business day in the company's time zone; empty for the whole period.",
    )
    state = fields.Selection(
        [
            ("ok", "Equal"),
            ("different", "Different"),
            ("explained", "Explained"),
            ("reported", "Reported"),
        ],
        readonly=True,
        help="Different: to be repaired. Explained: follows from a difference below, or "
        "was refused at loading. Reported: the source says otherwise than we compute.",
    )
    rows_expected = fields.Integer(readonly=True)
    rows_kept = fields.Integer(readonly=True)
    sums_expected = fields.Json(readonly=True)
    sums_kept = fields.Json(readonly=True)
    sums = fields.Text(
        compute="_compute_sums", help="Column: sum as expected / sum as kept."
    )
    checksum_expected = fields.Char(readonly=True)
    checksum_kept = fields.Char(readonly=True)
    differences = fields.Integer(readonly=True, string="Differing Rows")
    reason = fields.Char(readonly=True)
    checked_at = fields.Datetime(readonly=True)

    @api.depends("sums_expected", "sums_kept")
    def _compute_sums(self):
        for table in self:
            expected, kept = table.sums_expected or {}, table.sums_kept or {}
            names = sorted({*expected, *kept})
            table.sums = "\n".join(
                f"{name}: {expected.get(name, '–')} / {kept.get(name, '–')}"
                for name in names
            )

    @api.depends("table_name", "day")
    def _compute_display_name(self):
        for table in self:
            day = fields.Date.to_string(table.day) if table.day else ""
            table.display_name = f"{table.table_name} {day}".strip()

    # ------------------------------------------------------------ actions

    def action_open_differences(self):
        """Show the rows that differ."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_reporting.loyalty_reporting_difference_action"
        )
        domain = [
            ("run_id", "=", self.run_id),
            ("level", "=", self.level),
            ("table_name", "=", self.table_name),
        ]
        if self.day:
            domain.append(("day", "=", self.day))
        return {**action, "domain": domain, "context": {}}

    def action_repair(self):
        """Repair the months of these days, from the source upwards."""
        different = self.filtered(lambda table: table.state == "different")
        return self._repair(
            [(t.day or t.date_from, t.day or t.date_to) for t in different]
        )

    # ------------------------------------------------------------ business

    @api.model
    def _sources(self):
        """Return the sources with a database that can be compared."""
        sources = self.env["loyalty.reporting.source"].search([("active", "=", True)])
        return sources.filtered(lambda s: s.is_configured and s.type in SOURCES)

    @api.model
    def _reconcile(self, months=None):
        """Compare every source, then the stores. Returns their results, in order.

        :param months: first days of months; None means all
        """
        pipeline = self.env["loyalty.reporting.pipeline"]
        results = [
            run.reconcile_source(
                source._connector(),
                pipeline._dsn(),
                months=months,
                **pipeline._feed(source),
            )
            for source in self._sources()
        ]
        stores = run.reconcile_stores(
            pipeline._settings(), pipeline._dsn(), months=months
        )
        return [*results, stores]

    @api.model
    def _reconcile_period(self, date_from, date_to):
        """Compare the months of a period, and tell what was found."""
        self._check_manager()
        results = self._reconcile(choice.between(date_from, date_to))
        self.invalidate_model()
        return self._told(self.env._("Reconciliation"), results)

    @api.model
    def _repair(self, periods):
        """Repair the months of some periods, and tell how it went."""
        self._check_manager()
        months = {month for period in periods for month in choice.between(*period)}
        if not months:
            raise UserError(self.env._("There is nothing to repair here."))
        pipeline = self.env["loyalty.reporting.pipeline"]
        sources = [(s._connector(), pipeline._feed(s)) for s in self._sources()]
        result = repair.repair(
            sources, pipeline._settings(), pipeline._dsn(), sorted(months)
        )
        self.env.invalidate_all()
        return self._told(self.env._("Repair"), [result])

    def _told(self, title, results):
        """Return the notification that tells how some runs went."""
        states = {result.state for result in results}
        kind = "success"
        if states & {"failed", "busy"}:
            kind = "danger" if "failed" in states else "warning"
        messages = [result.message for result in results if result.message]
        if messages and kind == "success":
            kind = "warning"
        text = " ".join(messages) or self.env._("Everything agrees.")
        return notification(title, text, kind, RELOAD)

    @api.model
    def _check_manager(self):
        self.env["loyalty.reporting.source"].check_access("write")

    @api.model
    def _cron_reconcile(self):
        """Compare the last days and, each night, another one of the earlier months."""
        today = fields.Date.context_today(self)
        self._reconcile(choice.nightly(today))

    @api.autovacuum
    def _gc_reconciliations(self):
        """Forget old reconciliations, and old differences that were settled."""
        limit = SQL("now() AT TIME ZONE 'UTC' - %s * interval '1 day'", KEPT_DAYS)
        self.env.cr.execute(
            SQL(
                "DELETE FROM loyalty_reporting_reconciliation WHERE checked_at < %s",
                limit,
            )
        )
        self.env.cr.execute(
            SQL(
                "DELETE FROM loyalty_reporting_difference"
                " WHERE found_at < %s AND (settled_at IS NOT NULL OR state <> 'open')",
                limit,
            )
        )

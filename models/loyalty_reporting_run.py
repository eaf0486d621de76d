from odoo import api, fields, models
from odoo.tools import SQL

KEPT_DAYS = 90


class LoyaltyReportingRun(models.Model):
    """The run log that the data path writes."""

    _name = "loyalty.reporting.run"
    _description = "Reporting Run"
    _auto = False
    _log_access = False
    _order = "id desc"
    _rec_names_search = ["source_name", "message"]

    job = fields.Selection(
        [
            ("sync", "Synchronisation"),
            ("replay", "Replay"),
            ("waiting", "Documents set aside"),
            ("backfill", "Backfill"),
            ("stream", "Event stream"),
            ("push", "Push to ClickHouse"),
            ("rebuild", "Rebuild of ClickHouse"),
            ("refresh", "Materialized view"),
            ("reconcile", "Reconciliation"),
            ("repair", "Repair"),
            ("erase", "Erasure"),
            ("archive", "Archive"),
            ("verify", "Verification of archives"),
        ],
        readonly=True,
    )
    source_name = fields.Char(string="About", readonly=True)
    state = fields.Selection(
        [
            ("running", "Running"),
            ("done", "Done"),
            ("partial", "To be continued"),
            ("failed", "Failed"),
            ("interrupted", "Interrupted"),
        ],
        readonly=True,
        help="To be continued: the time slot was over, the next run goes on. "
        "Interrupted: the process ended before the run did; nothing is lost.",
    )
    started_at = fields.Datetime(readonly=True)
    finished_at = fields.Datetime(readonly=True)
    seconds = fields.Float(readonly=True, digits=(16, 1), aggregator="avg")
    documents_read = fields.Integer(
        readonly=True, help="Orders (with all that belongs to them) read at the source."
    )
    documents_changed = fields.Integer(
        readonly=True, help="Of those: the ones that differed from what was stored."
    )
    rows_read = fields.Integer(readonly=True)
    rows_loaded = fields.Integer(readonly=True)
    rows_rejected = fields.Integer(
        readonly=True, help="Rows that became dead letters, with the reason."
    )
    lag_seconds = fields.Float(
        string="Lag (s)",
        readonly=True,
        digits=(16, 1),
        aggregator="max",
        help="How long the oldest transaction still open at the source had been "
        "running: what it and later ones write is read once it ends.",
    )
    message = fields.Text(readonly=True)

    @api.depends("job", "source_name")
    def _compute_display_name(self):
        names = dict(self._fields["job"]._description_selection(self.env))
        for run in self:
            run.display_name = f"{names.get(run.job, run.job)}: {run.source_name}"

    @api.autovacuum
    def _gc_runs(self):
        """Forget old runs, but never the last one of a job."""
        self.env.cr.execute(
            SQL(
                "DELETE FROM loyalty_reporting_run r"
                " WHERE started_at < now() AT TIME ZONE 'UTC' - %s * interval '1 day'"
                " AND EXISTS (SELECT FROM loyalty_reporting_run later"
                " WHERE later.source_name = r.source_name AND later.job = r.job"
                " AND later.id > r.id)",
                KEPT_DAYS,
            )
        )

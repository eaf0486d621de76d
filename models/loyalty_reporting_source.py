from urllib.parse import urlencode

from odoo import Command, api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, config

from ..core import streams
from ..core.settings import redact, source_url
from ..core.sources import SOURCES, contract
from ..core.stores import aside
from ..core.sync import BACKFILL, backfill_progress
from .notification import RELOAD, notification

# Types whose sources need no address: here, and whoever calls us.
WITHOUT_ADDRESS = ("odoo", "push", "demo")
# What tells the facts of a system of its own, which has the same name.
OF_THEIR_OWN = ("odoo", "demo")
# The route to which events are pushed.
EVENTS = "/api/v1/events"
SHOWN_RUNS = 10
SHOWN_JOBS = ["sync", "replay", "backfill", "stream"]
# State of a run → kind of notification.
KINDS = {"done": "success", "partial": "info", "busy": "warning", "failed": "danger"}


class LoyaltyReportingSource(models.Model):
    """Where facts come from, and what becomes of them here."""

    _name = "loyalty.reporting.source"
    _description = "Reporting Source"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True,
        copy=False,
        help="Name of the source in the run log and of the place where the next run "
        "goes on. It stays as it is once something was read.",
    )
    type = fields.Selection(
        [
            ("engine_pg", "Engine database (PostgreSQL)"),
            ("odoo", "Odoo's own database"),
            ("stream", "Event stream (Redis, Kafka)"),
            ("push", "Pushed events (HTTP)"),
            ("demo", "Demo shop"),
        ],
        required=True,
        default="engine_pg",
    )
    system = fields.Selection(
        [("engine", "Engine"), ("odoo", "Odoo"), ("demo", "Demo")],
        required=True,
        default="engine",
        help="The system in which the facts originate, whatever road they come by: "
        "the same fact by two roads of one system counts once.",
    )
    active = fields.Boolean(default=True)
    interval_minutes = fields.Integer(
        string="Every (minutes)",
        default=1,
        required=True,
        help="How often the scheduled action reads this source.",
    )
    sender_ids = fields.Many2many(
        "res.users",
        "loyalty_reporting_source_sender_rel",
        string="Senders",
        help="Users whose API keys may push events to this source.",
    )
    events_per_minute = fields.Integer(
        default=60_000, help="More events than that in a minute are refused."
    )
    company_map_ids = fields.One2many(
        "loyalty.reporting.company.map",
        "source_id",
        string="Companies",
        copy=True,
        help="Orders of a company that is not listed become dead letters.",
    )
    query_ids = fields.One2many(
        "loyalty.reporting.source.query",
        "source_id",
        string="Extraction Queries",
        copy=True,
        groups="loyalty_reporting.group_loyalty_reporting_manager",
    )
    address = fields.Char(
        compute="_compute_address",
        help="Without the password; from the configuration. Events are pushed to a path "
        "of Odoo's own address.",
    )
    is_configured = fields.Boolean(compute="_compute_address")
    run_ids = fields.One2many(
        "loyalty.reporting.run", compute="_compute_runs", string="Last Runs"
    )
    last_run_at = fields.Datetime(compute="_compute_runs", string="Last Run")
    last_state = fields.Selection(
        lambda self: (
            self.env["loyalty.reporting.run"]
            ._fields["state"]
            ._description_selection(self.env)
        ),
        compute="_compute_runs",
        string="Last Result",
    )
    last_message = fields.Text(compute="_compute_runs")
    lag_seconds = fields.Float(
        compute="_compute_runs",
        string="Lag (s)",
        digits=(16, 1),
        help="How long the oldest transaction still open at the source had been "
        "running when it was last read.",
    )
    dead_letter_count = fields.Integer(
        compute="_compute_dead_letter_count", string="Dead Letters"
    )
    is_backfilling = fields.Boolean(compute="_compute_backfill")
    backfill_since = fields.Date(
        compute="_compute_backfill", string="Reading Again Since"
    )
    backfill_progress = fields.Float(
        compute="_compute_backfill",
        string="Backfill",
        help="How much of what is read again has been read, in percent.",
    )

    _interval_positive = models.Constraint(
        "CHECK(interval_minutes > 0)", "A source is read every minute at most."
    )
    _system_fits = models.Constraint(
        "CHECK((type = 'odoo') = (system = 'odoo') AND (type = 'demo') = (system = 'demo'))",
        "Odoo's own database, and only that, tells the facts of the system Odoo; the "
        "demo shop those of the demo.",
    )
    _code_unique = models.Constraint(
        "UNIQUE(code)", "Another source has this code already."
    )

    @api.depends("type", "code")
    def _compute_address(self):
        for source in self:
            url = source._url()
            source.is_configured = bool(url) or source.type in WITHOUT_ADDRESS
            if source.type == "odoo":
                source.address = self.env._("This database")
            elif source.type == "demo":
                source.address = self.env._("Made up, without a database")
            elif source.type == "push":
                source.address = f"{EVENTS}?{urlencode({'source': source.code or ''})}"
            else:
                source.address = redact(url)

    @api.onchange("type")
    def _onchange_type(self):
        """What is read from Odoo's tables originates in Odoo."""
        if self.type in OF_THEIR_OWN:
            self.system = self.type

    @api.depends("code")
    def _compute_runs(self):
        for source in self:
            runs = self.env["loyalty.reporting.run"].search(
                [("source_name", "=", source.code), ("job", "in", SHOWN_JOBS)],
                limit=SHOWN_RUNS,
            )
            source.run_ids = runs
            last = runs[:1]
            source.last_run_at = last.started_at
            source.last_state = last.state
            source.last_message = last.message
            source.lag_seconds = last.lag_seconds

    @api.depends("code")
    def _compute_dead_letter_count(self):
        groups = (
            self.env["loyalty.reporting.dead.letter"]
            .sudo()
            ._read_group(
                [("source_name", "in", self.mapped("code")), ("state", "=", "open")],
                ["source_name"],
                ["__count"],
            )
        )
        counts = dict(groups)
        for source in self:
            source.dead_letter_count = counts.get(source.code, 0)

    def _compute_backfill(self):
        for source in self:
            position = source._position(BACKFILL)
            done, total = backfill_progress(position)
            source.is_backfilling = bool(total)
            source.backfill_since = position.get("since") if total else False
            source.backfill_progress = 100 * done / total if total else 0

    @api.model_create_multi
    def create(self, vals_list):
        sources = super().create(vals_list)
        for source in sources.filtered(
            lambda s: s.type not in OF_THEIR_OWN and not s.query_ids
        ):
            source.query_ids = [
                Command.create({"table_name": table, "query": query})
                for table, query in contract.default_queries().items()
            ]
        return sources

    def write(self, vals):
        if "code" in vals and any(s.run_ids and s.code != vals["code"] for s in self):
            raise UserError(
                self.env._("A source that was read keeps its code: create another one.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_waiting(self):
        """Keep a source whose documents nobody else would load; the demo has its own way."""
        for source in self.filtered(lambda s: s.type != "demo"):
            if aside.is_any(self.env.cr, source.code):
                raise UserError(
                    self.env._(
                        "Documents of %s wait for an archived month: replay or ignore "
                        "their dead letters first.",
                        source.name,
                    )
                )

    def copy_data(self, default=None):
        copies = zip(self, super().copy_data(default), strict=True)
        return [{"code": f"{source.code}_copy", **vals} for source, vals in copies]

    # ------------------------------------------------------------ actions

    def action_test(self):
        """Show the first rows of each table, or what is wrong with it."""
        self.ensure_one()
        test = self.env["loyalty.reporting.source.test"].create({"source_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Test of %s", self.name),
            "res_model": test._name,
            "res_id": test.id,
            "view_mode": "form",
            "target": "new",
        }

    def action_sync(self):
        """Read what is new, for at most a time slot."""
        self.ensure_one()
        self.check_access("write")
        pipeline = self.env["loyalty.reporting.pipeline"]
        read = pipeline._consume if self.type == "stream" else pipeline._sync
        return self._notify_result(self.name, read(self, seconds=50))

    def action_backfill(self):
        """Ask from which day on this source is to be read again."""
        self.ensure_one()
        self.check_access("write")
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Read %s Again", self.name),
            "res_model": "loyalty.reporting.backfill",
            "view_mode": "form",
            "target": "new",
            "context": {"default_source_id": self.id},
        }

    def action_open_runs(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_reporting.loyalty_reporting_run_action"
        )
        return {**action, "domain": [("source_name", "=", self.code)]}

    def action_open_dead_letters(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_reporting.loyalty_reporting_dead_letter_action"
        )
        return {**action, "domain": [("source_name", "=", self.code)]}

    # ------------------------------------------------------------ business

    def _connector(self):
        """Return the ``core`` source that this record configures."""
        self.ensure_one()
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        if self.type == "odoo":
            return SOURCES[self.type](
                dsn=self.env["loyalty.reporting.pipeline"]._dsn(),
                chunk_documents=settings.chunk_documents,
                timeout=settings.source_timeout,
            )
        own = {
            line.table_name: line.query.strip().rstrip(";")
            for line in self.sudo().query_ids
        }
        return SOURCES[self.type](
            dsn=self._url(),
            queries={**contract.default_queries(), **own},
            chunk_documents=settings.chunk_documents,
            timeout=settings.source_timeout,
        )

    def _url(self):
        """Return the address: the source's own, else that of its type.

        A neutralized copy has none.
        """
        self.ensure_one()
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        if settings.is_neutralized or self.type in WITHOUT_ADDRESS:
            return ""
        common = settings.stream_url if self.type == "stream" else settings.engine_dsn
        return source_url(self.code or "", config) or common

    def _receive(self, body):
        """Load pushed events; returns their verdicts (``core.events.intake``)."""
        from ..core.events.intake import Intake  # noqa: PLC0415 (needs msgspec)

        self.ensure_one()
        pipeline = self.env["loyalty.reporting.pipeline"]
        verdicts = Intake(
            pipeline._dsn(),
            self.code,
            self.system,
            pipeline._configuration(self),
            pipeline._settings().stream_event_bytes,
            self.events_per_minute,
            pipeline._settings().erasure_secret,
        ).receive(body)
        pipeline._wake_push()
        return verdicts

    def _stream(self):
        """Return the ``core`` stream that this record configures."""
        self.ensure_one()
        return streams.connect(self._url(), *self._stream_names())

    def _stream_names(self):
        """Return (name of the stream, consumer group)."""
        settings = self.env["loyalty.reporting.pipeline"]._settings()
        # Each database reads all events, whoever else reads them.
        own = f"loyalty_reporting.{self.env.cr.dbname}.{self.code}"
        return settings.stream_name, settings.stream_group or own

    def _is_due(self):
        """Tell whether the scheduled action is to read this source now."""
        self.ensure_one()
        if self.last_state in (False, "partial", "interrupted"):
            return True
        # A scheduled action that runs each minute does not run on the second.
        elapsed = fields.Datetime.now() - self.last_run_at
        return elapsed.total_seconds() > self.interval_minutes * 60 - 30

    def _position(self, cursor="{}"):
        """Return how far this source is read, as ``core`` saved it, or None."""
        self.env.cr.execute(
            SQL(
                "SELECT position FROM loyalty_reporting_cursor WHERE source_name = %s",
                cursor.format(self.code),
            )
        )
        found = self.env.cr.fetchone()
        return found and found[0]

    def _mapping(self):
        """Return the company ids of this source's system → ours.

        None for companies of which another system records the sales: they must not
        count a second time.
        """
        self.ensure_one()
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        mine = companies.search([("loyalty_reporting_system", "=", self.system)])
        if self.system == "odoo":
            return {
                company.id: company.id if company in mine else None
                for company in companies.search([("id", "!=", False)])
            }
        siblings = self.with_context(active_test=False).search(
            [("system", "=", self.system)]
        )
        return {
            line.external_id: line.company_id.id if line.company_id in mine else None
            for line in siblings.company_map_ids | self.company_map_ids
        }

    @api.model
    def _notify_result(self, title, result):
        """Show how a run ended, and show the page anew."""
        texts = {
            "done": self.env._(
                "%(loaded)s rows loaded, %(rejected)s rejected.",
                loaded=result.counts.rows_loaded,
                rejected=result.counts.rows_rejected,
            ),
            "partial": self.env._("The time slot is over; the next run goes on."),
        }
        text = " ".join(filter(None, [texts.get(result.state), result.message]))
        return notification(title, text, KINDS[result.state], RELOAD)

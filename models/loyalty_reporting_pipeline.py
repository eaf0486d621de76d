"""The one bridge between Odoo's environment and ``core``."""

import logging
from dataclasses import replace
from decimal import Decimal

from odoo import SUPERUSER_ID, api, fields, models
from odoo.sql_db import connection_info_for
from odoo.tools import SQL, config
from odoo.tools.sql import create_index, fix_foreign_key

from ..core import consume, sync
from ..core.errors import ReportingError
from ..core.records import Company, Rate, RunResult
from ..core.settings import Settings
from ..core.stores import (
    announcements,
    aside,
    materialized,
    push,
    renamings,
    upcoming,
)
from ..core.stores.migrate import migrate
from .exchange_rates import RATES

_logger = logging.getLogger(__name__)

# Odoo calls a job that has work left up to ten times in a row, within the time
# limit of a worker (120 s by default).
SLOT_SECONDS = 10
NEUTRALIZED = "loyalty_reporting.neutralized"
# Column of a dimension → the Odoo record it points to.
LINKS = {
    ("loyalty_reporting_program", "odoo_program_id"): "loyalty_program",
    ("loyalty_reporting_shop", "config_id"): "pos_config",
    ("loyalty_reporting_customer", "partner_id"): "res_partner",
    ("loyalty_reporting_erasure", "user_id"): "res_users",
}


class LoyaltyReportingPipeline(models.AbstractModel):
    _name = "loyalty.reporting.pipeline"
    _description = "Loyalty Reporting: bridge to the data path"

    def init(self):
        """Bring the pipeline's own schema up to date, at installation and update.

        Its links to Odoo's records are foreign keys, so that deleting a record
        clears them and merging two partners moves them.
        """
        migrate(self.env.cr)
        for (table, column), target in LINKS.items():
            fix_foreign_key(self.env.cr, table, column, target, "id", "set null")
            create_index(self.env.cr, f"{table}_{column}_idx", table, [column])

    @api.autovacuum
    def _gc_renamings(self):
        """Keep short what every answer reads."""
        renamings.add_up(self.env.cr)

    # ------------------------------------------------------------ configuration

    @api.model
    def _settings(self):
        """Return the :class:`Settings` of this database.

        A neutralized copy reaches no service, whatever the environment says.
        """
        settings = Settings.read(config)
        if self.env["ir.config_parameter"].sudo().get_param(NEUTRALIZED):
            return replace(
                settings,
                engine_dsn="",
                clickhouse_url="",
                redis_url="",
                stream_url="",
                cors_origins="",
                metrics_token="",
                erasure_secret="",
                is_neutralized=True,
            )
        return settings

    @api.model
    def _dsn(self):
        """Return the arguments with which ``core`` connects to this database."""
        _name, arguments = connection_info_for(self.env.cr.dbname)
        return {k: v for k, v in arguments.items() if k != "application_name"}

    @api.model
    def _companies(self):
        """Return the companies that report, as ``core`` wants them."""
        companies = self.env["res.company"].sudo().with_context(active_test=False)
        return [self._company(company) for company in companies.search([])]

    @api.model
    def _company(self, company):
        """Return one company as ``core`` wants it."""
        return Company(
            company.id,
            company.loyalty_reporting_tz,
            company.currency_id.name,
            company.currency_id.decimal_places,
        )

    @api.model
    def _rates(self):
        """Return every exchange rate into a company's currency, exactly."""
        self.env["res.currency.rate"].flush_model()
        return [
            Rate(company_id, currency, day, Decimal(rate))
            for company_id, currency, day, rate in self.env.execute_query(SQL(RATES))
        ]

    # ------------------------------------------------------------ jobs

    @api.model
    def _sync(self, source, seconds=None):
        """Load what is new at a source; returns a ``RunResult``, never raises."""
        result = sync.run(
            source._connector(),
            self._dsn(),
            seconds=seconds,
            workers=self._settings().first_load_workers,
            **self._feed(source),
        )
        self._after(result)
        return result

    @api.model
    def _replay(self, source, keys):
        """Read documents of a source again; returns a ``RunResult``."""
        result = sync.replay(
            source._connector(), self._dsn(), keys=keys, **self._feed(source)
        )
        self._after(result)
        return result

    @api.model
    def _backfill(self, source, since=None, seconds=None):
        """Read a source again from a day on, or go on with that."""
        result = sync.backfill(
            source._connector(),
            self._dsn(),
            since=since,
            seconds=seconds,
            **self._feed(source),
        )
        self._after(result)
        return result

    @api.model
    def _load_waiting(self):
        """Load what was set aside for archived months and is due, also of paused sources."""
        due = aside.sources(self.env.cr)
        sources = self.env["loyalty.reporting.source"].with_context(active_test=False)
        for source in sources.search([("code", "in", [name for name, _system in due])]):
            if (source.code, source.system) in due:
                self._load_letters(source)

    @api.model
    def _load_letters(self, source, letters=None):
        """Load what was set aside of a source; returns a ``RunResult``.

        :param letters: ids of dead letters; by default those that are due
        """
        result = sync.load_waiting(self._dsn(), letters=letters, **self._feed(source))
        self._after(result)
        return result

    @api.model
    def _consume(self, source, seconds=None):
        """Load the events that wait in a stream; returns a ``RunResult``.

        :param seconds: for so long at most
        """
        return self._consumer(source)(seconds=seconds)

    @api.model
    def _consumer(self, source):
        """Return a function that loads a stream's events.

        It needs no cursor of its caller, and may run for days: each thing that it asks
        Odoo has a transaction of its own.
        """
        settings, registry, dsn = self._settings(), self.env.registry, self._dsn()
        known = {"source_name": source.code, "system": source.system}
        try:
            stream = source._stream()
        except ReportingError as error:
            result = RunResult("failed", message=str(error))
            return lambda **_options: result

        def with_source(work):
            with registry.cursor() as cr:
                env = api.Environment(cr, SUPERUSER_ID, {})
                return work(env["loyalty.reporting.pipeline"], source.with_env(env))

        def run(**options):
            return consume.consume(
                stream,
                dsn,
                configuration=lambda: with_source(lambda p, s: p._configuration(s)),
                on_load=lambda result: with_source(lambda p, _s: p._after(result)),
                refill=lambda _lost: with_source(lambda p, s: p._refill(s)),
                events=settings.stream_events,
                event_bytes=settings.stream_event_bytes,
                erasure_secret=settings.erasure_secret,
                **known,
                **options,
            )

        return run

    @api.model
    def _refill(self, stream):
        """Read the database of a stream's system: it has what the stream lost."""
        for source in stream.search(
            [("system", "=", stream.system), ("type", "not in", ["stream", "push"])]
        ).filtered("is_configured"):
            self._sync(source, SLOT_SECONDS)

    @api.model
    def _feed(self, source):
        """Return what ``core`` must know of a source besides how to reach it."""
        return {
            "source_name": source.code,
            "system": source.system,
            "erasure_secret": self._settings().erasure_secret,
            **self._configuration(source),
        }

    @api.model
    def _configuration(self, source):
        """Return what ``core`` must know of the companies that a source feeds."""
        return {
            "companies": self._companies(),
            "mapping": source._mapping(),
            "rates": self._rates(),
        }

    @api.model
    def _push(self):
        """Ship what is new to ClickHouse; returns a ``RunResult``."""
        result = push.push(self._settings(), self._dsn())
        self.env["loyalty.reporting.announcement"]._announce(announcements.PUSH)
        return result

    @api.model
    def _rebuild(self):
        """Fill ClickHouse anew from PostgreSQL; returns a ``RunResult``."""
        return push.rebuild(self._settings(), self._dsn())

    @api.model
    def _refresh(self, **options):
        """Refresh the materialized views; returns {name: ``RunResult``}.

        :param options: of :func:`core.stores.materialized.refresh`
        """
        return materialized.refresh(self._dsn(), **options)

    def _after(self, result):
        """Link new dimensions to Odoo's records, and wake the push."""
        if not result.counts.rows_read:
            return
        self.env["loyalty.reporting.announcement"]._announce(announcements.LOAD)
        # The facts were committed on a connection of the pipeline's own, which
        # this transaction's snapshot does not see.
        with self.env.registry.cursor() as cr:
            self.env["loyalty.reporting.customer"]._link(cr)
        if result.counts.documents_changed:
            self._wake_push()

    def _wake_push(self):
        """Have what is new pushed to ClickHouse soon."""
        if self._settings().clickhouse_url:
            self.env.ref("loyalty_reporting.ir_cron_push").sudo()._trigger()

    # ------------------------------------------------------------ scheduled actions

    @api.model
    def _cron_sync(self):
        """Read every active source that has an address, a time slot each.

        After them, what waits for archived months, however it came: a month may take
        longer to come back than a job may run.
        """
        sources = self.env["loyalty.reporting.source"].search(
            [("type", "not in", ["stream", "push"])]
        )
        waiting = sources.filtered(lambda s: s.is_configured and s._is_due())
        progress = self.env["ir.cron"]._commit_progress
        unfinished = 0
        for done, source in enumerate(waiting, 1):
            result = self._sync(source, SLOT_SECONDS)
            if source.is_backfilling and result.state == "done":
                result = self._backfill(source, seconds=SLOT_SECONDS)
            unfinished += result.state == "partial"
            progress(1, remaining=len(waiting) - done + unfinished)
        self._load_waiting()

    @api.model
    def _cron_stream(self):
        """Load the events that wait in every active stream, a time slot each."""
        streams = self.env["loyalty.reporting.source"].search([("type", "=", "stream")])
        for source in streams.filtered("is_configured"):
            self._consume(source, SLOT_SECONDS)

    @api.model
    def _cron_push(self):
        """Ship what is new to ClickHouse, where one is configured."""
        if self._settings().clickhouse_url:
            result = self._push()
            remaining = int(result.state == "partial")
            self.env["ir.cron"]._commit_progress(1, remaining=remaining)

    @api.model
    def _cron_partitions(self):
        """Make the partitions of the coming months, so that no load waits for them."""
        upcoming.make(self._dsn(), fields.Date.today())

    @api.model
    def _cron_refresh(self):
        """Refresh the materialized views, where something is new."""
        self._refresh()

import time
from functools import partial

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

from ..core.erasure.run import Outside, Stream, run, unfinished
from . import time_limits

# After which a request or a scheduled action leaves the other months to the next one.
SLOT_SECONDS = 60
PRIVACY = "loyalty_reporting.group_loyalty_reporting_privacy"


class LoyaltyReportingErasure(models.Model):
    """What was done about a person who asked to be erased; written by the data path.

    It says nothing of who that was, but a digest that only the same identifier gives.
    """

    _name = "loyalty.reporting.erasure"
    _description = "Erasure of a Person"
    _auto = False
    _log_access = False
    _order = "id desc"

    requester = fields.Selection(
        [
            ("person", "The person"),
            ("authority", "An authority"),
            ("company", "Ourselves"),
        ],
        string="Asked By",
        readonly=True,
    )
    reference = fields.Char(readonly=True, help="Of the request in your own files.")
    user_id = fields.Many2one("res.users", string="Done By", readonly=True)
    state = fields.Selection(
        [("running", "Goes on"), ("done", "Done")],
        readonly=True,
        help="Goes on: some place could not be reached yet, or archived months are left. No "
        "load brings the person back meanwhile.",
    )
    message = fields.Char(readonly=True)
    requested_at = fields.Datetime(string="Asked At", readonly=True)
    finished_at = fields.Datetime(string="Done At", readonly=True)
    step_ids = fields.One2many(
        "loyalty.reporting.erasure.step", "erasure_id", string="Places", readonly=True
    )
    digests = fields.Text(
        compute="_compute_digests",
        help="HMAC-SHA-256 of each identifier with your secret: whoever has both can tell "
        "that this certificate is about that person, and nobody else can.",
    )

    @api.depends("requested_at")
    def _compute_display_name(self):
        for erasure in self:
            erasure.display_name = self.env._("Erasure %s", erasure.id)

    @api.depends("state")
    def _compute_digests(self):
        rows = self.env.execute_query(
            SQL(
                "SELECT erasure_id, kind, source, encode(digest, 'hex')"
                " FROM loyalty_reporting_erased WHERE erasure_id = ANY(%s)"
                " ORDER BY kind DESC, source, digest",
                self.ids,
            )
        )
        for erasure in self:
            erasure.digests = "\n".join(
                f"{kind} ({source}): {digest}"
                for number, kind, source, digest in rows
                if number == erasure.id
            )

    def action_continue(self):
        """Go on with what could not be reached before."""
        self._check_officer()
        pipeline = self.env["loyalty.reporting.pipeline"]
        source = self.env["loyalty.reporting.source"]
        for erasure in self:
            result = pipeline._erase(erasure.id)
        return source._notify_result(erasure.display_name, result)

    def _check_officer(self):
        if not self.env.user.has_group(PRIVACY):
            raise AccessError(self.env._("This is for privacy officers."))


class LoyaltyReportingErasureStep(models.Model):
    """What an erasure did at one place."""

    _name = "loyalty.reporting.erasure.step"
    _description = "Place of an Erasure"
    _auto = False
    _log_access = False
    _order = "position, id"
    _rec_name = "place"

    erasure_id = fields.Many2one("loyalty.reporting.erasure", readonly=True)
    position = fields.Integer(readonly=True, aggregator=None)
    place = fields.Selection(
        [
            ("identity", "Customers and cards"),
            ("detail", "Orders, memberships and points"),
            ("dead_letters", "Dead letters"),
            ("differences", "Differences of reconciliations"),
            ("exports", "Files of exports, and what was asked of reports"),
            ("answers", "Remembered answers (Redis)"),
            ("streams", "Event streams"),
            ("clickhouse", "ClickHouse"),
            ("archive", "Archive"),
            ("check", "Search for what is left"),
        ],
        readonly=True,
    )
    changed = fields.Integer(
        readonly=True,
        aggregator=None,
        help="Rows, files or entries that named the person, or might have.",
    )
    state = fields.Selection(
        [
            ("running", "Goes on"),
            ("done", "Done"),
            ("none", "There is none"),
            ("again", "Once more"),
        ],
        readonly=True,
    )
    note = fields.Char(readonly=True)
    done_at = fields.Datetime(readonly=True)


class LoyaltyReportingPipeline(models.AbstractModel):
    _inherit = "loyalty.reporting.pipeline"

    @api.model
    def _erase(self, number):
        """Go on with an erasure for as long as a request may."""
        limit = time_limits.of_computing(time_limits.of_request())
        return self._erase_within(number, SLOT_SECONDS, limit)

    @api.model
    def _erase_within(self, number, seconds, limit):
        """Go on with an erasure within a slot.

        :param seconds: after which no archived month is begun
        :param limit: seconds until the worker is killed; None: it is not
        :return: ``RunResult``; what is left of one that is partial goes on soon
        """
        result = self._eraser()(number, seconds=seconds, limit=limit)
        if result.state == "partial":
            self.env.ref("loyalty_reporting.ir_cron_erase").sudo()._trigger()
        return result

    @api.model
    def _eraser(self):
        """Return a function that goes on with an erasure, given its number.

        It needs no cursor of its caller, and may run for hours.
        """
        streams = self.env["loyalty.reporting.source"].sudo()
        streams = streams.with_context(active_test=False).search(
            [("type", "=", "stream")]
        )
        known = tuple(
            Stream(source._url(), source._stream_names()[0], source.system)
            for source in streams
            if source._url()
        )
        folder = self.env["loyalty.reporting.export.job"]._folder()
        outside = Outside(streams=known, remove_export=folder.remove)
        return partial(run, self._settings(), self._dsn(), outside=outside)

    @api.model
    def _cron_erase(self):
        """Go on with erasures whose months are many, or of which a place was away."""
        begun = time.monotonic()
        limit = time_limits.of_computing(time_limits.of_scheduled_action())
        for number in unfinished(self.env.cr):
            spent = time.monotonic() - begun
            if spent >= SLOT_SECONDS:
                self.env.ref("loyalty_reporting.ir_cron_erase")._trigger()
                break
            self._erase_within(number, SLOT_SECONDS - spent, limit and limit - spent)

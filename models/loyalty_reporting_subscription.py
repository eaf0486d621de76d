from odoo import api, fields, models
from odoo.addons.base.models.res_partner import _tz_get
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tools import format_datetime

from ..core import schedule
from ..core.api.given import texts_of
from ..core.errors import NotFound, ReportingError
from ..core.exports.edition import local
from ..core.queries import REPORTS
from ..core.queries.answer import keys_of
from ..core.queries.periods import period
from .notification import RELOAD, notification

_SHOWN = 3  # of the next times
_USUAL = {"daily": "yesterday", "weekly": "last_week", "monthly": "last_month"}
_OWN = ("date_from", "date_to", "company_id")  # of the parameters, what is said apart
MANAGER = "loyalty_reporting.group_loyalty_reporting_manager"


class LoyaltyReportingSubscription(models.Model):
    """A report that is mailed again and again, as its subscriber may read it then."""

    _name = "loyalty.reporting.subscription"
    _description = "Report by Mail"
    _inherit = ["mail.thread", "mail.activity.mixin"]
    _order = "name, id"

    name = fields.Char(required=True, help="The subject of the mails.")
    active = fields.Boolean(default=True)
    state = fields.Selection(
        [("running", "Running"), ("paused", "Paused")],
        required=True,
        readonly=True,
        default="running",
        tracking=True,
    )
    user_id = fields.Many2one(
        "res.users",
        string="Subscriber",
        required=True,
        readonly=True,
        index=True,
        default=lambda self: self.env.user,
        ondelete="cascade",
        tracking=True,
        help="What is mailed is what the subscriber may read when it is sent.",
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        default=lambda self: self.env.company,
        ondelete="cascade",
    )
    report = fields.Selection(selection="_selection_report", required=True)
    parameters = fields.Json(help="What is asked, without its period.")
    question = fields.Text(compute="_compute_question")
    period = fields.Selection(
        [
            ("today", "Today"),
            ("yesterday", "Yesterday"),
            ("last_7_days", "Last 7 days"),
            ("last_30_days", "Last 30 days"),
            ("last_90_days", "Last 90 days"),
            ("last_365_days", "Last 365 days"),
            ("this_week", "This week"),
            ("last_week", "Last week"),
            ("this_month", "This month"),
            ("last_month", "Last month"),
            ("this_quarter", "This quarter"),
            ("last_quarter", "Last quarter"),
            ("this_year", "This year"),
            ("last_year", "Last year"),
        ],
        compute="_compute_period",
        store=True,
        precompute=True,
        readonly=False,
        required=True,
        help="Told from the company's business day on which it is sent.",
    )
    file_format = fields.Selection(
        [("xlsx", "Workbook (XLSX)"), ("csv", "Text (CSV)")],
        string="Format",
        required=True,
        default="xlsx",
    )
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        required=True,
        default=lambda self: self.env.lang or "en_US",
        help="Of the mail and of the workbook.",
    )
    recipient_ids = fields.Many2many(
        "res.users",
        relation="loyalty_reporting_subscription_recipient_rel",
        string="Recipients",
        domain=[("share", "=", False)],
        context={"active_test": False},
        default=lambda self: self.env.user,
        help="Colleagues. Who is archived gets no mail any more.",
    )
    partner_ids = fields.Many2many(
        "res.partner",
        relation="loyalty_reporting_subscription_partner_rel",
        string="Recipients Outside",
        context={"active_test": False},
        tracking=True,
        help="Contacts who are no internal users. Only managers of Loyalty Reporting "
        "may add them: the figures leave the company.",
    )
    frequency = fields.Selection(
        [
            ("daily", "Every Day"),
            ("weekly", "Every Week"),
            ("monthly", "Every Month"),
            ("cron", "Cron Expression"),
        ],
        string="Send",
        required=True,
        default="monthly",
    )
    weekday = fields.Selection(
        [
            ("1", "Monday"),
            ("2", "Tuesday"),
            ("3", "Wednesday"),
            ("4", "Thursday"),
            ("5", "Friday"),
            ("6", "Saturday"),
            ("7", "Sunday"),
        ],
        string="On",
        default="1",
    )
    month_day = fields.Selection(
        selection="_selection_month_day", string="On Day", default="1"
    )
    hour = fields.Float(string="At", default=7.0, aggregator=None)
    expression = fields.Char(
        string="Cron",
        compute="_compute_expression",
        store=True,
        precompute=True,
        readonly=False,
        help="Minute, hour, day of the month (L: the last), month, day of the week. "
        "0 7 * * 1-5 is at 7:00 from Monday to Friday.",
    )
    tz = fields.Selection(
        _tz_get,
        string="Time Zone",
        required=True,
        default=lambda self: self.env.user.tz or self.env.company.loyalty_reporting_tz,
        help="Whose clock the schedule means.",
    )
    next_at = fields.Datetime(
        string="Next", compute="_compute_next_at", store=True, index=True
    )
    upcoming = fields.Char(string="Next Times", compute="_compute_upcoming")
    sending_ids = fields.One2many(
        "loyalty.reporting.sending", "subscription_id", string="Log", readonly=True
    )

    last_state = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.reporting.sending"]
            ._fields["state"]
            ._description_selection(self.env)
        ),
        string="Last Sending",
        compute="_compute_last_state",
    )

    @api.depends("frequency")
    def _compute_period(self):
        for subscription in self:
            usual = _USUAL.get(subscription.frequency)
            subscription.period = usual or subscription.period or "yesterday"

    @api.depends("frequency", "weekday", "month_day", "hour")
    def _compute_expression(self):
        for subscription in self:
            minutes = round(60 * (subscription.hour or 0)) % (24 * 60)
            subscription.expression = {
                "daily": schedule.daily(minutes),
                "weekly": schedule.weekly(minutes, subscription.weekday or "1"),
                "monthly": schedule.monthly(minutes, subscription.month_day or "1"),
            }.get(subscription.frequency, subscription.expression)

    @api.depends("expression", "tz", "state", "active")
    def _compute_next_at(self):
        for subscription in self:
            is_running = subscription.active and subscription.state == "running"
            found = subscription._next(1) if is_running else ()
            subscription.next_at = found[0] if found else False

    @api.depends("expression", "tz")
    @api.depends_context("lang")
    def _compute_upcoming(self):
        for subscription in self:
            shown = [
                format_datetime(self.env, at, subscription.tz, "EEE d MMM y, HH:mm")
                for at in subscription._next(_SHOWN)
            ]
            subscription.upcoming = "; ".join(shown)

    @api.depends("sending_ids.state")
    def _compute_last_state(self):
        for subscription in self:
            subscription.last_state = subscription.sending_ids[:1].state

    @api.depends("report", "parameters", "period", "company_id")
    @api.depends_context("uid", "lang")
    def _compute_question(self):
        reader = self.env["loyalty.reporting.reader"]
        for subscription in self:
            try:
                query = subscription._query_as(self.env.user)
                told = reader._told(query, subscription.parameters or {})
                subscription.question = told
            except (AccessError, ReportingError) as error:
                subscription.question = str(error)

    @api.constrains("report", "parameters", "company_id", "user_id")
    def _check_question(self):
        for subscription in self:
            try:
                query = subscription._query_as(subscription.user_id)
                keys_of(query, self.env.cr)
            except ReportingError as error:
                raise ValidationError(str(error)) from error

    @api.constrains("expression", "tz")
    def _check_expression(self):
        for subscription in self:
            try:
                schedule.check(subscription.expression, fields.Datetime.now())
            except ReportingError as error:
                raise ValidationError(str(error)) from error

    @api.constrains("recipient_ids")
    def _check_recipients(self):
        if outside := self.sudo().recipient_ids.filtered("share"):
            raise ValidationError(
                self.env._(
                    "%(names)s are no internal users: a manager may add them as "
                    "recipients outside.",
                    names=", ".join(outside.mapped("name")),
                )
            )

    @api.model_create_multi
    def create(self, vals_list):
        """Make subscriptions of the user's own."""
        for values in vals_list:
            self._check_rights(values)
        return super().create(vals_list)

    def write(self, values):
        """Change subscriptions; whose they are can only become the user."""
        self._check_rights(values)
        return super().write(values)

    def unlink(self):
        """Take back what is on its way, too."""
        self.sudo().sending_ids._take_back()
        return super().unlink()

    # ------------------------------------------------------------ actions

    def action_new(self):
        """Open the wizard, in which it is said what is mailed."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_reporting.loyalty_reporting_export_action"
        )
        name = self.env._("New Report by Mail")
        return {**action, "name": name, "context": {"default_is_for_mail": True}}

    def action_pause(self):
        """Send nothing until it is resumed."""
        self.write({"state": "paused"})

    def action_resume(self):
        """Send again, from the next time on."""
        self.write({"state": "running"})

    def action_send_now(self):
        """Have the report sent in the background; the schedule stays as it is."""
        self.ensure_one()
        self.check_access("write")
        is_open = self.sending_ids.filtered(lambda sending: sending._is_open())
        if not is_open:
            now = fields.Datetime.now()
            self.sudo().sending_ids = [
                fields.Command.create({"due_at": now, "next_try_at": now})
            ]
            self._wake()
        text = self.env._("It is on its way already.")
        if not is_open:
            text = self.env._("It is sent in the background; the log says when it is.")
        return notification(self.name, text, following=RELOAD)

    def action_take_over(self):
        """Make the user the subscriber: what is mailed is what they may read."""
        self.write({"user_id": self.env.uid})

    def action_change_question(self):
        """Open the wizard with what is asked."""
        self.ensure_one()
        return self.env["loyalty.reporting.export"]._action_of_subscription(self)

    # ------------------------------------------------------------ business

    @api.model
    def _selection_report(self):
        translate = self.env["loyalty.reporting.reader"]._translate()
        return [(slug, translate(report.title)) for slug, report in REPORTS.items()]

    @api.model
    def _selection_month_day(self):
        last = self.env._("The last day")
        return [(str(day), str(day)) for day in range(1, 29)] + [
            (schedule.LAST_DAY, last)
        ]

    def _check_rights(self, values):
        """Refuse what only managers may do, and what nobody may."""
        if self.env.su:
            return
        if values.get("user_id", self.env.uid) != self.env.uid:
            raise AccessError(
                self.env._("Nobody can be made to subscribe: take it over yourself.")
            )
        if values.get("partner_ids") and not self.env.user.has_group(MANAGER):
            raise AccessError(
                self.env._("Only managers of Loyalty Reporting add recipients outside.")
            )
        if "state" in values and values["state"] not in ("running", "paused"):
            raise UserError(self.env._("A report by mail is running or paused."))

    def _next(self, count):
        """Return the next instants; none while the schedule is none."""
        try:
            now = fields.Datetime.now()
            return schedule.upcoming(self.expression or "", self.tz, now, count)
        except ReportingError:
            return []

    def _given(self):
        """Return the parameters that ask the report today."""
        self.ensure_one()
        company = self.sudo().company_id
        asked = texts_of(self.parameters or {})
        now = local(fields.Datetime.now(), company._zone_of_days())
        date_from, date_to = period(self.period, now.date())
        return {name: v for name, v in asked.items() if name not in _OWN} | {
            "date_from": [date_from.isoformat()],
            "date_to": [date_to.isoformat()],
            "company_id": [str(company.id)],
        }

    def _query_as(self, user):
        """Return the question, if a user may ask it now.

        :raise AccessError: the user may not, or was archived
        :raise ReportingError: it cannot be asked (any more)
        """
        self.ensure_one()
        if not user.sudo().active:
            raise AccessError(self.env._("The subscriber was archived."))
        reader = self.env["loyalty.reporting.reader"].with_user(user)
        try:
            return reader._query(self.report, self._given())
        except NotFound as error:
            if error.parameter == "company_id":
                raise AccessError(str(error)) from error
            raise

    def _addressees(self):
        """Return (the partners to whom it is mailed now, who is left out, in words).

        Colleagues who were archived, and who became external users, get nothing.
        """
        self.ensure_one()
        users = self.recipient_ids.filtered(lambda u: u.active and not u.share)
        partners = users.partner_id | self.partner_ids.filtered("active")
        found = partners.filtered("email")
        left = (self.recipient_ids - users).partner_id | self.partner_ids - found
        left |= partners - found
        text = self.env._(
            "Left out, archived or without an address: %(names)s",
            names=", ".join(left.mapped("name")),
        )
        return found, text if left else ""

    @api.model
    def _wake(self):
        self.env.ref("loyalty_reporting.ir_cron_sending").sudo()._trigger()

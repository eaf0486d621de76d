"""Pivots and graphs of what is archived say so, instead of showing what is left."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core.errors import StoreError
from ..core.stores import archived

# In the context: above the figures stands since when rows are here. Our views say so
# themselves; a spreadsheet, for example, does not.
SHOWN = "loyalty_reporting_horizon_shown"
_DAY = timedelta(days=1)
_ALWAYS = (date.min, date.max)


class LoyaltyReportingHorizon(models.AbstractModel):
    """Refuses a pivot or graph of a period of which rows are in archive files alone.

    Under a notice, it shows the business days that are here as a whole. Lists show all
    that is here, also in their groups.
    """

    _name = "loyalty.reporting.horizon"
    _description = "Loyalty Reporting: horizon"
    # The view of the months whose rows are away; empty: none ever are.
    _months_away = ""

    @api.model
    @api.readonly
    def web_read_group(self, *args, **kwargs):
        listed = self.with_context(**{SHOWN: "list"})
        return super(LoyaltyReportingHorizon, listed).web_read_group(*args, **kwargs)

    @api.model
    @api.readonly
    def formatted_read_group(self, domain, groupby=(), aggregates=(), *args, **kwargs):
        def read(model, kept):
            return super().formatted_read_group(
                kept, groupby, aggregates, *args, **kwargs
            )

        return self._read_whole(read, domain, [groupby], aggregates, args, kwargs)

    @api.model
    @api.readonly
    def formatted_read_grouping_sets(
        self, domain, grouping_sets, aggregates=(), *, order=None
    ):
        def read(model, kept):
            return super().formatted_read_grouping_sets(
                kept, grouping_sets, aggregates, order=order
            )

        return self._read_whole(read, domain, grouping_sets, aggregates, order)

    def _read_whole(self, read, domain, *asked):
        """Return what is read of rows that are here, while it is read too.

        :param read: function of this model, on some cursor, and the domain to be read
        :param asked: by what, and which aggregates
        """
        if not self._months_away:
            return read(self, domain)

        def on(cr):
            return self.with_env(self.env(cr=cr))

        try:
            return archived.read_whole(
                lambda cr, seen: read(on(cr), seen[0]),
                lambda cr: (on(cr)._here(domain, *asked), on(cr)._past_away(*asked)),
                self.env.cr,
                self.env["loyalty.reporting.reader"]._primary_cursor,
            )
        except StoreError as error:
            raise UserError(str(error)) from error

    def _here(self, domain, *asked):
        """Return the domain of what is here of what is asked for.

        :raise UserError: some of the rows that would add up are archived, and nothing
            says so
        """
        shown = self.env.context.get(SHOWN)
        months = archived.away(self.env.cr, self._months_away)
        if shown == "list" or not months or self._reads_rollup(domain, *asked):
            return domain
        first, last = _span(Domain(domain).optimize(self))
        spans = {month: self._days_of(month) for month in months}
        missing = [
            m for m, (begin, end) in spans.items() if begin <= last and end >= first
        ]
        if not missing:
            return domain
        if shown:
            return Domain(domain) & _outside([spans[month] for month in missing])
        raise UserError(
            self.env._(
                "%(name)s from %(first)s to %(last)s is archived: told apart like "
                "this, it can be shown from %(since)s on. Filter by business day, or "
                "let an administrator restore the months.",
                name=self._description,
                first=f"{missing[0]:%Y-%m}",
                last=f"{missing[-1]:%Y-%m}",
                since=archived.here_since(months, self._zones()),
            )
        )

    def _past_away(self, *_asked):
        """Return the months that are away of what is added up from the first row on."""
        return []

    def _days_of(self, month):
        """Return the (first, last) business day of which a month has rows."""
        days = [archived.days_of(month, zone) for zone in self._zones()]
        return min(first for first, _ in days), max(last for _, last in days)

    def _zones(self):
        """Return the zones that a month cuts the days of; None: it cuts none."""
        if not self._is_by_instant:
            return [None]
        names = {company._zone_of_days() for company in self.env.companies}
        return [ZoneInfo(name) for name in sorted(names)]

    def _reads_rollup(self, *_asked):
        """Tell whether a question is answered by sums that are never archived."""
        return False

    @api.model
    def _here_since(self):
        """Return the first business day since when all rows are here, or None."""
        months = self._months_away and archived.away(self.env.cr, self._months_away)
        return archived.here_since(months, self._zones()) if months else None


def _outside(spans):
    """Return the domain of the days outside of some (first, last) days, in order."""
    joined = []
    for first, last in spans:
        is_next = joined and first <= joined[-1][1] + _DAY
        joined.append((joined.pop()[0] if is_next else first, last))
    return Domain.AND(
        Domain("date", "<", first) | Domain("date", ">", last) for first, last in joined
    )


def _span(domain):
    """Return the (first, last) business day that a domain lets through."""
    spans = [*map(_span, getattr(domain, "children", ()))]
    operator = getattr(domain, "OPERATOR", "")
    if operator == "&":
        return max(first for first, _ in spans), min(last for _, last in spans)
    if operator == "|":
        return min(first for first, _ in spans), max(last for _, last in spans)
    return _span_of(domain)


def _span_of(condition):
    if getattr(condition, "field_expr", "") not in ("date", "transaction_date"):
        return _ALWAYS
    value, operator = condition.value, condition.operator
    days = [_day(each) for each in (value if operator == "in" else [value])]
    if not days or None in days:
        return _ALWAYS
    if operator in (">", ">="):
        return days[0], date.max
    if operator in ("<", "<="):
        return date.min, days[0] - _DAY if operator == "<" else days[0]
    return (min(days), max(days)) if operator == "in" else _ALWAYS


def _day(value):
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None

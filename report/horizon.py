"""Pivots and graphs of what is archived say so, instead of showing what is left."""

from datetime import date, datetime, timedelta

from odoo import api, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ..core.stores import archived
from ..core.stores.partitions import following

# In the context: above the figures stands since when rows are here, as the views of single
# rows have it. A spreadsheet, for example, has not.
SHOWN = "loyalty_reporting_horizon_shown"
_DAY = timedelta(days=1)
_ALWAYS = (date.min, date.max)


class LoyaltyReportingHorizon(models.AbstractModel):
    """Refuses a pivot or graph of a period of which rows are in archive files alone.

    Lists show what is here.
    """

    _name = "loyalty.reporting.horizon"
    _description = "Loyalty Reporting: horizon"
    # The view of the months whose rows are away; empty: none ever are.
    _months_away = ""

    @api.model
    @api.readonly
    def formatted_read_group(self, domain, groupby=(), aggregates=(), *args, **kwargs):
        self._check_horizon(domain, [groupby], aggregates, args, kwargs)
        return super().formatted_read_group(
            domain, groupby, aggregates, *args, **kwargs
        )

    @api.model
    @api.readonly
    def formatted_read_grouping_sets(
        self, domain, grouping_sets, aggregates=(), *, order=None
    ):
        self._check_horizon(domain, grouping_sets, aggregates, order)
        return super().formatted_read_grouping_sets(
            domain, grouping_sets, aggregates, order=order
        )

    @api.model
    def _check_horizon(self, domain, grouping_sets, aggregates, *elsewhere):
        """Raise UserError if some of the rows that would add up are archived."""
        if not self._months_away or self.env.context.get(SHOWN):
            return
        months = archived.away(self.env.cr, self._months_away)
        if not months or self._reads_rollup(
            domain, grouping_sets, aggregates, *elsewhere
        ):
            return
        first, last = _span(Domain(domain).optimize(self))
        # A business day may begin in the month before, or end in the one after.
        missing = [m for m in months if m - _DAY <= last and following(m) >= first]
        if missing:
            raise UserError(
                self.env._(
                    "%(name)s from %(first)s to %(last)s is archived: told apart like "
                    "this, it can be shown from %(since)s on. Filter by business day, or "
                    "let an administrator restore the months.",
                    name=self._description,
                    first=f"{missing[0]:%Y-%m}",
                    last=f"{missing[-1]:%Y-%m}",
                    since=following(months[-1]) + _DAY,
                )
            )

    def _reads_rollup(self, *_asked):
        """Tell whether a question is answered by sums that are never archived."""
        return False


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

"""How the rows of every report's pivot add up, and what all of them have."""

from datetime import date, datetime, time, timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

_BOUNDS = ("<", "<=", ">", ">=")


class LoyaltyReportingMeasures(models.AbstractModel):
    """Dimensions and aggregates that all reports have in common.

    Distinct counts count an identity of the row, ratios divide sums by sums: both are
    right at every grouping, in graphs, pivots and their totals.
    """

    _name = "loyalty.reporting.measures"
    _inherit = [
        "loyalty.reporting.group.limit",
        "loyalty.reporting.horizon",
        "loyalty.reporting.grouping.order",
    ]
    _description = "Loyalty Reporting: measures"
    # Measure → the column whose values are counted, NULL where a row does not count.
    _distinct = {}
    # Measure → (numerator, denominator), each a sum of aggregates.
    _ratios = {}
    # Rows lie in partitions by their instant, ``transaction_date``.
    _is_by_instant = False
    # (field, n): the integer part of id ÷ n. An index begins with it.
    _id_part = ()

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    customer_key = fields.Many2one(
        "loyalty.reporting.customer", string="Customer", readonly=True
    )
    odoo_partner_id = fields.Many2one("res.partner", string="Contact", readonly=True)
    date = fields.Date(
        string="Business Day",
        readonly=True,
        help="The day in the company's reporting time zone. Grouped by week, it is cut "
        "as your language says; “ISO Week” always begins on Monday.",
    )
    week = fields.Date(
        string="ISO Week", readonly=True, help="The Monday of the business day's week."
    )

    @property
    def _table_query(self):
        raise NotImplementedError

    @api.model
    def _read_group_select(self, aggregate_spec, query):
        name, _, function = aggregate_spec.partition(":")
        if name in self._distinct:
            column = SQL.identifier(self._table, self._distinct[name])
            return SQL("COUNT(DISTINCT %s)", column)
        if name in self._ratios:
            above, below = (
                SQL(" + ").join(self._read_group_select(spec, query) for spec in side)
                for side in self._ratios[name]
            )
            return SQL("(%s)::numeric / NULLIF(%s, 0)", above, below)
        if (
            function in ("sum", "sum_currency")
            and self._fields[name].type == "monetary"
        ):
            return self._sum_of_one_currency(name, query)
        return super()._read_group_select(aggregate_spec, query)

    def _sum_of_one_currency(self, name, query):
        """Return the sum of an amount; NULL over rows of several currencies."""
        total = SQL("SUM(%s)", self._field_to_sql(self._table, name, query))
        if not self.env.su and len(self.env.companies.currency_id) == 1:
            return total
        currency = self._field_to_sql(self._table, "currency_id", query)
        return SQL("CASE WHEN MIN(%s) = MAX(%s) THEN %s END", currency, currency, total)

    def _search(self, domain, *args, **kwargs):
        """Let an index find rows by their id, and partitions be left out by the day."""
        domain = Domain(domain).optimize(self)
        if self._id_part:
            domain = domain.map_conditions(self._by_id_part)
        if self._is_by_instant and not self._is_rollup():
            domain = domain.map_conditions(_by_instant)
        return super()._search(domain, *args, **kwargs)

    def _by_id_part(self, condition):
        if condition.field_expr != "id" or condition.operator not in ("=", "in"):
            return condition
        field, size = self._id_part
        value = condition.value
        ids = [value] if isinstance(value, int) else value
        return condition & Domain(field, "in", [row // size for row in ids if row])

    def _is_rollup(self):
        """Tell whether a rollup is read in place of the rows."""
        return False

    def _window(self, xml_id, domain, context=None):
        """Return an action of ours on the records of a domain, as a list."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            f"loyalty_reporting.{xml_id}"
        )
        views = [(False, "list"), (False, "form")]
        return {**action, "domain": domain, "context": context or {}, "views": views}


def _by_instant(condition):
    """Add to a condition on the business day what follows for the instant.

    A day of any time zone begins less than a day before UTC's, and ends less than a day
    after it.
    """
    if condition.field_expr != "date":
        return condition
    value = condition.value
    days = [value] if condition.operator in _BOUNDS else value
    if condition.operator not in (*_BOUNDS, "in") or not _are_days(days):
        return condition
    found = condition
    if condition.operator not in ("<", "<="):
        since = datetime.combine(min(days), time.min) - timedelta(days=1)
        found &= Domain("transaction_date", ">=", since)
    if condition.operator not in (">", ">="):
        until = datetime.combine(max(days), time.min) + timedelta(days=2)
        found &= Domain("transaction_date", "<", until)
    return found


def _are_days(values):
    return bool(values) and all(type(value) is date for value in values)

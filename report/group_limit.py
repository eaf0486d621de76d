"""Pivots and graphs of too many groups say so, instead of filling the browser."""

from functools import lru_cache

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

# What a pivot can still show and a person still read.
MOST_GROUPS = 10_000
# Days of a bucket, at least. Facts are younger than 2000 (loyalty_reporting_is_instant).
_DAYS = {"day": 1, "week": 7, "month": 28, "quarter": 90, "year": 365}
_FIRST_DAY = fields.Date.to_date("2000-01-01")
# Tables of which counting all rows is nothing.
_SMALL = {
    "res.company",
    "res.currency",
    "loyalty.reporting.program",
    "loyalty.reporting.shop",
    "loyalty.reporting.membership.product",
}
# Texts → the table each of whose rows has one of them.
_TEXTS = {
    "program_type": "loyalty.reporting.program",
    "membership_level": "loyalty.reporting.membership.product",
    "from_membership_level": "loyalty.reporting.membership.product",
    "to_membership_level": "loyalty.reporting.membership.product",
}


class LoyaltyReportingGroupLimit(models.AbstractModel):
    """Refuses a pivot or graph of more than ``MOST_GROUPS`` groups, before it is read.

    Lists are read page by page, files in the background: neither is bounded.
    """

    _name = "loyalty.reporting.group.limit"
    _description = "Loyalty Reporting: limit of groups"

    @api.model
    @api.readonly
    def formatted_read_group(  # noqa: PLR0913, PLR0917 (as Odoo's)
        self,
        domain,
        groupby=(),
        aggregates=(),
        having=(),
        offset=0,
        limit=None,
        order=None,
    ):
        if not limit:
            self._check_groups(domain, [groupby])
        return super().formatted_read_group(
            domain, groupby, aggregates, having, offset, limit, order
        )

    @api.model
    @api.readonly
    def formatted_read_grouping_sets(
        self, domain, grouping_sets, aggregates=(), *, order=None
    ):
        self._check_groups(domain, grouping_sets)
        return super().formatted_read_grouping_sets(
            domain, grouping_sets, aggregates, order=order
        )

    def _web_read_group_groupby_formatter(self, groupby_spec, values):
        """Format each value once: thousands of cells share a few months and programs."""
        formatter = super()._web_read_group_groupby_formatter(groupby_spec, values)
        # By type too: no product (False) is not product 0.
        return lru_cache(maxsize=None, typed=True)(formatter)

    @api.model
    def _check_groups(self, domain, grouping_sets):
        """Raise UserError if the finest of the groupings have too many groups."""
        for groupby in _finest(grouping_sets):
            if self._at_most(groupby) <= MOST_GROUPS:
                continue
            found = self._count_groups(domain, groupby)
            if found > MOST_GROUPS:
                raise UserError(
                    self.env._(
                        "%(found)s groups would have to be shown; at most %(most)s can "
                        "be. Filter first, for example by business day or program, or "
                        "group by less: by month instead of by day.",
                        found=f"{found:,}",
                        most=f"{MOST_GROUPS:,}",
                    )
                )

    def _count_groups(self, domain, groupby):
        """Return how many groups there are; no measure of theirs is computed."""
        query = self._search(domain)
        if query.is_empty():
            return 0
        terms = [self._read_group_groupby(self._table, spec, query) for spec in groupby]
        query.groupby, query.order = SQL(", ").join(terms), None
        counted = SQL("SELECT COUNT(*) FROM (%s) g", query.select(SQL("1")))
        [(found,)] = self.env.execute_query(counted)
        return found

    def _at_most(self, groupby):
        """Return a number of groups that cannot be exceeded, without looking at rows."""
        most = 1
        for spec in groupby:
            most *= self._most_of(spec)
            if most > MOST_GROUPS:
                break
        return most

    def _most_of(self, spec):
        path, _, granularity = spec.partition(":")
        field = self._fields.get(path)
        if field is None:
            return MOST_GROUPS + 1
        if granularity in _DAYS:
            days = (fields.Date.today() - _FIRST_DAY).days
            return days // _DAYS[granularity] + 2
        if field.type == "boolean":
            return 2
        if field.type == "selection":
            return len(field.get_values(self.env)) + 1
        named = field.comodel_name if field.type == "many2one" else _TEXTS.get(path)
        if named in _SMALL:
            members = self.env[named].sudo()
            return members.with_context(active_test=False).search_count([]) + 1
        return MOST_GROUPS + 1


def _finest(grouping_sets):
    """Return the groupings that are part of no other."""
    sets = {frozenset(groupby): tuple(groupby) for groupby in grouping_sets}
    return [by for key, by in sets.items() if by and not any(key < o for o in sets)]

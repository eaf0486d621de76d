"""Sums are read from a stored rollup wherever that has all that is asked for."""

from odoo import models
from odoo.fields import Domain
from odoo.tools import SQL

from ..core.stores import archived

# Values that no caller can put into the context.
_ROLLUP, _HISTORY = object(), object()
_KEY = "loyalty_reporting_rollup"


class LoyaltyReportingRollup(models.AbstractModel):
    """Of a model's rows there is a smaller table of sums, with fewer columns.

    Its rows have the names of the model's fields; sums and ratios of sums come out the
    same. Distinct counts need identities, so they read the rows.

    The changes of levels, from the very first row on, are kept when rows are archived.
    """

    _name = "loyalty.reporting.rollup"
    _description = "Loyalty Reporting: rollups"
    # The fields that the rollup has, and the one whose sum is the number of rows.
    _rollup_fields = frozenset()
    _rollup_count = ""

    @property
    def _table_query(self):
        if self._is_rollup():
            return self._rollup_query()
        return self._history_query() if self._is_history() else self._rows_query()

    def _history_query(self):
        raise NotImplementedError

    def _rows_query(self):
        raise NotImplementedError

    def _rollup_query(self):
        raise NotImplementedError

    def _read_group(self, domain, groupby=(), aggregates=(), *args, **kwargs):
        model = self._where_answered(domain, [groupby], aggregates, args, kwargs)
        return super(LoyaltyReportingRollup, model)._read_group(
            domain, groupby, aggregates, *args, **kwargs
        )

    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        model = self._where_answered(domain, grouping_sets, aggregates, order)
        return super(LoyaltyReportingRollup, model)._read_grouping_sets(
            domain, grouping_sets, aggregates, order
        )

    def _count_groups(self, domain, groupby):
        model = self._where_answered(domain, [groupby], ())
        return super(LoyaltyReportingRollup, model)._count_groups(domain, groupby)

    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec == "__count" and self._is_rollup():
            column = SQL.identifier(self._table, self._rollup_count)
            return SQL("COALESCE(SUM(%s), 0)::bigint", column)
        return super()._read_group_select(aggregate_spec, query)

    def _is_rollup(self):
        """Tell whether a rollup is read in place of the rows."""
        return self.env.context.get(_KEY) is _ROLLUP

    def _is_history(self):
        """Tell whether changes of levels are read in place of the rows."""
        return self.env.context.get(_KEY) is _HISTORY

    def _of_history(self):
        # Rows that are here all tell it, too, and are read for the groups anyway.
        is_cut = self._months_away and archived.away(self.env.cr, self._months_away)
        return self.with_context(**{_KEY: _HISTORY}) if is_cut else self

    def _reads_rollup(self, domain, grouping_sets, aggregates, *elsewhere):
        asked = (domain, grouping_sets, aggregates, *elsewhere)
        return self._where_answered(*asked)._is_rollup()

    def _where_answered(self, domain, grouping_sets, aggregates, *elsewhere):
        """Return this model, over the rollup if that has all that is asked for.

        :param elsewhere: what else names aggregates: ``having``, ``order``
        """
        names = {_field(spec) for groupby in grouping_sets for spec in groupby}
        names |= {_field(spec) for spec in aggregates if spec != "__count"}
        names |= self._fields_of(domain)
        missing = self._fields.keys() - self._rollup_fields
        others = {name for name in missing if f"{name}:" in str(elsewhere)}
        if names <= self._rollup_fields and not others:
            return self.with_context(**{_KEY: _ROLLUP})
        return self

    def _fields_of(self, domain):
        """Return the fields by which a user's rows are filtered, by rules too."""
        domain = Domain(domain)
        if not self.env.su:
            domain &= self.env["ir.rule"]._compute_domain(self._name, "read")
        return {_field(condition.field_expr) for condition in domain.iter_conditions()}


def _field(spec):
    return spec.partition(":")[0].partition(".")[0]

"""Levels, such as the number of members: the last value of a bucket, never a sum."""

from bisect import bisect_right
from collections import defaultdict
from decimal import Decimal
from itertools import accumulate

from odoo import models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

from ..core.stores import archived

# By what a bucket of time is told, and a period filtered.
_TIME = frozenset({"date", "week"})
_LAST_DAY = "date:max"


class LoyaltyReportingLevels(models.AbstractModel):
    """Adds up changes from the very first row to the end of a group's bucket.

    Of a group, all rows that it could have had before count too, also those that the
    question's period leaves out. It ends on the last day on which the group has a row:
    after that nothing changed in it.
    """

    _name = "loyalty.reporting.levels"
    _description = "Loyalty Reporting: levels"
    # Measure → the field of its changes.
    _levels = {}
    # Of each level, the fields besides time that rows may be filtered and grouped by.
    # By others, changes do not add up to a level: it is empty.
    _level_keys = {}

    def _read_group(  # noqa: PLR0913, PLR0917 (as Odoo's)
        self,
        domain,
        groupby=(),
        aggregates=(),
        having=(),
        offset=0,
        limit=None,
        order=None,
    ):
        asked = self._asked_levels(aggregates, f"{having or ''}{order or ''}")
        if not asked:
            return super()._read_group(
                domain, groupby, aggregates, having, offset, limit, order
            )
        rows = super()._read_group(
            domain, groupby, (*aggregates, _LAST_DAY), having, offset, limit, order
        )
        [rows] = self._with_levels(domain, [groupby], [rows], asked, len(aggregates))
        return rows

    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        asked = self._asked_levels(aggregates, order or "")
        if not asked:
            return super()._read_grouping_sets(domain, grouping_sets, aggregates, order)
        found = super()._read_grouping_sets(
            domain, grouping_sets, (*aggregates, _LAST_DAY), order
        )
        return self._with_levels(domain, grouping_sets, found, asked, len(aggregates))

    def _read_group_select(self, aggregate_spec, query):
        if aggregate_spec.partition(":")[0] in self._levels:
            return SQL("NULL::numeric")
        return super()._read_group_select(aggregate_spec, query)

    def _asked_levels(self, aggregates, elsewhere):
        """Return {place: level} of the levels among some aggregates."""
        for name in self._levels:
            if f"{name}:" in elsewhere:
                raise UserError(
                    self.env._(
                        "Groups cannot be ordered or filtered by “%(measure)s”: it is "
                        "the last value of each group, not one of its rows' values.",
                        measure=self._fields[name]._description_string(self.env),
                    )
                )
        names = [spec.partition(":")[0] for spec in aggregates]
        return {n: name for n, name in enumerate(names) if name in self._levels}

    def _with_levels(self, domain, grouping_sets, found, asked, count):
        """Return found rows with their levels, without the last day after them."""
        histories = {
            name: self._histories(name, domain, grouping_sets)
            for name in set(asked.values())
        }
        return [
            [
                self._with_level(groupby, row[: len(groupby) + count], row[-1], asked,
                                 histories)
                for row in rows
            ]
            for groupby, rows in zip(grouping_sets, found, strict=True)
        ]  # fmt: skip

    def _with_level(self, groupby, row, last_day, asked, histories):
        row = list(row)
        keys = tuple(
            value
            for spec, value in zip(groupby, row[: len(groupby)], strict=True)
            if _field(spec) not in _TIME
        )
        for place, name in asked.items():
            history = histories[name].get(_keys(groupby))
            row[len(groupby) + place] = (
                False if history is None else _at(history.get(keys), last_day)
            )
        return tuple(row)

    def _histories(self, name, domain, grouping_sets):
        """Return {fields: {their values: (days, level at the end of each)}}."""
        allowed = self._level_keys[name]
        kept = self._without_time(domain, allowed)
        sets = {_keys(groupby) for groupby in grouping_sets}
        sets = [by for by in sets if {_field(spec) for spec in by} <= allowed]
        if kept is None or not sets:
            return {}
        change = self._levels[name]
        found = self._of_history()._read_grouping_sets(
            kept & Domain(change, "!=", 0),
            [[*by, "date:day"] for by in sets],
            [f"{change}:sum"],
        )
        return {by: _levels(rows) for by, rows in zip(sets, found, strict=True)}

    def _past_away(self, _grouping_sets, aggregates, *_elsewhere):
        is_asked = any(spec.partition(":")[0] in self._levels for spec in aggregates)
        return archived.all_away(self.env.cr) if is_asked else []

    def _of_history(self):
        """Return this model over the changes of levels alone, wherever those are."""
        return self

    def _without_time(self, domain, allowed):
        """Return a domain without its period; None if no level has such a domain."""
        kept = Domain.TRUE
        for part in _parts(Domain(domain).optimize(self)):
            names = {_field(c.field_expr) for c in part.iter_conditions()}
            if names <= _TIME and names:
                continue
            if not names <= allowed:
                return None
            kept &= part
        return kept


def _parts(domain):
    """Return the domains all of which must hold."""
    return domain.children if getattr(domain, "OPERATOR", "") == "&" else (domain,)


def _field(spec):
    return spec.partition(":")[0].partition(".")[0]


def _keys(groupby):
    """Return what is grouped by besides time."""
    return tuple(spec for spec in groupby if _field(spec) not in _TIME)


def _levels(rows):
    changes = defaultdict(list)
    for *keys, day, change in sorted(rows, key=lambda row: row[-2]):
        changes[tuple(keys)].append((day, _exact(change)))
    found = {}
    for keys, steps in changes.items():
        days, values = zip(*steps, strict=True)
        found[keys] = (days, [*accumulate(values)])
    return found


def _exact(change):
    """Return a sum without the error that Odoo's floats would add up to."""
    return Decimal(str(change)) if isinstance(change, float) else change


def _at(history, day):
    if not day:  # No row, such as the total of a period without any.
        return False
    if not history:
        return 0
    days, values = history
    place = bisect_right(days, day)
    value = values[place - 1] if place else 0
    return float(value) if isinstance(value, Decimal) else value

"""Groups are put in the order of their names after they were read, not while."""

from odoo import models
from odoo.tools import unique

_COMPARABLE = ("many2one", "date", "datetime", "integer", "boolean")


class LoyaltyReportingGroupingOrder(models.AbstractModel):
    """Orders groups by the records that they are named after.

    Odoo would have PostgreSQL group by the names too, and so compare the texts of two
    names for each two rows: that takes longer than everything else.
    """

    _name = "loyalty.reporting.grouping.order"
    _description = "Loyalty Reporting: order of groups"

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
        by_name = not (limit or offset) and self._is_by_name([groupby], order)
        found = super()._read_group(
            domain,
            groupby,
            aggregates,
            having,
            offset,
            limit,
            None if by_name else order,
        )
        return self._in_order([groupby], [found])[0] if by_name else found

    def _read_grouping_sets(self, domain, grouping_sets, aggregates=(), order=None):
        if not self._is_by_name(grouping_sets, order):
            return super()._read_grouping_sets(domain, grouping_sets, aggregates, order)
        found = super()._read_grouping_sets(domain, grouping_sets, aggregates)
        return self._in_order(grouping_sets, found)

    def _is_by_name(self, grouping_sets, order):
        """Tell whether nothing but the order of the groups' names is asked for."""
        specs = list(unique(spec for groupby in grouping_sets for spec in groupby))
        if not order or order.replace(" ", "").split(",") != specs:
            return False
        fields = [self._fields.get(spec.partition(":")[0]) for spec in specs]
        kinds = [field.type if field else "path" for field in fields]
        return "many2one" in kinds and all(kind in _COMPARABLE for kind in kinds)

    def _in_order(self, grouping_sets, found):
        """Return rows of groups as their names are ordered, those without one last."""
        ranks = self._ranks(grouping_sets, found)
        return [
            sorted(
                rows,
                key=lambda row, by=groupby: [
                    ranks[spec].get(value.id, len(ranks[spec]))
                    if spec in ranks
                    else self._comparable(spec, value)
                    for spec, value in zip(by, row, strict=False)
                ],
            )
            for groupby, rows in zip(grouping_sets, found, strict=True)
        ]

    def _ranks(self, grouping_sets, found):
        """Return {many2one: {id: its place}}."""
        ids = {}
        for groupby, rows in zip(grouping_sets, found, strict=True):
            for place, spec in enumerate(groupby):
                if self._fields[spec.partition(":")[0]].type == "many2one":
                    ids.setdefault(spec, set()).update(row[place].id for row in rows)
        ranks = {}
        for spec, members in ids.items():
            model = self.env[self._fields[spec].comodel_name].sudo()
            every = model.with_context(active_test=False).search(
                [("id", "in", list(members))]
            )
            ranks[spec] = {number: place for place, number in enumerate(every.ids)}
        return ranks

    def _comparable(self, spec, value):
        is_boolean = self._fields[spec.partition(":")[0]].type == "boolean"
        is_missing = value is None or value is False and not is_boolean
        return (1, 0) if is_missing else (0, value)

"""Resolvers of reports: what is asked follows from arguments and selected fields."""

from dataclasses import dataclass, field
from functools import cached_property

from graphql import GraphQLObjectType

from ...errors import BadQuery
from ...queries.base import HOUR, Listing
from ...queries.params import parameters
from .. import rest
from . import selection
from .arguments import given
from .columns import dimension_of
from .names import camel
from .rows import Ready

_PREVIOUS = "previous_"


class TooLong(BadQuery):
    """A bare list would have more rows than the limit."""


@dataclass(frozen=True)
class Context:
    """What resolvers share during one execution.

    :param reader: answers; see ``execution.execute``
    :param limits: :class:`~core.api.graphql.limits.Limits`
    """

    reader: object
    limits: object
    ready: Ready = field(default_factory=Ready)


@dataclass(frozen=True, eq=False)
class Exposed:
    """A report as the schema shows it.

    :param row: the type of its rows
    :param of_list: the arguments of the bare list
    :param of_page: the arguments of its pages
    """

    report: object
    name: str
    row: GraphQLObjectType
    of_list: tuple
    of_page: tuple

    @cached_property
    def columns(self):
        """Field → column."""
        return {camel(column.name): column for column in self.report.columns}

    @cached_property
    def choices(self):
        """Parameter → its choices."""
        return {p.name: p.choices for p in parameters(self.report)}

    def resolve_list(self, _root, info, **values):
        """Resolve the bare list: all rows, or an error."""
        context, limit = info.context, info.context.limits.rows
        fields = _fields(info, info.field_nodes)
        query = self._query(context, given(self.of_list, values, self.columns), fields)
        answer = context.reader.answer(query.unpaged(limit))
        if answer.total > limit:
            raise TooLong(
                "date_to",
                f"{self.name} has {answer.total} rows, a list at most {limit}: ask for a "
                f"shorter period or coarser rows, or for pages: {self.name}Connection.",
            )
        return context.ready.put(info, self.row, answer.rows)

    def resolve_page(self, _root, info, **values):
        """Resolve a page with what belongs to it."""
        asked = given(self.of_page, values, self.columns)
        parts = selection.below(info, info.field_nodes)
        nodes, totals = (selection.named(parts, name) for name in ("nodes", "totals"))
        fields = _fields(info, [*nodes, *totals])
        if totals:
            asked["totals"] = "true"
        query = self._query(info.context, asked, fields)
        answer = info.context.reader.answer(query)
        # Behind a cursor, pages have no numbers.
        is_numbered = "cursor" not in asked
        return {
            "nodes": answer.rows,
            "totals": getattr(answer, "totals", None),
            "meta": _in_camel_case(rest.meta(query, answer)),
            "pagination": {
                "page": query.page if is_numbered else None,
                "perPage": query.per_page,
                "total": answer.total,
                "nextCursor": getattr(answer, "next_cursor", None) or None,
            },
        }

    def resolve_nodes(self, page, info):
        """Resolve the rows of a page."""
        return info.context.ready.put(info, self.row, page["nodes"])

    def _query(self, context, asked, fields):
        """Return the question; what rows do not have that are asked for, is an error."""
        report = self.report
        columns = self.columns
        wanted = [columns[name].name for name in fields]
        if not isinstance(report, Listing):
            asked = {**self._shown(asked, wanted), **asked}
        query = context.reader.query(report.slug, asked)
        # An hour that is not told apart cannot be taken for one; what else is not there
        # could: an empty store is a sale without a store.
        there = {column.name for column in query.columns} | {HOUR.name}
        for name in wanted:
            if name not in there:
                raise BadQuery(*_absent(report, name))
        return query

    def _shown(self, asked, wanted):
        """Return the measures and dimensions that the selected columns need."""
        report, known = self.report, self.choices
        names = {*wanted, *(n.lstrip("-") for n in asked.get("sort", "").split(","))}
        # What precedes a measure's name is for whoever asks for a comparison.
        measures = {n if n in known["measures"] else _current(n) for n in names}
        apart = {dimension_of(report, name) for name in wanted}
        shown = {
            "measures": [m for m in known["measures"] if m in measures],
            "dimensions": [
                *report.default_dimensions,
                *(
                    d
                    for d in known["dimensions"]
                    if d in apart and d not in report.default_dimensions
                ),
            ],
        }
        return {name: ",".join(values) for name, values in shown.items() if values}


def _fields(info, nodes):
    """Return the names of the fields below some nodes, which may use the same aliases."""
    found = {
        name: None
        for node in nodes
        for name in selection.field_names(selection.below(info, [node]))
    }
    return [name for name in found if not name.startswith("__")]


def _in_camel_case(value):
    if not isinstance(value, dict):
        return value
    return {camel(name): _in_camel_case(one) for name, one in value.items()}


def _current(name):
    return name.removeprefix(_PREVIOUS)


def _absent(report, name):
    dimension = dimension_of(report, name)
    if dimension:
        return (
            "dimensions",
            f"{camel(name)} needs the dimension {dimension}, which the argument dimensions "
            "leaves out: add it there, or leave the field out.",
        )
    return (
        name,
        f"The rows of this question have no {camel(name)}: leave the field out, or "
        "give the argument that brings it.",
    )

"""Lists of plain rows, made at once: the executor's work for each of their fields is spared.

A resolver of rows returns an empty list and leaves the finished rows to be put into the
response; where a value does not fit its type, it returns the rows as they are, and the
executor finds the fault, names its place and lets it propagate as the specification says.
"""

from dataclasses import dataclass, field

from graphql import (
    GraphQLEnumType,
    GraphQLError,
    GraphQLID,
    GraphQLNonNull,
    GraphQLString,
)

from . import selection
from .scalars import DATE, DATE_TIME, DECIMAL

# What an answer holds of these is written as it is.
_AS_IT_IS = (GraphQLString, DECIMAL, DATE, DATE_TIME)


@dataclass(frozen=True)
class Ready:
    """Finished rows, by their place in the response."""

    tables: dict = field(default_factory=dict)

    def put(self, info, row_type, rows):
        """Return what the executor is to go on with.

        :param rows: column → value, as an answer has them
        """
        shown = selection.below(info, info.field_nodes)
        try:
            table = _table(shown, row_type, rows)
        except (GraphQLError, LookupError):
            return [*rows]
        self.tables[tuple(info.path.as_list())] = table
        return []

    def place(self, data):
        """Put the rows where they belong; where an error has left nothing, do nothing."""
        for (*parents, last), table in self.tables.items():
            holder = data
            for name in parents:
                holder = holder and holder[name]
            if holder and holder[last] is not None:
                holder[last] = table


def _table(shown, row_type, rows):
    """Return the rows as the response has them.

    :raise GraphQLError, LookupError: a value does not fit the type of its field
    """
    columns = [_column(row_type, nodes[0].name.value, rows) for nodes in shown.values()]
    if not columns:
        return [{} for _row in rows]
    return [
        dict(zip(shown, values, strict=True)) for values in zip(*columns, strict=True)
    ]


def _column(row_type, name, rows):
    if name == "__typename":
        return [row_type.name] * len(rows)
    definition = row_type.fields[name]
    column, leaf = definition.resolve.args[0], definition.type
    values = [row.get(column) for row in rows]
    if isinstance(leaf, GraphQLNonNull):
        leaf = leaf.of_type
        if any(value is None for value in values):
            raise LookupError(name)
    if leaf in _AS_IT_IS:
        return values
    written = _writer(leaf)
    return [None if value is None else written(value) for value in values]


def _writer(leaf):
    if leaf is GraphQLID:
        return str
    if isinstance(leaf, GraphQLEnumType):
        return {one.value: name for name, one in leaf.values.items()}.__getitem__
    return leaf.serialize

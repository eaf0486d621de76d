"""Scalars that GraphQL lacks, and which type a column or a parameter has."""

import re
from datetime import datetime
from decimal import Decimal, InvalidOperation

from graphql import (
    FloatValueNode,
    GraphQLBoolean,
    GraphQLError,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLScalarType,
    GraphQLString,
    IntValueNode,
    StringValueNode,
)

from ...queries.base import Measure

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}([T ].+)?", re.ASCII)


def _number(value):
    """Take a number with all its digits; never a binary fraction."""
    try:
        if isinstance(value, int | str | Decimal) and not isinstance(value, bool):
            return Decimal(value)
    except InvalidOperation:
        pass
    raise GraphQLError(f"Decimal cannot represent value: {value!r:.50}.")


def _number_of(node, _variables=None):
    if isinstance(node, IntValueNode | FloatValueNode | StringValueNode):
        return _number(node.value)
    raise GraphQLError("Decimal cannot represent a value that is no number.", node)


def _time(name):
    def parse(value, node=None):
        try:
            if isinstance(value, str) and _DAY.fullmatch(value):
                datetime.fromisoformat(value)
                return value
        except ValueError:
            pass
        raise GraphQLError(
            f"{name} cannot represent value: {value!r:.50}; a day such as 2024-01-31 "
            "or an instant such as 2024-01-31T00:00:00Z.",
            node,
        )

    def parse_literal(node, _variables=None):
        return parse(node.value if isinstance(node, StringValueNode) else None, node)

    return {"parse_value": parse, "parse_literal": parse_literal}


def _written(value):
    return value if isinstance(value, str) else value.isoformat()


DECIMAL = GraphQLScalarType(
    "Decimal",
    serialize=lambda value: value,
    parse_value=_number,
    parse_literal=_number_of,
    description="A JSON number with all its decimals: read it as a decimal, never as "
    "binary floating point.",
)
DATE = GraphQLScalarType(
    "Date",
    serialize=_written,
    description="A day: ISO 8601, such as 2024-01-31.",
    **_time("Date"),
)
DATE_TIME = GraphQLScalarType(
    "DateTime",
    serialize=_written,
    description="An instant in UTC: ISO 8601 with Z. As an argument, only the date as "
    "written counts, and a date alone will do.",
    **_time("DateTime"),
)
# By the values of Kind and of Unit; what is not here is a Decimal.
_TYPES = {
    "boolean": GraphQLBoolean,
    "count": GraphQLInt,
    "date": DATE,
    "instant": DATE_TIME,
    "integer": GraphQLInt,
    "ratio": GraphQLFloat,
    "text": GraphQLString,
}


def type_of_column(column):
    """Return the scalar of a column or of a measure."""
    kind = column.unit if isinstance(column, Measure) else column.kind
    return _scalar(column.name, kind)


def type_of_parameter(parameter):
    """Return the scalar of one value of a parameter; days are DateTime, as API.md says."""
    found = _scalar(parameter.name, parameter.kind)
    return DATE_TIME if found is DATE else found


def _scalar(name, kind):
    is_key = kind == "integer" and name.endswith("_id")
    return GraphQLID if is_key else _TYPES.get(str(kind), DECIMAL)

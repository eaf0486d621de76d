"""The types of rows: one field a column, and which of them are never null."""

from functools import partial

from graphql import GraphQLField, GraphQLNonNull, GraphQLObjectType

from ...queries.base import DATE, Listing, Measure
from . import names
from .scalars import type_of_column


def row_type(report, enums):
    """Return the type of a report's rows."""
    fields = {}
    for column in report.columns:
        leaf = enums.of_column(report, column) or type_of_column(column)
        fields[names.camel(column.name)] = GraphQLField(
            GraphQLNonNull(leaf) if is_always_there(report, column) else leaf,
            description=described(column),
            resolve=partial(_value, column.name),
        )
    return GraphQLObjectType(
        names.type_of(report), fields, description=_row_description(report)
    )


def totals_type(report):
    """Return the type of a report's totals: its measures, none of them promised."""
    fields = {
        names.camel(m.name): GraphQLField(
            type_of_column(m), description=described(m), resolve=partial(_value, m.name)
        )
        for m in report.columns
        if isinstance(m, Measure)
    }
    return GraphQLObjectType(
        f"{names.type_of(report)}Totals",
        fields,
        description=f"{report.title}: all rows of the question as one.",
    )


def is_always_there(report, column):
    """Tell whether a column is in all rows that anyone can ask for, and never empty."""
    if (report.slug, column.name) in names.NEVER_NULL:
        return True
    if isinstance(report, Listing):
        return not column.is_optional
    if isinstance(column, Measure):
        return column.required and column.name in report.default_measures
    if column.name == DATE.name:
        return True
    return not column.is_optional and dimension_of(report, column.name) in (
        report.default_dimensions
    )


def dimension_of(report, name):
    """Return the name of the dimension that a column belongs to, or None."""
    for dimension in getattr(report, "dimensions", ()):
        if name in {column.name for column in dimension.columns}:
            return dimension.name
    return None


def described(column):
    """Return what a column means, for a measure with how it adds up."""
    if isinstance(column, Measure):
        how = f"{column.unit.value}, {column.additivity.value}"
        return f"{column.label}: {column.definition} ({how})"
    return f"{column.label}: {column.definition}"


def _row_description(report):
    return f"A row of {report.title}. Basis: {report.basis}."


def _value(name, row, _info):
    return row.get(name)

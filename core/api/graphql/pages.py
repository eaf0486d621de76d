"""The types of a page of rows: nodes, pagination, totals and meta."""

from functools import partial

from graphql import (
    GraphQLField,
    GraphQLID,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from ...queries.params import parameters
from .columns import totals_type
from .names import type_of
from .scalars import DATE, DATE_TIME

# How many rows nodes has, for the cost: as many as the argument perPage says.
PAGE = "page"


class Pages:
    """Makes the types of pages; pagination and meta are common to all reports."""

    def __init__(self, reports, enums):
        names = {p.name for report in reports for p in parameters(report)}
        self._pagination = _pagination("cursor" in names)
        self._meta = _meta(enums, "compare" in names)

    def type_of(self, exposed):
        """Return the type of a report's pages."""
        report = exposed.report
        fields = {
            "nodes": GraphQLField(
                GraphQLNonNull(GraphQLList(GraphQLNonNull(exposed.row))),
                description="The rows of the page.",
                resolve=exposed.resolve_nodes,
                extensions={"size": PAGE},
            ),
            "pagination": _field(self._pagination, "Which page this is, and of what."),
            "meta": _field(self._meta, "What one must know to use the figures."),
        }
        if "totals" in {p.name for p in parameters(report)}:
            fields["totals"] = GraphQLField(
                totals_type(report),
                description="The measures of all rows of the question, as one row.",
            )
        return GraphQLObjectType(
            f"{type_of(report)}Connection",
            fields,
            description=f"A page of {report.title}.",
        )


def _pagination(has_cursor):
    fields = {
        "page": GraphQLField(
            GraphQLInt, description="This page, from 1 on; null behind a cursor."
        ),
        "perPage": _field(GraphQLInt, "Rows of a page."),
        "total": GraphQLField(
            GraphQLInt, description="Rows of all pages; null behind a cursor."
        ),
    }
    if has_cursor:
        fields["nextCursor"] = GraphQLField(
            GraphQLString,
            description="The argument cursor of the page after this one; null after "
            "the last.",
        )
    return GraphQLObjectType(
        "Pagination", fields, description="Where a page stands among the others."
    )


def _meta(enums, has_comparison):
    text = partial(_field, GraphQLString)
    fields = {
        "report": text("The report's slug, as in REST's address."),
        "companyId": _field(GraphQLID, "The company whose figures these are."),
        "dateFrom": _field(DATE, "First business day, inclusive."),
        "dateTo": _field(DATE, "Last business day, inclusive."),
        "timeZone": text("The company's zone, in which days are cut."),
        "currency": text("The company's currency, of all money."),
        "basis": text("What the figures count."),
        "dataAsOf": GraphQLField(
            DATE_TIME, description="Up to when all sources are read; null before that."
        ),
        "tier": text("Which stored table answered."),
        "store": text("Which store answered."),
        "groupBy": GraphQLField(
            enums.of_grain(), description="The buckets of time; null for stored rows."
        ),
    }
    if has_comparison:
        period = {name: fields[name] for name in ("dateFrom", "dateTo")}
        fields["comparedWith"] = GraphQLField(
            GraphQLObjectType("Period", period, description="Days, both inclusive."),
            description="The period of the previous… fields; null unless compare asks.",
        )
    return GraphQLObjectType(
        "Meta", fields, description="How to read the figures of a report."
    )


def _field(kind, description):
    return GraphQLField(GraphQLNonNull(kind), description=description)

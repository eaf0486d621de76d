"""The schema, out of the registry: no report is known here by name.

Each report is a bare list, as API.md fixes three of them, and pages: ``<list>Connection``.
What measures and dimensions are asked for follows from the selected fields.
"""

from functools import cache

from graphql import (
    GraphQLField,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    print_schema,
)

from ...queries import REPORTS
from . import names
from .arguments import arguments, graphql_arguments
from .asking import Exposed
from .catalogue import catalogue_field
from .columns import row_type
from .enums import Enums
from .pages import Pages

# How many rows a bare list has, for the cost: as many as the limit allows.
ROWS = "rows"


@cache
def schema():
    """Return the schema of all reports, built once a process."""
    return build(REPORTS)


def build(reports):
    """Return the schema of some reports.

    :param reports: {slug: report}
    """
    enums = Enums(reports.values())
    pages = Pages(reports.values(), enums)
    exposed = {slug: _exposed(report, enums) for slug, report in reports.items()}
    fields = {}
    for one in exposed.values():
        fields |= _fields(one, enums, pages)
    fields["reports"] = catalogue_field(exposed)
    query = GraphQLObjectType("Query", fields, description="Reports, to be read.")
    return GraphQLSchema(
        query, description="The reports of a retail loyalty programme: read only."
    )


def text(of):
    """Return a schema as SDL."""
    return print_schema(of) + "\n"


def _exposed(report, enums):
    return Exposed(
        report=report,
        name=names.field_of(report),
        row=row_type(report, enums),
        of_list=arguments(report, is_page=False),
        of_page=arguments(report, is_page=True),
    )


def _fields(exposed, enums, pages):
    report = exposed.report
    return {
        exposed.name: GraphQLField(
            GraphQLNonNull(GraphQLList(GraphQLNonNull(exposed.row))),
            args=graphql_arguments(report, exposed.of_list, enums, is_page=False),
            resolve=exposed.resolve_list,
            description=f"{report.description} All rows: a list longer than the limit "
            f"is an error, never cut; {exposed.name}Connection has pages.",
            extensions={"size": ROWS},
        ),
        f"{exposed.name}Connection": GraphQLField(
            pages.type_of(exposed),
            args=graphql_arguments(report, exposed.of_page, enums, is_page=True),
            resolve=exposed.resolve_page,
            description=f"{report.description} Page by page, with totals and meta.",
        ),
    }

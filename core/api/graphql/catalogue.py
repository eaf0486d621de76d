"""The catalogue: which reports there are, and all that can be asked of them."""

from graphql import (
    GraphQLBoolean,
    GraphQLField,
    GraphQLInt,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLString,
)

from ...queries.base import Listing
from ...queries.params import parameters
from . import names


def catalogue_field(exposed):
    """Return the field of the query that lists the reports that the caller may read.

    :param exposed: {slug: :class:`~core.api.graphql.asking.Exposed`}
    """

    def resolve(_root, info):
        return [_described(exposed[slug]) for slug in info.context.reader.reports()]

    return GraphQLField(
        _list(_report_type(exposed.values())),
        description="The reports that you may read, with all that can be asked of them.",
        resolve=resolve,
        extensions={"size": len(exposed)},
    )


def _described(exposed):
    report = exposed.report
    return {
        "slug": report.slug,
        "field": exposed.name,
        "connection": f"{exposed.name}Connection",
        "title": report.title,
        "description": report.description,
        "basis": report.basis,
        "columns": [_column(column) for column in report.columns if _has_kind(column)],
        "dimensions": _dimensions(report),
        "measures": _measures(report),
        "parameters": [_parameter(p) for p in parameters(report)],
    }


def _has_kind(column):
    return hasattr(column, "kind")


def _column(column):
    return {
        "name": column.name,
        "field": names.camel(column.name),
        "label": column.label,
        "definition": column.definition,
        "type": column.kind.value,
    }


def _dimensions(report):
    if isinstance(report, Listing):
        return []
    return [
        {
            "name": d.name,
            "value": names.constant(d.name),
            "fields": [names.camel(column.name) for column in d.columns],
            "isDefault": d.name in report.default_dimensions,
        }
        for d in report.dimensions
    ]


def _measures(report):
    if isinstance(report, Listing):
        return []
    return [
        {
            "name": m.name,
            "field": names.camel(m.name),
            "label": m.label,
            "definition": m.definition,
            "unit": m.unit.value,
            "additivity": m.additivity.value,
            "isDefault": m.name in report.default_measures,
            "notBy": m.not_by,
        }
        for m in report.measures
    ]


def _parameter(parameter):
    default = parameter.default
    if default is not None and not parameter.is_list:
        default = [default]
    return {
        "name": parameter.name,
        "argument": names.camel(parameter.name),
        "definition": parameter.definition,
        "type": parameter.kind.value,
        "isList": parameter.is_list,
        "isRequired": parameter.is_required,
        "choices": parameter.choices,
        "default": None if default is None else [str(one) for one in default],
        "lowest": parameter.lowest,
        "highest": parameter.highest,
    }


def _report_type(exposed):
    reports = [one.report for one in exposed]

    def lists(kind, words, count):
        most = max((count(report) for report in reports), default=0)
        return GraphQLField(_list(kind), description=words, extensions={"size": most})

    return GraphQLObjectType(
        "Report",
        {
            "slug": _text("Its name in REST's address."),
            "field": _text("The field of Query that is its bare list."),
            "connection": _text("The field of Query that is its pages."),
            "title": _text("What it is called."),
            "description": _text("What it tells."),
            "basis": _text("What its figures count."),
            "columns": lists(
                _COLUMN, "The columns that are no measures.", lambda r: len(r.columns)
            ),
            "dimensions": lists(
                _DIMENSION,
                "What its rows can be told apart by.",
                lambda r: len(_dimensions(r)),
            ),
            "measures": lists(_MEASURE, "Its numbers.", lambda r: len(_measures(r))),
            "parameters": lists(
                _PARAMETER,
                "REST's parameters: filters have an argument for one value and one for "
                "several (…In); measures and totals follow from the selected fields.",
                lambda r: len(parameters(r)),
            ),
        },
        description="A report: what it counts and what may be asked of it.",
    )


def _list(kind):
    return GraphQLNonNull(GraphQLList(GraphQLNonNull(kind)))


def _text(words):
    return GraphQLField(GraphQLNonNull(GraphQLString), description=words)


def _flag(words):
    return GraphQLField(GraphQLNonNull(GraphQLBoolean), description=words)


_NAMED = {
    "name": _text("Its name in REST."),
    "field": _text("Its field here."),
    "label": _text("What people call it."),
    "definition": _text("What it means."),
}
_COLUMN = GraphQLObjectType(
    "Column",
    {**_NAMED, "type": _text("What it holds.")},
    description="A column of a report's rows that is no measure.",
)
_DIMENSION = GraphQLObjectType(
    "Dimension",
    {
        "name": _text("Its name in REST."),
        "value": _text("Its value in the argument dimensions."),
        "fields": GraphQLField(
            _list(GraphQLString),
            description="The fields that it fills; selecting one asks for it.",
        ),
        "isDefault": _flag("Whether rows are told apart by it unless dimensions says."),
    },
    description="What rows can be told apart by, besides time.",
)
_MEASURE = GraphQLObjectType(
    "Measure",
    {
        **_NAMED,
        "unit": _text("How its values are written."),
        "additivity": _text("Whether values of several rows may be added up."),
        "isDefault": _flag("Whether REST shows it unless asked otherwise."),
        "notBy": GraphQLField(
            _list(GraphQLString),
            description="Dimensions and filters, as REST calls them, over which it is "
            "one number: a question that has one of them cannot have it.",
        ),
    },
    description="A number of a report; selecting its field asks for it.",
)
_PARAMETER = GraphQLObjectType(
    "Parameter",
    {
        "name": _text("Its name in REST."),
        "argument": _text("Its name as an argument."),
        "definition": _text("What it does."),
        "type": _text("What its values are."),
        "isList": _flag("Whether it takes several values."),
        "isRequired": _flag("Whether it must be given."),
        "choices": GraphQLField(
            _list(GraphQLString), description="The only values there are, if any."
        ),
        "default": GraphQLField(
            GraphQLList(GraphQLNonNull(GraphQLString)),
            description="What counts when it is not given.",
        ),
        "lowest": GraphQLField(GraphQLInt, description="The lowest number allowed."),
        "highest": GraphQLField(GraphQLInt, description="The highest number allowed."),
    },
    description="What may be asked of a report.",
)

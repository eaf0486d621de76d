"""Arguments out of a report's parameters, and back to what the reader takes."""

from dataclasses import dataclass, replace

from graphql import GraphQLArgument, GraphQLList, GraphQLNonNull

from ...errors import BadQuery
from ...queries.base import Kind
from ...queries.params import parameters
from . import names
from .scalars import type_of_parameter

PAGING = ("page", "per_page", "cursor")
# These follow from the fields that are selected.
SELECTED = ("measures", "totals")


@dataclass(frozen=True)
class Argument:
    """An argument of a field.

    :param parameter: the parameter that it sets
    :param is_list: it takes several values
    :param is_filter: its values are alternatives, handed on one by one
    """

    name: str
    parameter: object
    is_list: bool = False
    is_filter: bool = False


def arguments(report, is_page):
    """Return the :class:`Argument` objects of a report's list, or of its pages.

    A filter takes one value under its own name, and several under the name with In.
    """
    found = []
    filters = {f.name for f in report.filters}
    known = parameters(report)
    for parameter in (*known, _company(known[0])):
        name, is_filter = names.camel(parameter.name), parameter.name in filters
        if parameter.name in SELECTED or (parameter.name in PAGING and not is_page):
            continue
        if is_filter:
            found.append(Argument(name, parameter, is_filter=True))
            name += "In"
        found.append(Argument(name, parameter, parameter.is_list, is_filter))
    return tuple(found)


def _company(like):
    """Return the parameter that all reports have and none declares."""
    return replace(
        like,
        name="company_id",
        definition="One of the caller's companies; without it, the caller's own.",
        kind=Kind.INTEGER,
        is_required=False,
    )


def graphql_arguments(report, found, enums, is_page):
    """Return {name: GraphQL's argument}."""
    return {one.name: _graphql_argument(report, one, enums, is_page) for one in found}


def _graphql_argument(report, argument, enums, is_page):
    parameter = argument.parameter
    kind = enums.of_parameter(report, parameter) or type_of_parameter(parameter)
    if argument.is_list:
        kind = GraphQLList(GraphQLNonNull(kind))
    is_fixed = not is_page and (report.slug, parameter.name) in names.REQUIRED
    more = {}
    if parameter.is_required or is_fixed:
        kind = GraphQLNonNull(kind)
    elif _has_default(parameter):
        more["default_value"] = parameter.default
    return GraphQLArgument(kind, description=_words(argument), **more)


def _has_default(parameter):
    """Tell whether what counts without an argument can be said in the schema.

    Not of page: where a cursor is given, no page is.
    """
    is_single = parameter.default is not None and not parameter.is_list
    return is_single and parameter.name != "page"


def _words(argument):
    parameter, words = argument.parameter, argument.parameter.definition
    if argument.is_filter and argument.is_list:
        return f"{words} Any of these."
    if parameter.name == "dimensions":
        default = ", ".join(names.constant(name) for name in parameter.default or ())
        return f"{words} Without it: {default}, and those of the selected fields."
    if parameter.highest is not None:
        return f"{words} From {parameter.lowest} to {parameter.highest}."
    return words


def given(found, values, columns):
    """Return what the reader takes: parameter → text, or texts of a filter.

    :param values: argument → value, as GraphQL coerced them; null counts as not given
    :param columns: field → column: fields may be named where columns are
    :raise BadQuery: a filter is given in both its forms, or a value holds a comma
    """
    asked = {}
    for argument in found:
        value, name = values.get(argument.name), argument.parameter.name
        if value is None:
            continue
        if name in asked:
            raise BadQuery(
                name, f"Give {names.camel(name)} or {argument.name}, not both."
            )
        texts = [_text(one) for one in (value if argument.is_list else [value])]
        if argument.is_filter:
            asked[name] = _without_comma(argument, texts)
        elif texts or name == "dimensions":
            asked[name] = ",".join(_column(text, columns) for text in texts)
    return asked


def _text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def _without_comma(argument, texts):
    """Refuse what the reader would take for several values."""
    for text in texts:
        if "," in text:
            raise BadQuery(
                argument.parameter.name,
                f"{argument.name} {text!r:.50} holds a comma: give several values as "
                "a list.",
            )
    return texts


def _column(text, columns):
    """Return a text that may name a field, such as -totalAmount, with its column's name."""
    sign = "-" if text.startswith("-") else ""
    found = columns.get(text[len(sign) :])
    return sign + found.name if found else text

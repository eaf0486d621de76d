"""Enums: parameters with choices, such as GroupBy and TransactionType."""

from graphql import GraphQLEnumType, GraphQLEnumValue

from ...queries.params import parameters
from .names import constant, pascal, type_of

# What to choose from differs from report to report: an enum of each report's own.
_OF_EACH = {"dimensions"}


class Enums:
    """The enums of all reports' parameters.

    One of a parameter has the choices of all reports, in the registry's order: a report
    that lacks one of them says so.

    :param reports: all reports there are
    """

    def __init__(self, reports):
        choices, words = {}, {}
        for report in reports:
            for parameter in parameters(report):
                if parameter.choices and parameter.name not in _OF_EACH:
                    known = choices.setdefault(parameter.name, {})
                    known |= dict.fromkeys(parameter.choices)
                    words.setdefault(parameter.name, parameter.definition)
        self._common = {
            name: _enum(pascal(name), words[name], {value: value for value in values})
            for name, values in choices.items()
        }
        self._dimensions = {}

    def of_parameter(self, report, parameter):
        """Return the enum of a parameter's values, or None if any will do."""
        if not parameter.choices:
            return None
        if parameter.name in _OF_EACH:
            return self._of_dimensions(report, parameter)
        return self._common[parameter.name]

    def of_column(self, report, column):
        """Return the enum of a column's values: that of the filter by it, if it has choices."""
        choices = {f.name for f in report.filters if f.choices}
        return self._common[column.name] if column.name in choices else None

    def of_grain(self):
        """Return the enum of grains."""
        return self._common["group_by"]

    def _of_dimensions(self, report, parameter):
        if report.slug not in self._dimensions:
            name = f"{type_of(report)}Dimension"
            words = {
                d.name: " ".join(f"{c.label}: {c.definition}" for c in d.columns)
                for d in report.dimensions
            }
            self._dimensions[report.slug] = _enum(
                name, f"What rows of {report.title} can be told apart by.",
                {choice: words[choice] for choice in parameter.choices},
            )  # fmt: skip
        return self._dimensions[report.slug]


def _enum(name, description, words):
    """Return an enum.

    :param words: value → what it means; the value itself where it says that already
    """
    values = {
        constant(value): GraphQLEnumValue(
            value, description=f"REST's {value}." if text == value else text
        )
        for value, text in words.items()
    }
    return GraphQLEnumType(name, values, description=description)

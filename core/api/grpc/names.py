"""What reports, parameters and their choices are called in the .proto."""

import re

PACKAGE = "loyalty_reporting.v1"
SERVICE = "Reports"
UNSPECIFIED = "UNSPECIFIED"
# An element that asks for an empty list, where leaving it out means the default.
NONE = "NONE"
MAY_BE_EMPTY = ("dimensions",)


def method(slug):
    """Return the method of a report: ``PromotionsPerformance``."""
    return camel(slug)


def stream(slug):
    """Return the method that streams a report."""
    return f"Stream{camel(slug)}"


def request(slug):
    """Return the message that asks for a report."""
    return f"{camel(slug)}Request"


def response(slug):
    """Return the message that answers, and that a stream has several of."""
    return f"{camel(slug)}Response"


def row(slug):
    """Return the message of a row."""
    return f"{camel(slug)}Row"


def camel(text):
    """Return ``promotions/performance`` as ``PromotionsPerformance``."""
    return "".join(part.capitalize() for part in re.findall(r"[A-Za-z0-9]+", text))


def enum_values(parameter):
    """Return {name of the enum's value: choice} of a parameter with choices.

    A choice such as ``-amount`` (downwards) is called ``…_AMOUNT_DESC``.
    """
    values = {_value(parameter.name, c): c for c in parameter.choices}
    if parameter.name in MAY_BE_EMPTY:
        values[_value(parameter.name, NONE)] = ""
    return values


def defaults(parameter):
    """Return the texts of what counts when a parameter is not given."""
    default = parameter.default
    if isinstance(default, bool):
        return [str(default).lower()]
    if isinstance(default, str | int):
        return [str(default)]
    return [*(default or ())]


def unspecified(parameter):
    """Return the name of the value that means: not given."""
    return _value(parameter.name, UNSPECIFIED)


def _value(name, choice):
    words = re.findall(r"[A-Za-z0-9]+", f"{name} {choice}")
    if choice.startswith("-"):
        words.append("desc")
    return "_".join(words).upper()

"""Parameters of a report that come as JSON: made into what a query string would give."""

from ..errors import BadQuery


def texts_of(parameters):
    """Return {name: list of texts}, as :func:`core.queries.params.parse` takes them.

    What is null is not asked for.

    :raise BadQuery: it is no object, or a value that no query string could have
    """
    if not isinstance(parameters, dict):
        raise BadQuery("parameters", "parameters must be a JSON object: {name: value}.")
    if "format" in parameters:
        raise BadQuery("format", "There is no format among the parameters.")
    return {
        text_of("parameters", name): _texts(name, value)
        for name, value in parameters.items()
        if value is not None
    }


def text_of(name, value):
    """Return a value as a query string has it.

    :raise BadQuery: it cannot have it
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        # To JSON, 7.0 is a whole number.
        return _digits(name, int(value))
    if not isinstance(value, str):
        raise BadQuery(
            tame(name),
            f"{shown(name)} must be a text, a whole number, or a list of them.",
        )
    # Neither can be stored.
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadQuery(tame(name), f"{shown(name)} holds what is no character.")
    return value


def shown(name):
    """Return a name as an error may show it, whatever was sent as one."""
    return repr(tame(name[:50]))


def tame(name):
    """Return a name that can be encoded."""
    return name.encode(errors="replace").decode()


def _texts(name, value):
    values = value if isinstance(value, list) else [value]
    return [text_of(name, item) for item in values]


def _digits(name, value):
    try:
        return str(value)
    except ValueError:  # thousands of digits
        raise BadQuery(tame(name), f"{shown(name)} is too long a number.") from None

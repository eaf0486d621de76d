"""From JSON values to REST's parameters, which are texts."""

from ..errors import BadQuery

_MEMBERS = ("report", "parameters")


def asked(given):
    """Return (report, {parameter: text or list of texts}) of a call.

    Numbers and lists may be written as such; what is null counts as not given.

    :param given: ``{"report": slug, "parameters": {name: value}}``
    :raise BadQuery: a member or a value that cannot be a parameter
    """
    for name in given:
        if name not in _MEMBERS:
            raise BadQuery(name, f"Send report and parameters, not {ascii(name):.50}.")
    report, parameters = given.get("report"), given.get("parameters")
    if not isinstance(report, str):
        raise BadQuery("report", "report is the name of a report: see /api/v1/reports.")
    parameters = {} if parameters is None else parameters
    if not isinstance(parameters, dict):
        raise BadQuery("parameters", "parameters must be a JSON object: {name: value}.")
    if "format" in parameters:
        raise BadQuery("format", "Files are for REST: there is no format here.")
    return report, {
        name: _texts(name, value)
        for name, value in parameters.items()
        if value is not None
    }


def _texts(name, value):
    if isinstance(value, list):
        return [_text(name, part) for part in value]
    return _text(name, value)


def _text(name, value):
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return _digits(name, value)
    raise BadQuery(
        name, f"{ascii(name):.50} must be a text, a whole number, or a list of them."
    )


def _digits(name, value):
    try:
        return str(value)
    except ValueError:  # thousands of digits
        raise BadQuery(name, f"{ascii(name):.50} is too long a number.") from None

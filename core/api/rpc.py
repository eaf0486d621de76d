"""From JSON values to REST's parameters, which are texts."""

from ..errors import BadQuery
from .given import shown, tame, texts_of

_MEMBERS = ("report", "parameters")


def asked(given):
    """Return (report, {parameter: list of texts}) of a call.

    Numbers and lists may be written as such; what is null counts as not given.

    :param given: ``{"report": slug, "parameters": {name: value}}``
    :raise BadQuery: a member or a value that cannot be a parameter
    """
    for name in given:
        if name not in _MEMBERS:
            raise BadQuery(
                tame(name), f"Send report and parameters, not {shown(name)}."
            )
    report, parameters = given.get("report"), given.get("parameters")
    if not isinstance(report, str):
        raise BadQuery("report", "report is the name of a report: see /api/v1/reports.")
    return report, texts_of({} if parameters is None else parameters)

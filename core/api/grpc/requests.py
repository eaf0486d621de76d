"""From a request's message to the parameters that the reports' reader takes."""

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.unknown_fields import UnknownFieldSet

from ...errors import BadQuery
from ...queries.params import parameters
from . import names

COMPANY = "company_id"


def given(report, request):
    """Return {name: text} of what a request asks of a report, as REST's query string.

    :param request: the report's request message
    :raise BadQuery: a field or a value of an enum that this server does not know
    """
    if unknown := [field.field_number for field in UnknownFieldSet(request)]:
        raise BadQuery(
            f"field {unknown[0]}",
            f"The request has a field number {unknown[0]} that this server does not "
            "know: it is older than the .proto you use.",
        )
    found = {asked.name: _text(asked, request) for asked in parameters(report)}
    if request.HasField(COMPANY):
        found[COMPANY] = str(request.company_id)
    return {name: text for name, text in found.items() if text is not None}


def _text(asked, request):
    """Return the text of a parameter, or None if it is not given."""
    value = getattr(request, asked.name)
    field = request.DESCRIPTOR.fields_by_name[asked.name]
    if field.is_repeated:
        return ",".join(_one(asked, field, v) for v in value) if value else None
    if field.has_presence:
        return _one(asked, field, value) if request.HasField(asked.name) else None
    return _one(asked, field, value) if value else None


def _one(asked, field, value):
    if field.type == FieldDescriptor.TYPE_ENUM:
        return _choice(asked, field.enum_type, value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(value)


def _choice(asked, enum, number):
    known = enum.values_by_number.get(number)
    choices = names.enum_values(asked)
    if known is None or known.name not in choices:
        raise BadQuery(
            asked.name,
            f"{asked.name} {number} is none of {', '.join(choices)}.",
        )
    return choices[known.name]

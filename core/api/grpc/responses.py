"""From an answer of the reports' reader to the response's message: exact, typed."""

from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.timestamp_pb2 import Timestamp

from ...queries.base import Kind, Measure
from ...queries.params import parameters
from .. import rest
from . import loyalty_reporting_pb2 as pb2
from . import names

_TEXTS = (Kind.TEXT, Kind.DATE)


def response(query, answer):
    """Return the message of a page."""
    message = _class(names.response(query.report.slug))()
    write = _writer(names.row(query.report.slug), query.columns)
    write(message.rows, answer.rows)
    _page(message.pagination, query, answer)
    _fill(message.meta, rest.meta(query, answer))
    if totals := getattr(answer, "totals", None):
        _fill(message.totals, totals)
    return message


def catalogue(reports):
    """Return the message of the reports that there are, with all that can be asked."""
    return pb2.CatalogueResponse(reports=[_described(report) for report in reports])


def text(value):
    """Return a value of a column as text; of decimals all digits, never an exponent."""
    written = str(value)
    is_short = "E" in written and isinstance(value, Decimal)
    return format(value, "f") if is_short else written


@lru_cache(maxsize=1024)
def instant(written):
    """Return the Timestamp of an instant in ISO 8601, to the microsecond."""
    stamp = Timestamp()
    stamp.FromDatetime(datetime.fromisoformat(written))
    return stamp


def _class(name):
    return getattr(pb2, name)


@lru_cache(maxsize=256)
def _writer(row, columns):
    """Return a function that appends rows of these columns to a field ``rows``."""
    fields = _class(row).DESCRIPTOR.fields_by_name
    names_of = [column.name for column in columns]
    conversions = [(name, _conversion(fields[name])) for name in names_of]
    # Most of a row's values are as they must be.
    texts = {c.name for c in columns if getattr(c, "kind", None) in _TEXTS}
    needed = [(n, convert) for n, convert in conversions if convert and n not in texts]

    def write(target, rows):
        for values in rows:
            kept = {n: v for n in names_of if (v := values[n]) is not None}
            for name, convert in needed:
                if name in kept:
                    kept[name] = convert(kept[name])
            target.add(**kept)

    return write


def _conversion(field):
    """Return what makes a field's value of a column's, or None if it is one."""
    if field.type == FieldDescriptor.TYPE_STRING:
        return text
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return instant
    return None


def _fill(message, values):
    """Set those fields of a message that have a value."""
    fields = message.DESCRIPTOR.fields_by_name
    for name, value in values.items():
        if value is None or name not in fields:
            continue
        convert = _conversion(fields[name])
        if isinstance(value, dict):
            _fill(getattr(message, name), value)
        elif convert is instant:
            getattr(message, name).CopyFrom(instant(value))
        else:
            setattr(message, name, convert(value) if convert else value)


def _page(message, query, answer):
    message.per_page = query.per_page
    if answer.total is not None:
        message.page, message.total = query.page, answer.total
    if following := getattr(answer, "next_cursor", None):
        message.next_cursor = following


def _described(report):
    slug = report.slug
    return pb2.Report(
        slug=slug,
        method=names.method(slug),
        stream_method=names.stream(slug),
        title=report.title,
        description=report.description,
        basis=report.basis,
        parameters=[_parameter(asked) for asked in parameters(report)],
        columns=[_column(column) for column in report.columns],
    )


def _parameter(asked):
    return pb2.Parameter(
        name=asked.name,
        definition=asked.definition,
        kind=asked.kind.value,
        is_list=asked.is_list,
        is_required=asked.is_required,
        choices=asked.choices,
        default=names.defaults(asked),
    )


def _column(column):
    is_measure = isinstance(column, Measure)
    return pb2.Column(
        name=column.name,
        label=column.label,
        definition=column.definition,
        kind=(column.unit if is_measure else column.kind).value,
        is_measure=is_measure,
        additivity=column.additivity.value if is_measure else "",
        not_by=column.not_by if is_measure else (),
    )

"""What the .proto declares, without its numbers: messages, enums and methods."""

from dataclasses import dataclass

from core.api.grpc import names
from core.queries.base import Kind, Listing, Measure, Unit
from core.queries.params import parameters

INSTANT = "google.protobuf.Timestamp"
DECIMAL = "string"
# What is neither a count nor a ratio is an exact decimal.
_OF_UNIT = {Unit.COUNT: "int64", Unit.RATIO: "double"}
_OF_KIND = {
    Kind.INTEGER: "int64",
    Kind.TEXT: "string",
    Kind.DATE: "string",
    Kind.INSTANT: INSTANT,
    "boolean": "bool",
}


@dataclass(frozen=True)
class Field:
    """A field; its label is "", ``optional`` or ``repeated``."""

    name: str
    type: str
    comment: str = ""
    label: str = ""


@dataclass(frozen=True)
class Enum:
    """An enum; the first of its values is 0."""

    name: str
    values: tuple[str, ...]
    comment: str = ""


@dataclass(frozen=True)
class Message:
    """A message with the enums that only it has."""

    name: str
    comment: str
    fields: tuple[Field, ...]
    enums: tuple[Enum, ...] = ()


@dataclass(frozen=True)
class Method:
    """A method; a stream answers with several responses."""

    name: str
    request: str
    response: str
    comment: str
    is_stream: bool = False


@dataclass(frozen=True)
class Schema:
    """All that the file declares."""

    methods: tuple[Method, ...]
    messages: tuple[Message, ...]


def schema(reports):
    """Return what the .proto of some reports declares.

    :raise ValueError: two things would have the same name
    """
    methods, messages = [_CATALOGUE], [*_COMMON]
    for report in reports:
        methods += _methods(report)
        messages += [_request(report), _response(report), _row(report)]
    made = Schema(tuple(methods), tuple(messages))
    _check_names(made)
    return made


def _check_names(made):
    groups = [
        [m.name for m in made.methods],
        [m.name for m in made.messages],
        *([f.name for f in m.fields] for m in made.messages),
        *([v for e in m.enums for v in e.values] for m in made.messages),
    ]
    for group in groups:
        if twice := {name for name in group if group.count(name) > 1}:
            raise ValueError(f"Declared twice in the .proto: {', '.join(twice)}.")


def _methods(report):
    slug = report.slug
    asked, answered = names.request(slug), names.response(slug)
    words = f"{report.title}. {report.description} Basis: {report.basis}."
    yield Method(names.method(slug), asked, answered, words)
    yield Method(
        names.stream(slug), asked, answered,
        "The same, all rows of it from `page` on (1), `per_page` (1000) in a message.",
        is_stream=True,
    )  # fmt: skip


def _request(report):
    known = parameters(report)
    return Message(
        names.request(report.slug),
        f"What is asked of {report.slug}.",
        (
            *(_asked(p) for p in known),
            Field("company_id", "int64", "One of the user's companies.", "optional"),
        ),
        tuple(_enum(p) for p in known if p.choices),
    )


def _asked(parameter):
    kind = _OF_KIND[parameter.kind]
    words = parameter.definition
    if parameter.kind is Kind.DATE:
        words += " ISO 8601: 2024-01-31."
    if parameter.default is not None:
        words += f" Default: {', '.join(names.defaults(parameter))}."
    if parameter.choices:
        kind = names.camel(parameter.name)
    label = "optional"
    if parameter.is_list:
        label = "repeated"
    elif parameter.is_required or parameter.choices:
        label = ""
    return Field(parameter.name, kind, words, label)


def _enum(parameter):
    first = names.unspecified(parameter)
    return Enum(names.camel(parameter.name), (first, *names.enum_values(parameter)))


def _response(report):
    row = names.row(report.slug)
    fields = [
        Field("rows", row, "", "repeated"),
        Field("pagination", "Pagination"),
        Field("meta", "Meta"),
    ]
    if not isinstance(report, Listing):
        fields.append(Field("totals", row, "Of all rows, where asked for."))
    return Message(
        names.response(report.slug), f"Rows of {report.slug}.", tuple(fields)
    )


def _row(report):
    return Message(
        names.row(report.slug),
        f"A row of {report.slug}. What was not asked for, and what has no value, is not set.",
        tuple(_shown(column) for column in report.columns),
    )


def _shown(column):
    if isinstance(column, Measure):
        kind, how = _OF_UNIT.get(column.unit, DECIMAL), column.unit.value
    else:
        kind, how = _OF_KIND.get(column.kind, DECIMAL), column.kind.value
    words = column.definition
    if kind == DECIMAL and how not in ("text", "date"):
        words += f" An exact decimal ({how})."
    return Field(column.name, kind, words, "" if kind == INSTANT else "optional")


_CATALOGUE = Method(
    "Catalogue", "CatalogueRequest", "CatalogueResponse",
    "The reports that the user may read, and all that can be asked of them.",
)  # fmt: skip
_COMMON = (
    Message("CatalogueRequest", "Asks for the catalogue.", ()),
    Message(
        "CatalogueResponse", "The catalogue.", (Field("reports", "Report", "", "repeated"),)
    ),
    Message(
        "Report",
        "A report.",
        (
            Field("slug", "string", "Its address in REST, below /api/v1/reports/."),
            Field("method", "string", "Of this service, that answers a page."),
            Field("stream_method", "string", "That streams all rows."),
            Field("title", "string"),
            Field("description", "string"),
            Field("basis", "string", "What its amounts are."),
            Field("parameters", "Parameter", "", "repeated"),
            Field("columns", "Column", "All that its rows may have.", "repeated"),
        ),
    ),
    Message(
        "Parameter",
        "A field of a report's request.",
        (
            Field("name", "string"),
            Field("definition", "string"),
            Field("kind", "string"),
            Field("is_list", "bool"),
            Field("is_required", "bool"),
            Field("choices", "string", "The only values there are.", "repeated"),
            Field("default", "string", "What counts when it is not given.", "repeated"),
        ),
    ),
    Message(
        "Column",
        "A field of a report's rows.",
        (
            Field("name", "string"),
            Field("label", "string"),
            Field("definition", "string"),
            Field("kind", "string", "Or the unit, of a measure."),
            Field("is_measure", "bool"),
            Field("additivity", "string", "Of a measure: how values add up."),
            Field(
                "not_by", "string",
                "Dimensions and filters over which it is one number: not with them.",
                "repeated",
            ),
        ),
    ),
    Message(
        "Pagination",
        "Which rows these are.",
        (
            Field("page", "int64", "Not set behind a cursor.", "optional"),
            Field("per_page", "int64"),
            Field("total", "int64", "Rows of all pages; not set behind a cursor.", "optional"),
            Field(
                "next_cursor", "string",
                "Where the next page begins, if there is one and the report has a cursor.",
                "optional",
            ),
        ),
    ),
    Message(
        "Meta",
        "What a reader must know to use the figures.",
        (
            Field("report", "string"),
            Field("company_id", "int64"),
            Field("date_from", "string"),
            Field("date_to", "string"),
            Field("time_zone", "string"),
            Field("currency", "string"),
            Field("basis", "string"),
            Field("data_as_of", INSTANT, "Up to when the sources are read."),
            Field("tier", "string", "Which table answered."),
            Field("store", "string", "Which database answered."),
            Field("group_by", "string", "", "optional"),
            Field("compared_with", "Period", "Whose measures are previous_…"),
        ),
    ),
    Message(
        "Period",
        "Business days, both inclusive.",
        (Field("date_from", "string"), Field("date_to", "string")),
    ),
    Message(
        "Problem",
        "An RFC 9457 problem: in the details of a status that is not OK, beside "
        "google.rpc.BadRequest and google.rpc.RetryInfo.",
        (
            Field("type", "string"),
            Field("title", "string"),
            Field("status", "int64", "As of HTTP."),
            Field("detail", "string", "What happened and what to do, for a person."),
            Field("parameter", "string", "The request's field at fault.", "optional"),
        ),
    ),
)  # fmt: skip

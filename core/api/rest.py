"""The body of a REST answer."""

from ..errors import BadQuery
from ..queries.base import Listing
from ..queries.params import single
from ..queries.remembered import Rows, dump

JSON, XLSX, CSV, NDJSON = "json", "xlsx", "csv", "ndjson"
_LONGEST_LINK = 800
# Of these, the first that an Accept header names is taken.
MIMETYPES = {
    JSON: "application/json",
    XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    CSV: "text/csv",
    NDJSON: "application/x-ndjson",
}


def body(query, answer):
    """Return the answer as JSON text; decimals are numbers with all their digits."""
    is_text = isinstance(answer.rows, Rows)
    parts = {"data": answer.rows.text if is_text else dump(answer.rows)}
    if query.with_totals:
        parts["totals"] = dump(answer.totals)
    parts["pagination"] = dump(pagination(query, answer))
    parts["meta"] = dump(meta(query, answer))
    members = ", ".join(f'"{name}": {text}' for name, text in parts.items())
    return f"{{{members}}}"


def pagination(query, answer):
    """Return where a page stands; behind a cursor, pages have no numbers."""
    place = {"page": query.page, "per_page": query.per_page, "total": answer.total}
    if query.after is not None:
        place = {"per_page": query.per_page}
    if answer.next_cursor:
        place["next_cursor"] = answer.next_cursor
    return place


def links(query, answer, href):
    """Return the Link header of a page: the first, the last and those beside it.

    :param href: function (parameters that are other there) → address
    :return: "" for a question so long that proxies would refuse its header
    """
    if query.after is not None:
        pages = {"first": {"cursor": ""}, "next": {"cursor": answer.next_cursor}}
        if not answer.next_cursor:
            del pages["next"]
    else:
        last = max(1, -(-answer.total // query.per_page))
        near = {"first": 1, "prev": query.page - 1, "next": query.page + 1}
        near["last"] = last
        pages = {n: {"page": page} for n, page in near.items() if 1 <= page <= last}
    addresses = {name: href(**other) for name, other in pages.items()}
    if any(len(address) > _LONGEST_LINK for address in addresses.values()):
        return ""
    return ", ".join(f'<{url}>; rel="{name}"' for name, url in addresses.items())


def meta(query, answer):
    """Return what a reader must know to use the figures."""
    how = {} if query.grain is None else {"group_by": query.grain.value}
    if query.compare:
        how["compared_with"] = {
            "date_from": query.compare.date_from.isoformat(),
            "date_to": query.compare.date_to.isoformat(),
        }
    return {
        "report": query.report.slug,
        "company_id": query.company.id,
        "date_from": query.date_from.isoformat(),
        "date_to": query.date_to.isoformat(),
        "time_zone": query.company.timezone,
        "currency": query.company.currency,
        "basis": query.report.basis,
        "data_as_of": answer.as_of and answer.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tier": answer.tier,
        "store": answer.store,
        **how,
    }


def catalogue(reports):
    """Return the reports that there are, with all that can be asked of them."""
    return {"data": [_described(report) for report in reports]}


def _described(report):
    described = {
        "slug": report.slug,
        "href": f"/api/v1/reports/{report.slug}",
        "title": report.title,
        "description": report.description,
        "basis": report.basis,
        "filters": [
            {"name": f.name, "definition": f.definition, "type": f.kind.value}
            | ({"choices": [*f.choices]} if f.choices else {})
            for f in report.filters
        ],
    }
    if isinstance(report, Listing):
        return described | {"columns": [_column(c) for c in report.columns]}
    return described | {
        "group_by": [grain.value for grain in report.grains],
        "dimensions": [
            {"name": d.name, "columns": [_column(c) for c in d.columns]}
            | {"is_default": d.name in report.default_dimensions}
            for d in report.dimensions
        ],
        "measures": [
            {
                "name": m.name,
                "label": m.label,
                "definition": m.definition,
                "unit": m.unit.value,
                "additivity": m.additivity.value,
                "is_default": m.name in report.default_measures,
                "not_by": [*m.not_by],
            }
            for m in report.measures
        ],
    }


def _column(column):
    return {
        "name": column.name,
        "label": column.label,
        "definition": column.definition,
        "type": column.kind.value,
    }


def content_type(file_format):
    """Return the Content-Type of a format."""
    charset = "" if file_format == XLSX else "; charset=utf-8"
    return MIMETYPES[file_format] + charset


def format_of(given, accept):
    """Return the format asked for: ``?format=`` first, then the Accept header.

    :raise BadQuery: for a format that there is not
    """
    if "format" in given:
        name = single("format", given["format"])
        if name in MIMETYPES:
            return name
        choices = ", ".join(MIMETYPES)
        raise BadQuery("format", f"format {name!r:.50} is none of {choices}.")
    named = (f for f, mimetype in MIMETYPES.items() if mimetype in accept)
    return next(named, JSON)

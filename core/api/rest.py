"""The body of a REST answer."""

import simplejson

from ..errors import BadQuery

JSON, XLSX = "json", "xlsx"
XLSX_MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def body(query, answer):
    """Return the answer as JSON text; decimals are numbers with all their digits."""
    document = {
        "data": answer.rows,
        "pagination": {
            "page": query.page,
            "per_page": query.per_page,
            "total": answer.total,
        },
        "meta": meta(query, answer),
    }
    return simplejson.dumps(document, use_decimal=True, ensure_ascii=False)


def meta(query, answer):
    """Return what a reader must know to use the figures."""
    return {
        "report": query.report.slug,
        "company_id": query.company.id,
        "date_from": query.date_from.isoformat(),
        "date_to": query.date_to.isoformat(),
        "group_by": query.grain.value,
        "time_zone": query.company.timezone,
        "currency": query.company.currency,
        "basis": "attributed amounts, tax included, net of discounts and refunds",
        "data_as_of": answer.as_of and answer.as_of.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tier": answer.tier,
        "store": answer.store,
    }


def format_of(given, accept):
    """Return the format asked for: ``?format=`` first, then the Accept header.

    :raise BadQuery: for a format that there is not
    """
    name = given.get("format", [""])[0]
    if name in (JSON, XLSX):
        return name
    if name:
        raise BadQuery("format", f"format {name!r:.50} is none of {JSON}, {XLSX}.")
    return XLSX if XLSX_MIMETYPE in accept else JSON

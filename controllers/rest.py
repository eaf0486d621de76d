"""REST: authorise → parse → answer → render; see ``loyalty.reporting.reader``."""

import io
from urllib.parse import urlencode

from odoo.http import Controller, request, route
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchPage

from ..core.api import openapi, rest
from ..core.errors import BadQuery
from ..core.exports import text, xlsx
from .dispatcher import ANY, allowed_methods

# Of routes that read nothing but what Odoo knows.
_READ = {
    "type": "loyalty_reporting",
    "auth": "loyalty_reporting",
    "readonly": True,
    "save_session": False,
}


class LoyaltyReportingRest(Controller):
    """The reports under ``/api/v1/reports``."""

    @route(
        "/api/v1/reports/<path:slug>",
        type="loyalty_reporting",
        auth="loyalty_reporting",
        save_session=False,
    )
    def report(self, slug):
        """Answer a report of the registry, as JSON or as a workbook."""
        given = _parameters()
        file_format = rest.format_of(
            given, request.httprequest.headers.get("Accept", "")
        )
        query = _reader()._query(slug, given)
        if file_format != rest.JSON:
            return _file(query, file_format)
        answer = _reader()._answer(query)
        response = request.make_response(
            rest.body(query, answer),
            headers=[
                ("Content-Type", "application/json; charset=utf-8"),
                ("Cache-Control", "private, no-cache"),
            ],
        )
        if links := rest.links(query, answer, _page):
            response.headers["Link"] = links
        response.add_etag()
        return response.make_conditional(request.httprequest)

    @route("/api/v1/reports", **_READ)
    def reports(self):
        """Answer with the catalogue of reports."""
        reports = _reader()._reports().values()
        return request.make_json_response(rest.catalogue(reports))

    @route("/api/v1/openapi.json", **_READ)
    def openapi(self):
        """Answer with the OpenAPI document."""
        reports = _reader()._reports().values()
        server = request.httprequest.host_url.rstrip("/")
        return request.make_json_response(openapi.document(reports, server))

    @route(
        ["/api/v1", "/api/v1/<path:path>"],
        type="loyalty_reporting",
        auth="none",
        readonly=True,
        save_session=False,
        methods=ANY,
        is_fallback=True,
    )
    def unknown(self, path=""):
        """Answer an unknown address in the API's own form, or an unknown method."""
        if methods := allowed_methods(request):
            raise MethodNotAllowed(valid_methods=methods)
        raise NoSuchPage("There is no such address; reports are under /api/v1/reports.")


def _reader():
    return request.env["loyalty.reporting.reader"]


def _parameters():
    """Return the query string, each name with all its values."""
    return dict(request.httprequest.args.lists())


def _page(number):
    """Return the address of another page of what is asked."""
    asked = {**_parameters(), "page": [str(number)]}
    return f"{request.httprequest.base_url}?{urlencode(asked, doseq=True)}"


def _file(query, file_format):
    """Return the whole report, all pages of it, as a file."""
    answer = _reader()._answer(query.unpaged(xlsx.MAX_ROWS))
    if answer.total > len(answer.rows):
        raise BadQuery(
            "format",
            f"The report has {answer.total} rows, a file at most {xlsx.MAX_ROWS}: ask for "
            "a shorter period, or for pages.",
        )
    if file_format == rest.XLSX:
        file = io.BytesIO()
        xlsx.write(file, query, answer)
        body = file.getvalue()
    elif file_format == rest.CSV:
        body = "".join(text.csv_lines(query, answer.rows))
    else:
        body = "".join(text.json_lines(answer.rows))
    body = request.env["loyalty.reporting.export.log"]._log_export(
        query, file_format, _parameters(), body, rows=len(answer.rows)
    )
    slug = query.report.slug.replace("/", "_")
    name = f"{slug}_{query.date_from}_{query.date_to}.{file_format}"
    return request.make_response(
        body,
        headers=[
            ("Content-Type", rest.content_type(file_format)),
            ("Content-Disposition", f'attachment; filename="{name}"'),
            ("Cache-Control", "private, no-store"),
        ],
    )

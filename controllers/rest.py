"""REST: authorise → parse → answer → render; see ``loyalty.reporting.reader``."""

from contextlib import suppress
from itertools import islice
from tempfile import TemporaryFile
from urllib.parse import urlencode

from odoo.http import Controller, Response, request, route
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.exceptions import NotFound as NoSuchPage
from werkzeug.wsgi import FileWrapper

from ..core.api import openapi, rest
from ..core.errors import BadQuery
from ..core.exports import files, workbook
from .dispatcher import ANY, allowed_methods

_BLOCK = 1 << 16

# Of routes that only read: from the read replica, where Odoo is given one.
_READ = {
    "type": "loyalty_reporting",
    "auth": "loyalty_reporting",
    "readonly": True,
    "save_session": False,
}


def _only_reads(_controller, _rule, _args):
    """Tell whether a report is asked for as JSON: who takes a file is written down."""
    with suppress(BadQuery):
        return _format() == rest.JSON
    return True


class LoyaltyReportingRest(Controller):
    """The reports under ``/api/v1/reports``."""

    @route("/api/v1/reports/<path:slug>", **{**_READ, "readonly": _only_reads})
    def report(self, slug):
        """Answer a report of the registry, as JSON or as a workbook."""
        file_format = _format()
        query = _reader()._query(slug, _parameters())
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
        """Answer an unknown address, or a method that is not there, in the API's form.

        :raise MethodNotAllowed: the address is known, with other methods
        """
        if methods := allowed_methods(request):
            raise MethodNotAllowed(valid_methods=methods)
        raise NoSuchPage("There is no such address; reports are under /api/v1/reports.")


def _reader():
    return request.env["loyalty.reporting.reader"]


def _parameters():
    """Return the query string, each name with all its values."""
    return dict(request.httprequest.args.lists())


def _format():
    """Return the format asked for.

    :raise BadQuery: for one that there is not
    """
    accept = request.httprequest.headers.get("Accept", "")
    return rest.format_of(_parameters(), accept)


def _page(**other):
    """Return the address of another page of what is asked."""
    asked = {**_parameters(), **other}
    return f"{request.httprequest.base_url}?{urlencode(asked, doseq=True)}"


def _file(query, file_format):
    """Return the whole report, all pages of it, as a file; texts as they are read."""
    opening, counted = _reader()._exported(query, file_format), files.Counted()
    edition = _reader()._edition(query, _parameters())
    is_workbook = file_format == rest.XLSX
    make = _workbook if is_workbook else _blocks
    body = request.env["loyalty.reporting.export.log"]._log_export(
        query,
        file_format,
        _parameters(),
        make(query, opening, file_format, counted, edition),
        rows=lambda: counted.count,
    )
    # What goes wrong at the begin is told as any error is.
    body = _begun(iter(body), [*islice(body, 2)])
    name = files.name_of(query, file_format)
    response = Response(body, content_type=rest.content_type(file_format))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _begun(blocks, first):
    """Yield the blocks of a file, of which some are read already."""
    try:
        yield from first
        yield from blocks
    finally:
        if hasattr(blocks, "close"):
            blocks.close()


def _workbook(query, opening, _file_format, counted, edition):
    """Return blocks of a workbook, which is written to its end before the first."""
    file = TemporaryFile()  # noqa: SIM115 (closed with what is made of it)
    with opening as answer:
        workbook.write(file, query, counted.of(answer), edition)
    file.seek(0)
    return FileWrapper(file, _BLOCK)


def _blocks(query, opening, file_format, counted, edition):
    with opening as answer:
        rows = counted.of(answer).rows
        yield from files.BLOCKS[file_format](query, rows, edition)

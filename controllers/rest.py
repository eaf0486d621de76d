"""REST: parse → authorise → answer → render. All of the work is done in ``core``."""

import io
import re
from urllib.parse import urlencode

from odoo.exceptions import AccessError
from odoo.http import Controller, request, route
from werkzeug.exceptions import NotFound as NoSuchPage

from ..core.api import openapi, rest
from ..core.errors import BadQuery, NotFound
from ..core.exports import text, xlsx
from ..core.queries import REPORTS
from ..core.queries.answer import answer
from ..core.queries.params import parse, single

_GROUP = "loyalty_reporting.group_loyalty_reporting_user"
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
        if slug not in REPORTS:
            raise NotFound("report", f"There is no report {slug:.100}.")
        _check_rights()
        given = _parameters()
        file_format = rest.format_of(
            given, request.httprequest.headers.get("Accept", "")
        )
        query = parse(REPORTS[slug], _company(given), given)
        if file_format != rest.JSON:
            return _file(query, file_format)
        answer = _answer(query)
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
        _check_rights()
        return request.make_json_response(rest.catalogue(REPORTS.values()))

    @route("/api/v1/openapi.json", **_READ)
    def openapi(self):
        """Answer with the OpenAPI document."""
        _check_rights()
        server = request.httprequest.host_url.rstrip("/")
        return request.make_json_response(openapi.document(REPORTS.values(), server))

    @route(
        ["/api/v1", "/api/v1/<path:path>"],
        type="loyalty_reporting",
        auth="public",
        readonly=True,
        save_session=False,
    )
    def unknown(self, path=""):
        """Answer an unknown address in the API's own form."""
        raise NoSuchPage("There is no such address; reports are under /api/v1/reports.")


def _check_rights():
    if not request.env.user.has_group(_GROUP):
        raise AccessError(
            request.env._("Reports need the group Loyalty Reporting / User.")
        )


def _parameters():
    """Return the query string, each name with all its values."""
    return dict(request.httprequest.args.lists())


def _page(number):
    """Return the address of another page of what is asked."""
    asked = {**_parameters(), "page": [str(number)]}
    return f"{request.httprequest.base_url}?{urlencode(asked, doseq=True)}"


def _company(given):
    """Return the company asked for, or the caller's own.

    A company that does not exist and one of others are the same to the caller.
    """
    user = request.env.user
    company = user.company_id
    if "company_id" in given:
        text = single("company_id", given["company_id"])
        if not re.fullmatch(r"\d{1,10}", text, re.ASCII):
            raise BadQuery("company_id", f"company_id {text!r:.50} is no whole number.")
        company = user.company_ids.filtered(lambda c: c.id == int(text))
        if not company:
            raise NotFound("company_id", f"There is no company {text:.20} of yours.")
    return request.env["loyalty.reporting.pipeline"]._company(company.sudo())


def _answer(query):
    env = request.env
    settings = env["loyalty.reporting.pipeline"]._settings()
    return answer(query, env.cr, settings, env.registry.cursor)


def _file(query, file_format):
    """Return the whole report, all pages of it, as a file."""
    answer = _answer(query.unpaged(xlsx.MAX_ROWS))
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

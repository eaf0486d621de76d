"""Long exports as jobs."""

import re
from datetime import UTC

from odoo.exceptions import AccessDenied, AccessError, UserError
from odoo.http import Controller, Response, Stream, request, route
from werkzeug.exceptions import (
    Conflict,
    Gone,
    RequestEntityTooLarge,
    UnprocessableEntity,
    UnsupportedMediaType,
)

from ..core.api import exports, rest
from ..core.errors import NotFound
from ..core.exports import files

_MOST_BYTES = 100_000
_LISTED = 100
_LARGEST = 2**31 - 1
_AGAIN_SECONDS = "2"
_PATH = "/api/v1/exports"
# Not <int:…>: of what is no such number, Odoo would answer with a page of HTML.
_JOB = f"{_PATH}/<number>"
_ROUTE = {
    "type": "loyalty_reporting",
    "auth": "loyalty_reporting",
    "save_session": False,
}
_READ = {**_ROUTE, "methods": ["GET", "HEAD"]}


class LoyaltyReportingExports(Controller):
    """Jobs under ``/api/v1/exports``: each user sees the own ones."""

    @route(_PATH, methods=["POST"], **_ROUTE)
    def make(self):
        """Make a job; what is wrong with the question is said now."""
        _check_not_forged()
        http = request.httprequest
        if http.mimetype != "application/json":
            raise UnsupportedMediaType("Send application/json.")
        if (http.content_length or 0) > _MOST_BYTES:
            raise RequestEntityTooLarge(f"A request has at most {_MOST_BYTES} bytes.")
        asked = exports.asked(http.get_data())
        key = exports.key_of(http.headers.get("Idempotency-Key"))
        request.env["loyalty.reporting.reader"]._reports()
        try:
            job = _jobs()._ask(asked, key)
        except UserError as error:
            if isinstance(error, AccessError):
                raise
            raise UnprocessableEntity(str(error)) from error
        response = _answer(job, status=202)
        response.headers["Location"] = f"{_PATH}/{job.id}"
        return response

    @route(_PATH, **_READ)
    def jobs(self):
        """List the caller's own jobs, newest first."""
        request.env["loyalty.reporting.reader"]._reports()
        jobs = _jobs().search([("user_id", "=", request.env.uid)], limit=_LISTED)
        response = request.make_json_response({"data": [_shown(job) for job in jobs]})
        response.headers["Cache-Control"] = "private, no-store"
        return response

    @route(_JOB, **_READ)
    def job(self, number):
        """Say how far a job is."""
        return _answer(_found(number))

    @route(_JOB, methods=["DELETE"], **_ROUTE)
    def remove(self, number):
        """Stop a job and remove it with its file."""
        _check_not_forged()
        _found(number).sudo().unlink()
        return Response(status=204)

    @route(f"{_JOB}/file", **{**_READ, "auth": "loyalty_reporting_link"})
    def file(self, number):
        """Send the file, to whoever may read the report now or has the link."""
        token = request.httprequest.args.get("token")
        if token is None:
            job = _found(number)
            reader = request.env.user
        else:
            job = _numbered(_jobs().sudo(), number)
            if not (job and job._is_token(token)):
                raise AccessError(
                    request.env._(
                        "This link is not valid, or not any more. Sign in to Odoo, "
                        "where Reporting / My Exports has the file or makes it again."
                    )
                )
            reader = job.user_id
        if job.state in exports.OPEN:
            raise Conflict("The export is not done yet.")
        if not job._is_offered():
            raise Gone("There is no file, or not any more: ask for the export again.")
        return _stream(job, job._query_as(reader))


def _jobs():
    return request.env["loyalty.reporting.export.job"]


def _found(number):
    """Return a job that the caller may see: the own, a manager's all.

    Of one that is not there, and one of others, the caller is told the same.
    """
    request.env["loyalty.reporting.reader"]._reports()
    job = _numbered(_jobs(), number)
    if not job:
        raise NotFound("id", f"There is no export {number:.50} of yours.")
    return job


def _numbered(jobs, text):
    """Return the job of a number, none for what is no number of a job."""
    is_number = re.fullmatch(r"\d{1,10}", text, re.ASCII)
    number = int(text) if is_number else 0
    return jobs.search([("id", "=", number if number <= _LARGEST else 0)])


def _check_not_forged():
    """Refuse what another site may have had the browser send with its session."""
    headers = request.httprequest.headers
    if headers.get("Authorization", "").lower().startswith("bearer "):
        return
    if headers.get("Sec-Fetch-Site") == "same-origin":
        return
    if not request.validate_csrf(headers.get("X-CSRF-Token")):
        raise AccessDenied()


def _answer(job, status=200):
    response = request.make_json_response(_shown(job), status=status)
    response.headers["Cache-Control"] = "private, no-store"
    if job.state in exports.OPEN:
        response.headers["Retry-After"] = _AGAIN_SECONDS
    return response


def _shown(job):
    """Return a job as the API shows it."""
    href = f"{_PATH}/{job.id}"
    is_counted = job.total or job.state == "done"
    shown = {
        "id": job.id,
        "href": href,
        "report": job.report,
        "format": job.file_format,
        "parameters": job.parameters,
        "state": job.state,
        "progress": {"rows": job.rows, "total": job.total if is_counted else None},
        "rows": job.rows,
        "bytes": int(job.bytes),
        "attempts": job.attempts,
        "message": job.message or None,
        "created_at": _instant(job.create_date),
        "finished_at": _instant(job.finished_at),
        "expires_at": _instant(job.expires_at),
        "download": None,
    }
    if job._is_offered():
        host = request.httprequest.host_url.rstrip("/")
        shown["download"] = f"{host}{href}/file?token={job._token()}"
    return shown


def _instant(value):
    if not value:
        return None
    text = value.replace(tzinfo=UTC, microsecond=0).isoformat()
    return text.replace("+00:00", "Z")


def _stream(job, query):
    """Return the file as it lies on the disk; a web server may send it itself."""
    path = job._path()
    try:
        stat = path.stat()
    except FileNotFoundError:
        raise Gone("The file is not here any more: ask for it again.") from None
    stream = Stream(
        type="path",
        path=str(path),
        mimetype=rest.content_type(job.file_format),
        as_attachment=True,
        download_name=files.name_of(query, job.file_format),
        etag=path.name,
        last_modified=stat.st_mtime,
        size=stat.st_size,
    )
    response = stream.get_response()
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response

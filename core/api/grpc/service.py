"""The service ``Reports``: for each report of the registry a page, and a stream."""

import grpc

from ...queries import REPORTS
from ...queries.params import MAX_PER_PAGE, parameters
from . import loyalty_reporting_pb2 as pb2
from . import names, requests, responses

# What only the first message of a stream is asked.
_ONCE = ("page", "totals")
FULL_NAME = f"{names.PACKAGE}.{names.SERVICE}"


def handler(calls, reports=REPORTS):
    """Return what a ``grpc.Server`` takes.

    :param calls: :class:`~core.api.grpc.calls.Calls`
    """
    handlers = {"Catalogue": _unary(_catalogue(calls), pb2.CatalogueRequest)}
    for report in reports.values():
        asked = getattr(pb2, names.request(report.slug))
        handlers[names.method(report.slug)] = _unary(_page(calls, report), asked)
        handlers[names.stream(report.slug)] = grpc.unary_stream_rpc_method_handler(
            _stream(calls, report), asked.FromString, _bytes
        )
    return grpc.method_handlers_generic_handler(FULL_NAME, handlers)


def _unary(behaviour, asked):
    return grpc.unary_unary_rpc_method_handler(behaviour, asked.FromString, _bytes)


def _bytes(message):
    return message.SerializeToString()


def _catalogue(calls):
    def catalogue(_request, context):
        with calls.open("Catalogue", context) as (_call, reader):
            return responses.catalogue(reader._reports().values())

    return catalogue


def _page(calls, report):
    method = names.method(report.slug)

    def page(request, context):
        with calls.open(method, context) as (call, reader):
            given = requests.given(report, request)
            message, _query, _answer = _answered(call, reader, report, given)
            return message

    return page


def _stream(calls, report):
    method = names.stream(report.slug)

    def stream(request, context):
        with calls.open(method, context) as (call, reader):
            given = requests.given(report, request)
            given.setdefault("per_page", str(MAX_PER_PAGE))
            while given and not call.is_over:
                message, query, answer = _answered(call, reader, report, given)
                given = _following(report, given, query, answer)
                yield message

    return stream


def _answered(call, reader, report, given):
    query = reader._query(report.slug, given)
    answer = reader._answer(query)
    call.rows += len(answer.rows)
    return responses.response(query, answer), query, answer


def _following(report, given, query, answer):
    """Return what asks for the next page, or None after the last one.

    A cursor is as fast on the last page as on the first; without one, pages are counted.
    """
    rest = {name: text for name, text in given.items() if name not in _ONCE}
    has_cursor = any(asked.name == "cursor" for asked in parameters(report))
    following = getattr(answer, "next_cursor", None)
    if has_cursor and following:
        return {**rest, "cursor": following}
    if "cursor" in given or query.page * query.per_page >= answer.total:
        return None
    return {**rest, "page": str(query.page + 1)}

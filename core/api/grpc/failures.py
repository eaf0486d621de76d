"""Errors as gRPC statuses, in the form of google.rpc.Status with details.

Clients of every language read those details with their own library (the trailing
metadata ``grpc-status-details-bin``): a ``BadRequest`` names the field at fault, a
``RetryInfo`` says how long to wait, and our ``Problem`` is the RFC 9457 document of REST.
"""

from google.protobuf.any_pb2 import Any
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc import StatusCode
from grpc_status import rpc_status

from . import loyalty_reporting_pb2 as pb2

# HTTP status of a problem → gRPC's. What is not listed is INTERNAL.
CODES = {
    400: StatusCode.INVALID_ARGUMENT,
    401: StatusCode.UNAUTHENTICATED,
    403: StatusCode.PERMISSION_DENIED,
    404: StatusCode.NOT_FOUND,
    409: StatusCode.ABORTED,
    410: StatusCode.NOT_FOUND,
    413: StatusCode.RESOURCE_EXHAUSTED,
    414: StatusCode.INVALID_ARGUMENT,
    422: StatusCode.INVALID_ARGUMENT,
    429: StatusCode.RESOURCE_EXHAUSTED,
    499: StatusCode.CANCELLED,
    503: StatusCode.UNAVAILABLE,
    504: StatusCode.DEADLINE_EXCEEDED,
}
# Bytes of a text: it stands in the headers three times, one of them with three for
# each that is no ASCII, and clients take 8 KiB of headers.
_LONGEST = 600


def code_of(document):
    """Return the StatusCode of a problem document."""
    return CODES.get(document["status"], StatusCode.INTERNAL)


def status(document, seconds=None):
    """Return a problem document as what ``context.abort_with_status`` takes.

    :param seconds: how long the caller should wait before it tries again
    """
    known = pb2.Problem.DESCRIPTOR.fields_by_name
    values = {n: v for n, v in document.items() if n in known and v is not None}
    values["detail"] = _cut(str(document.get("detail", "")))
    details = [pb2.Problem(**values)]
    if parameter := document.get("parameter"):
        details.append(_bad_request(parameter, values["detail"]))
    if seconds is not None:
        details.append(_retry(seconds))
    return rpc_status.to_status(
        status_pb2.Status(
            code=code_pb2.Code.Value(code_of(document).name),
            message=values["detail"],
            details=[_packed(detail) for detail in details],
        )
    )


def _cut(text):
    return text.encode(errors="replace")[:_LONGEST].decode(errors="ignore")


def _bad_request(parameter, detail):
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field=parameter, description=detail)
    return bad


def _retry(seconds):
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(round(seconds * 1000))
    return retry


def _packed(message):
    packed = Any()
    packed.Pack(message)
    return packed

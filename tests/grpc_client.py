"""A client that knows nothing of the addon but its .proto, which it compiles itself.

``python grpc_client.py PROTO``, then on standard input one line of JSON for each call:
``{"address", "method", "request", "key", "timeout", "ca"}``; on standard output its
messages ({"messages": [...]}) or its status ({"code", "details", "problem"}).
"""

import importlib
import json
import sys
import tempfile
from pathlib import Path

import grpc
from google.protobuf import json_format
from grpc_status import rpc_status
from grpc_tools import protoc

STREAM = "Stream"


def main(proto):
    """Answer every line with one."""
    with tempfile.TemporaryDirectory() as folder:
        pb2, pb2_grpc = _compiled(Path(proto), folder)
    for line in sys.stdin:
        sys.stdout.write(json.dumps(_called(pb2, pb2_grpc, json.loads(line))) + "\n")
        sys.stdout.flush()


def _compiled(proto, folder):
    code = protoc.main(
        [
            "protoc",
            f"--proto_path={proto.parent}",
            f"--proto_path={Path(protoc.__file__).with_name('_proto')}",
            f"--python_out={folder}",
            f"--grpc_python_out={folder}",
            proto.name,
        ]
    )
    assert code == 0
    sys.path.insert(0, folder)
    return [
        importlib.import_module(f"{proto.stem}_{end}") for end in ("pb2", "pb2_grpc")
    ]


def _called(pb2, pb2_grpc, asked):
    method = asked["method"]
    kind = getattr(pb2, f"{method.removeprefix(STREAM)}Request")
    key = asked["key"]
    metadata = [("authorization", f"Bearer {key}")] if key else []
    with _channel(asked["address"], asked["ca"]) as channel:
        call = getattr(pb2_grpc.ReportsStub(channel), method)
        try:
            message = json_format.ParseDict(asked["request"], kind())
            answer = call(message, metadata=metadata, timeout=asked["timeout"])
            answers = list(answer) if method.startswith(STREAM) else [answer]
        except grpc.RpcError as error:
            return _status(pb2, error)
    return {"messages": [_plain(answer) for answer in answers]}


def _plain(message):
    """Return a message as JSON has it: also zeros, but nothing that is not set."""
    return json_format.MessageToDict(
        message,
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )


def _channel(address, ca):
    if not ca:
        return grpc.insecure_channel(address)
    return grpc.secure_channel(
        address, grpc.ssl_channel_credentials(Path(ca).read_bytes())
    )


def _status(pb2, error):
    problem, status = pb2.Problem(), rpc_status.from_call(error)
    for detail in status.details if status else ():
        detail.Unpack(problem)
    return {
        "code": error.code().name,
        "details": error.details(),
        "problem": json_format.MessageToDict(problem),
    }


if __name__ == "__main__":
    main(sys.argv[1])

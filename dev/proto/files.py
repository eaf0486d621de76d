"""The committed files, what they must hold, and protoc."""

import re
import tempfile
from pathlib import Path

import grpc_tools
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from core.queries import REPORTS

from .schema import schema
from .text import text

FOLDER = Path(__file__).parents[2] / "core" / "api" / "grpc"
NAME = "loyalty_reporting.proto"
PROTO, RELEASED = FOLDER / NAME, FOLDER / "released.proto"
MODULES = ("loyalty_reporting_pb2.py", "loyalty_reporting_pb2_grpc.py")
# protoc imports the messages from wherever sys.path leads; ours are in a package.
_IMPORT = re.compile(r"^import (\w+_pb2) as", re.MULTILINE)


def files():
    """Return {name: content} of all that is made of the registry.

    :raise ValueError: clients built with the committed .proto would break
    """
    locked = descriptor(PROTO) if PROTO.exists() else FileDescriptorProto()
    proto = text(schema(REPORTS.values()), locked)
    return {NAME: proto, **modules(proto)}


def descriptor(path):
    """Return a .proto as a FileDescriptorProto."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "set"
        _protoc(path.parent, f"--descriptor_set_out={out}", path.name)
        [found] = FileDescriptorSet.FromString(out.read_bytes()).file
        return found


def modules(proto):
    """Return {name: content} of the Python modules of a .proto's text."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / NAME).write_text(proto, encoding="utf-8")
        _protoc(folder, f"--python_out={folder}", f"--grpc_python_out={folder}", NAME)
        made = {name: (Path(folder) / name).read_text("utf-8") for name in MODULES}
    return {name: _IMPORT.sub(r"from . import \1 as", t) for name, t in made.items()}


def _protoc(folder, *arguments):
    own = Path(grpc_tools.__file__).with_name("_proto")
    paths = [f"--proto_path={path}" for path in (folder, own)]
    if protoc.main(["protoc", *paths, *map(str, arguments)]):
        raise ValueError("protoc does not take the file: see its words above.")

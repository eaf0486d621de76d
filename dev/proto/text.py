"""The .proto as text."""

import textwrap

from core.api.grpc import names

from . import numbering

HEAD = """\
// Made of the registry of reports by `make proto`: changes here are lost, but for the
// numbers, which are kept. Copyright Loyalty Reporting contributors, LGPL-3.
//
// Days are ISO 8601 texts (2024-01-31): business days of the company, without a zone.
// Instants are Timestamps. Money, points and quantities are decimals as texts, exact.

syntax = "proto3";

package {package};

import "google/protobuf/timestamp.proto";
"""
_WIDTH = 88


def text(made, lock):
    """Return the file.

    :param made: the :class:`~dev.proto.schema.Schema`
    :param lock: the committed file as a FileDescriptorProto; empty for the first one
    :raise ValueError: clients built with the lock would break
    """
    numbering.check_kept(made, lock)
    known = {message.name: message for message in lock.message_type}
    lines = [HEAD.format(package=names.PACKAGE)]
    lines += _service(made.methods)
    for message in made.messages:
        lines += ["", *_message(message, known.get(message.name))]
    return "\n".join(lines) + "\n"


def _service(methods):
    lines = [
        *_comment("Reports of promotions, membership and points."),
        f"service {names.SERVICE} {{",
    ]
    for method in methods:
        kind = "stream " if method.is_stream else ""
        lines += _comment(method.comment, "  ")
        lines.append(
            f"  rpc {method.name}({method.request}) returns ({kind}{method.response});"
        )
    return [*lines, "}"]


def _message(message, locked):
    numbers = numbering.of_fields(message, locked)
    known = {enum.name: enum for enum in locked.enum_type} if locked else {}
    lines = [*_comment(message.comment), f"message {message.name} {{"]
    lines += _reserved(numbers, "  ")
    for enum in message.enums:
        lines += _enum(enum, known.get(enum.name))
    for field in sorted(message.fields, key=lambda f: numbers.of[f.name]):
        lines += _comment(field.comment, "  ")
        label = f"{field.label} " if field.label else ""
        lines.append(f"  {label}{field.type} {field.name} = {numbers.of[field.name]};")
    return [*lines, "}"]


def _enum(enum, locked):
    numbers = numbering.of_values(enum, locked)
    lines = [f"  enum {enum.name} {{", *_reserved(numbers, "    ")]
    for name, number in sorted(numbers.of.items(), key=lambda pair: pair[1]):
        lines.append(f"    {name} = {number};")
    return [*lines, "  }"]


def _reserved(numbers, indent):
    if not numbers.reserved:
        return []
    of_names = ", ".join(f'"{name}"' for name in numbers.reserved_names)
    of_numbers = ", ".join(map(str, numbers.reserved))
    return [f"{indent}reserved {of_numbers};", f"{indent}reserved {of_names};"]


def _comment(words, indent=""):
    head = f"{indent}// "
    return textwrap.wrap(words, _WIDTH, initial_indent=head, subsequent_indent=head)

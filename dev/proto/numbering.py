"""Numbers that never change: taken from the lock, which is the committed .proto."""

from dataclasses import dataclass

from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto

_SCALARS = {
    Proto.TYPE_INT64: "int64",
    Proto.TYPE_STRING: "string",
    Proto.TYPE_DOUBLE: "double",
    Proto.TYPE_BOOL: "bool",
}


@dataclass(frozen=True)
class Numbers:
    """The numbers of a message's fields or of an enum's values, and those in reserve.

    :param of: name → number
    :param reserved: numbers of what was taken away, never given again
    :param reserved_names: its names
    """

    of: dict[str, int]
    reserved: tuple[int, ...] = ()
    reserved_names: tuple[str, ...] = ()


def check_kept(made, lock):
    """Refuse to lose a message, an enum or a method of the lock, or to change a type.

    :param lock: the committed file as a FileDescriptorProto
    :raise ValueError: tells what would break clients
    """
    found = {m.name: m for m in made.messages}
    for locked in lock.message_type:
        message = found.get(locked.name)
        _need(message, f"message {locked.name}")
        enums = {e.name for e in message.enums}
        for enum in locked.enum_type:
            _need(enum.name in enums, f"enum {locked.name}.{enum.name}")
        fields = {f.name: f for f in message.fields}
        for field in locked.field:
            if field.name in fields:
                _check_type(locked, field, fields[field.name])
    methods = {m.name for m in made.methods}
    for service in lock.service:
        for method in service.method:
            _need(method.name in methods, f"method {method.name}")


def _need(found, what):
    if not found:
        raise ValueError(
            f"The {what} of the .proto is no longer made: clients that use it would "
            "break. If it was never released, take it out of the .proto by hand."
        )


def _check_type(locked, field, wanted):
    label = "optional" if field.proto3_optional else ""
    if field.label == Proto.LABEL_REPEATED:
        label = "repeated"
    kind = _SCALARS.get(field.type) or field.type_name
    is_same = kind == wanted.type or kind.endswith(f".{wanted.type}")
    if (label, is_same) != (wanted.label, True):
        raise ValueError(
            f"{locked.name}.{field.name} is {label} {kind} and would become "
            f"{wanted.label} {wanted.type}: clients would break. Use another name."
        )


def of_fields(message, locked):
    """Return the :class:`Numbers` of a message.

    :param locked: its DescriptorProto, or None for a new message
    """
    known = {f.name: f.number for f in locked.field} if locked else {}
    return _numbers([f.name for f in message.fields], known, locked, first=1)


def of_values(enum, locked):
    """Return the :class:`Numbers` of an enum.

    :param locked: its EnumDescriptorProto, or None for a new enum
    """
    known = {v.name: v.number for v in locked.value} if locked else {}
    return _numbers(enum.values, known, locked, first=0)


def _numbers(wanted, known, locked, first):
    kept_names = tuple(locked.reserved_name) if locked else ()
    if back := set(wanted) & set(kept_names):
        raise ValueError(
            f"{', '.join(back)}: was taken away once; its name stays in reserve. "
            "Use another one."
        )
    reserved = _reserved(locked, is_enum=first == 0)
    gone = {name: n for name, n in known.items() if name not in wanted}
    free = max((first - 1, *known.values(), *reserved)) + 1
    of = {}
    for name in wanted:
        if name in known:
            of[name] = known[name]
        else:
            of[name], free = free, free + 1
    return Numbers(
        of,
        tuple(sorted({*reserved, *gone.values()})),
        tuple(sorted({*kept_names, *gone})),
    )


def _reserved(locked, is_enum):
    """Return the reserved numbers; the end of an enum's range is part of it."""
    if not locked:
        return []
    return [
        number
        for part in locked.reserved_range
        for number in range(part.start, part.end + is_enum)
    ]

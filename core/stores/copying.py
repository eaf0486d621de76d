"""Pipe a source's COPY into a staging table without holding it in memory."""

import os
import re
import threading
from contextlib import contextmanager

_BLOCK = 1 << 16
NULL = r"\N"
# The backslash first: the others are written with one.
_ESCAPES = ("\\", r"\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r")
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


def pipe(write, cursor, statement, guard=None):
    """Run ``write(file)`` in a thread and COPY what it writes into a table.

    :param write: writes COPY text into the file it is given
    :param statement: ``COPY … FROM STDIN``
    :param guard: wraps the reading end; may drop lines, kept in its ``broken``
    :return: the lines that the guard dropped
    :raise Exception: whatever the writer raised, before anything of ours
    """
    with piped(write, "loyalty_reporting_copy") as source:
        reader = guard(source) if guard else source
        cursor.copy_expert(statement, reader, _BLOCK)
    return reader.broken if guard else []


@contextmanager
def piped(write, name):
    """Give a file that reads what ``write(file)`` writes in a thread meanwhile.

    :param name: of the thread
    :raise Exception: at the end, whatever the writer raised, before anything of ours
    """
    read_end, write_end = os.pipe()
    failure = []

    def produce():
        try:
            with os.fdopen(write_end, "wb", _BLOCK) as out:
                write(out)
        except BrokenPipeError:
            pass  # the reader failed first and tells why
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=produce, name=name)
    thread.start()
    try:
        with os.fdopen(read_end, "rb", _BLOCK) as source:
            yield source
    finally:
        thread.join()
        if failure:
            raise failure[0]


def field(text):
    """Return the value of one field of COPY's text format."""
    if text.rstrip("\n") == NULL:
        return None
    plain = text.rstrip("\n")
    return re.sub(r"\\(.)", lambda m: _ESCAPED.get(m[1], m[1]), plain)


def written(value):
    """Return a value as a field of COPY's text format; only text needs escapes."""
    if value is None:
        return NULL
    if value.__class__ is str:
        for character, escape in _ESCAPES:
            # Many times as fast as str.translate() where there are none.
            value = value.replace(character, escape)
    return value

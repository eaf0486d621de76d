"""Read a query of whole numbers as columns, many rows at a time.

COPY's binary format gives rows of one size when every column is a bigint and none is
NULL: numpy then sees a block as an array of records, and nothing is parsed.
"""

import os
import threading

import numpy

_ROWS = 50_000
_HEADER = 19  # signature, flags, length of the extension


def integer_blocks(connection, query, parameters):
    """Yield (column names, columns) of a query, in blocks.

    The query's columns are bigint and never NULL. A column ``channel`` holds ids of
    channels and comes out as their names.

    :raise psycopg2.Error: from the query
    """
    with connection.cursor() as cr:
        cr.execute("SELECT id, name FROM loyalty_reporting_channel")
        channels = dict(cr.fetchall())
        cr.execute(f"SELECT * FROM ({query}) q LIMIT 0", parameters)
        names = [column.name for column in cr.description]
        statement = cr.mogrify(f"COPY ({query}) TO STDOUT (FORMAT binary)", parameters)
    record = _record(names)
    for data in _records(connection, statement, record.itemsize):
        rows = numpy.frombuffer(data, record)
        columns = [rows[name].astype("=i8").tolist() for name in names]
        yield names, _with_channels(names, columns, channels)


def _record(names):
    """Return the layout of a row: field count, then each value after its length."""
    fields = [("field_count", ">i2")]
    for name in names:
        fields += [(f"length of {name}", ">i4"), (name, ">i8")]
    return numpy.dtype(fields)


def _with_channels(names, columns, channels):
    if "channel" not in names:
        return columns
    at = names.index("channel")
    columns[at] = [channels[i] for i in columns[at]]
    return columns


def _records(connection, statement, size):
    """Yield the rows of a binary COPY as bytes, whole rows at a time."""
    read_end, write_end = os.pipe()
    failure = []

    def produce():
        try:
            with os.fdopen(write_end, "wb", 1 << 16) as out, connection.cursor() as cr:
                cr.copy_expert(statement, out)
        except BrokenPipeError:
            pass  # the reader gave up first and tells why
        except Exception as error:
            failure.append(error)

    thread = threading.Thread(target=produce, name="loyalty_reporting_push")
    thread.start()
    try:
        with os.fdopen(read_end, "rb", 1 << 20) as source:
            source.read(_HEADER)
            while data := source.read(size * _ROWS):
                yield data[: len(data) // size * size]
    finally:
        thread.join()
        if failure:
            raise failure[0]

"""Read a query of whole numbers as columns, many rows at a time.

COPY's binary format gives rows of one size when every column is a number, a boolean,
a date or a timestamp, and none is NULL: numpy then sees a block as an array of
records, and nothing is parsed.
"""

import io
import queue
import threading
from contextlib import suppress

import numpy

from ..errors import StoreError

_ROWS = 20_000
_HEADER = 19  # signature, flags, length of the extension
# By PostgreSQL's number of the type: how a value is sent.
_DATE, _TIMESTAMP = 1082, 1114
_TYPES = {16: "u1", 20: ">i8", 21: ">i2", 23: ">i4", _DATE: ">i4", _TIMESTAMP: ">i8"}
# PostgreSQL counts days and microseconds from 2000, ClickHouse from 1970.
_DAYS_BEFORE_2000 = 10_957
# ClickHouse refuses a block of more than 100 partitions; this many days are in 24.
_DAYS = 700


def integer_blocks(connection, query, parameters, day=None):
    """Yield (column names, columns) of a query, in blocks.

    Dates come out as days, timestamps as seconds since 1970; a column ``channel``
    holds ids of channels and comes out as their names.

    :param day: the column with the date that decides the partition, if any does
    :raise psycopg2.Error: from the query
    """
    with connection.cursor() as cr:
        cr.execute("SELECT id, name FROM loyalty_reporting_channel")
        channels = dict(cr.fetchall())
        cr.execute(f"SELECT * FROM ({query}) q LIMIT 0", parameters)
        types = {column.name: column.type_code for column in cr.description}
        statement = cr.mogrify(f"COPY ({query}) TO STDOUT (FORMAT binary)", parameters)
    names = [*types]
    for rows in _records(connection, statement, _record(types)):
        for part in _few_partitions(rows, day):
            columns = [_since_1970(part[name], types[name]).tolist() for name in names]
            yield names, _with_channels(names, columns, channels)


def _record(types):
    """Return the layout of a row: field count, then each value after its length."""
    fields = [("field_count", ">i2")]
    for name, type_code in types.items():
        fields += [(f"length of {name}", ">i4"), (name, _TYPES[type_code])]
    return numpy.dtype(fields)


def _since_1970(values, type_code):
    # Lists are made faster of numbers in the processor's own order.
    values = values.astype(values.dtype.newbyteorder("="))
    if type_code == _DATE:
        return values + _DAYS_BEFORE_2000
    if type_code == _TIMESTAMP:
        return values // 1_000_000 + _DAYS_BEFORE_2000 * 86_400
    return values


def _few_partitions(rows, day):
    """Split rows so that no part touches more partitions than ClickHouse takes."""
    spans = rows[day] // _DAYS if day else numpy.zeros(1)
    if spans.min() == spans.max():
        yield rows
    else:
        for span in numpy.unique(spans):
            yield rows[spans == span]


def _with_channels(names, columns, channels):
    if "channel" not in names:
        return columns
    at = names.index("channel")
    columns[at] = [channels[i] for i in columns[at]]
    return columns


def _records(connection, statement, record):
    """Yield the rows of a binary COPY as arrays of records.

    A thread reads one block ahead, so that both databases work at the same time.
    """
    ahead = _Ahead()
    failure = []

    def produce():
        try:
            size = record.itemsize * _ROWS
            with io.BufferedWriter(ahead, size) as out, connection.cursor() as cr:
                cr.copy_expert(statement, out)
        except Exception as error:
            failure.append(error)
        finally:
            ahead.end()

    thread = threading.Thread(target=produce, name="loyalty_reporting_push")
    thread.start()
    try:
        yield from _whole_rows(ahead, record)
    finally:
        ahead.abandon(thread)
    if failure:
        raise failure[0]


def _whole_rows(blocks, record):
    """Cut the bytes of a COPY into rows; a block may end in the middle of one."""
    skip, rest = _HEADER, b""
    for block in blocks:
        data = rest + block[skip:] if rest or skip else block
        skip, count = 0, len(data) // record.itemsize
        rest = data[count * record.itemsize :]
        rows = numpy.frombuffer(data, record, count)
        # A NULL has no bytes: what follows it would be read at the wrong place.
        if (rows["field_count"] != len(record) // 2).any():
            raise StoreError("A query for ClickHouse returned NULL or a changed type.")
        if count:
            yield rows


class _Ahead(io.RawIOBase):
    """A file whose writer waits until its reader has taken the block before."""

    def __init__(self):
        self._blocks = queue.Queue(maxsize=1)
        self._is_abandoned = False

    def writable(self):
        return True

    def write(self, data):
        if self._is_abandoned:
            raise BrokenPipeError
        self._blocks.put(bytes(data))
        return len(data)

    def end(self):
        """Tell the reader that nothing follows."""
        self._blocks.put(None)

    def __iter__(self):
        return iter(self._blocks.get, None)

    def abandon(self, thread):
        """Read no more, and wait until the writer has noticed."""
        self._is_abandoned = True
        while thread.is_alive():
            with suppress(queue.Empty):
                self._blocks.get(timeout=0.02)

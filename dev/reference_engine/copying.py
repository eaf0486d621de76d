"""Put frames into PostgreSQL with COPY, and prove what is there."""

from io import BytesIO

import numpy as np
import pandas as pd
import pyarrow as pa
from psycopg2 import sql
from pyarrow import csv

MONEY = {"amount", "amount_total", "discount"}
INSTANTS = {"ordered_at", "evaluated_at", "occurred_at", "expires_at"}
DATES = {"valid_from", "valid_to"}
CHUNK_ROWS = 100_000


def copy_frame(cursor, table: str, frame: pd.DataFrame) -> None:
    """COPY a frame of `tables.history_tables` into engine.<table>."""
    rows = to_arrow(frame)
    statement = sql.SQL("COPY {} ({}) FROM STDIN WITH (FORMAT csv)").format(
        sql.Identifier("engine", table),
        sql.SQL(", ").join(map(sql.Identifier, rows.column_names)),
    )
    options = csv.WriteOptions(include_header=False)
    for chunk in rows.to_batches(CHUNK_ROWS):
        buffer = BytesIO()
        csv.write_csv(chunk, buffer, options)
        buffer.seek(0)
        cursor.copy_expert(statement, buffer)


def to_arrow(frame: pd.DataFrame) -> pa.Table:
    """The frame with cents, seconds and days turned into what they mean."""
    return pa.table({name: _column(name, frame[name]) for name in frame.columns})


def checksum(cursor, table: str) -> tuple[int, str]:
    """Rows of engine.<table> and a checksum of all columns but the transaction.

    It does not depend on the order of the rows; compare it within one PostgreSQL
    version and with TimeZone UTC.
    """
    cursor.execute(
        "SELECT attname FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 AND attname <> 'txid'"
        " ORDER BY attnum",
        [f"engine.{table}"],
    )
    columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in cursor.fetchall())
    cursor.execute(
        sql.SQL(
            "SELECT count(*), md5(sum(hashtextextended(ROW({})::text, 0))::text)"
            " FROM {}"
        ).format(columns, sql.Identifier("engine", table))
    )
    return cursor.fetchone()


def _column(name: str, values: pd.Series) -> pa.Array:
    if name in MONEY:
        return _money(values.to_numpy())
    column = pa.array(values)
    if name in INSTANTS:
        return column.cast(pa.timestamp("s", tz="UTC"))
    if name in DATES:
        return column.cast(pa.int32()).cast(pa.date32())
    return column


def _money(cents: np.ndarray) -> pa.Array:
    # A decimal128 is 16 bytes, the low half first; the high half repeats the sign.
    # Building it from cents this way is exact and takes no loop.
    halves = np.column_stack([cents, cents >> 63]).astype("<i8")
    buffers = [None, pa.py_buffer(np.ascontiguousarray(halves))]
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), buffers)

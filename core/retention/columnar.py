"""Rows of PostgreSQL as a Parquet file, and back, every value as it was.

A numeric of unknown scale is written as text: Parquet's decimals have one.
"""

import re

from ..errors import ConfigurationError, ReportingError
from ..stores.copying import pipe, piped

_DECIMAL = re.compile(r"numeric\((\d+),(\d+)\)")
_BLOCK = 1 << 22
_ROW_GROUP = 1 << 17


class Unfit(ReportingError):
    """A row holds what no Parquet file of its columns can."""


def arrow():
    """Return the module pyarrow, with those of its parts that are used here.

    :raise ConfigurationError: it is not installed
    """
    try:
        import pyarrow  # noqa: PLC0415 (only who archives needs it)
        import pyarrow.csv  # noqa: PLC0415
        import pyarrow.parquet  # noqa: PLC0415
    except ImportError as e:
        raise ConfigurationError(
            f"Archives need the Python package {e.name}: install it and run again."
        ) from None
    return pyarrow


def schema_of(columns):
    """Return the Arrow schema of columns {name: PostgreSQL's type}."""
    pa = arrow()
    simple = {
        "bigint": pa.int64(),
        "integer": pa.int32(),
        "smallint": pa.int16(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "timestamp without time zone": pa.timestamp("us"),
    }

    def kind_of(kind):
        decimal = _DECIMAL.fullmatch(kind)
        if decimal:
            return pa.decimal128(*map(int, decimal.groups()))
        return simple.get(kind, pa.string())

    return pa.schema([(name, kind_of(kind)) for name, kind in columns.items()])


def write(cr, table, columns, file):
    """Write a table's rows into a binary file as Parquet with zstd.

    Never holds more of them in memory than a row group.

    :raise Unfit: a value is none of its column's type in the file
    """
    pa = arrow()
    try:
        _write(pa, cr, table, schema_of(columns), file)
    except pa.ArrowInvalid as e:
        raise Unfit(
            f"{table} cannot be written to a file: {e}. Nothing was removed."
        ) from e


def _write(pa, cr, table, schema, file):
    with pa.parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        waiting, rows = [], 0
        for batch in _batches(cr, table, schema):
            waiting.append(batch)
            rows += batch.num_rows
            if rows >= _ROW_GROUP:
                writer.write_table(pa.Table.from_batches(waiting, schema))
                waiting, rows = [], 0
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting, schema))


def load(cr, table, file, columns):
    """Copy the rows of a Parquet file into a table.

    Columns of the file that the table no longer has are left out; those that it has
    besides take their defaults.

    :param columns: names of the table's columns
    """
    pa = arrow()
    parquet = pa.parquet.ParquetFile(file)
    names = [name for name in parquet.schema_arrow.names if name in columns]
    statement = f"COPY {table} ({', '.join(names)}) FROM STDIN (FORMAT csv)"

    def produce(out):
        # Text is quoted and nothing is not: so PostgreSQL tells '' from NULL.
        for batch in parquet.iter_batches(columns=names, batch_size=_ROW_GROUP):
            pa.csv.write_csv(_as_text(pa, batch.select(names)), out, _bare(pa))

    pipe(produce, cr, statement)


def _as_text(pa, batch):
    """Return a batch whose decimals are texts: Arrow writes no other decimals."""
    columns = [
        column.cast(pa.string()) if pa.types.is_decimal(column.type) else column
        for column in batch.columns
    ]
    return pa.record_batch(columns, names=batch.schema.names)


def _bare(pa):
    return pa.csv.WriteOptions(include_header=False)


def _batches(cr, table, schema):
    """Yield a table's rows as batches."""
    pa = arrow()
    statement = (
        f"COPY (SELECT {', '.join(schema.names)} FROM {table}) TO STDOUT (FORMAT csv)"
    )
    cr.execute(f"SELECT EXISTS (SELECT FROM {table})")
    if not cr.fetchone()[0]:
        return

    def write(out):
        cr.copy_expert(statement, out, _BLOCK)

    with piped(write, "loyalty_reporting_archive") as source:
        yield from pa.csv.open_csv(
            source,
            pa.csv.ReadOptions(column_names=schema.names, block_size=_BLOCK),
            pa.csv.ParseOptions(newlines_in_values=True),
            pa.csv.ConvertOptions(
                column_types=schema,
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        )

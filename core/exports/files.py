"""The files that a report can be had as."""

from dataclasses import replace

from ..api.rest import CSV, NDJSON, XLSX
from . import xlsx
from .text import csv_blocks, json_blocks

# Function (query, rows) → blocks of bytes, of what is written as it is read.
BLOCKS = {CSV: csv_blocks, NDJSON: json_blocks}
FORMATS = (XLSX, CSV, NDJSON)


def write(file, query, answer, file_format):
    """Write all rows of an answer, read once, into a binary file, in constant memory.

    :raise BadQuery: the format has no room for so many rows
    """
    if file_format == XLSX:
        xlsx.write(file, query, answer)
        return
    for block in BLOCKS[file_format](query, answer.rows):
        file.write(block)


def name_of(query, file_format):
    """Return what a file is called."""
    slug = query.report.slug.replace("/", "_")
    return f"{slug}_{query.date_from}_{query.date_to}.{file_format}"


class Counted:
    """Counts the rows of an answer as they are read."""

    def __init__(self):
        self.count = 0

    def of(self, answer):
        """Return the answer; its rows can be read once."""
        return replace(answer, rows=self._read(answer.rows))

    def _read(self, rows):
        for row in rows:
            self.count += 1
            yield row

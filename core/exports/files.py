"""The files that a report can be had as."""

from dataclasses import replace

from ..api.rest import CSV, NDJSON, XLSX
from ..queries.base import Listing
from ..queries.export import Beside
from . import workbook
from .text import csv_blocks, json_blocks

# Function (query, rows, edition) → blocks of bytes, of what is written as it is read.
BLOCKS = {CSV: csv_blocks, NDJSON: json_blocks}
FORMATS = (XLSX, CSV, NDJSON)


def write(file, query, answer, file_format, edition):
    """Write all rows of an answer, read once, into a binary file, in constant memory.

    :param answer: with answers to the questions that :func:`asked` names beside it
    :param edition: :class:`~core.exports.edition.Edition`
    :raise BadQuery: the format has no room for so many rows
    """
    if file_format == XLSX:
        workbook.write(file, query, answer, edition)
        return
    for block in BLOCKS[file_format](query, answer.rows, edition):
        file.write(block)


def asked(query, file_format, *, is_counted=False):
    """Return what a file needs: (its question, what it wants beside its rows).

    A workbook has the totals of every report that has any.

    :param is_counted: somebody wants to know how many rows there will be
    """
    if file_format != XLSX:
        return query, Beside(is_counted=is_counted)
    is_listing = isinstance(query.report, Listing)
    beside = Beside(workbook.questions(query), is_counted=True)
    return replace(query, with_totals=not is_listing), beside


def check_room(count, file_format):
    """Refuse more rows than a file of this format has room for.

    :raise BadQuery: says what to do instead
    """
    if file_format == XLSX:
        workbook.check_room(count)


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

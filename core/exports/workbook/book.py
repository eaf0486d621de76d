"""The workbook of an answer, from its questions to the file."""

from collections.abc import Sized
from itertools import chain, islice
from zipfile import ZipFile

from ...errors import BadQuery
from ...queries.base import Column, Kind, Measure
from ..edition import Edition
from ..sections import sections_of
from .cells import MAX_ROWS, Cells
from .package import Sample, fill
from .sheets import DATA, ROW, SEEN, TOTAL, Sheets

_BLOCK = 1_000  # rows that are in memory at once


def write(file, query, answer, edition=None):
    """Write the workbook of an answer.

    Its sheets: a summary, the rows, a sheet for each section of the report, and what
    the columns mean. Texts of the data stay texts: nothing becomes a formula or a link.
    Numbers have the digits that the answer has. The rows are read once.

    :param file: a writable binary file
    :param answer: with answers to what :func:`questions` asks beside it, or without
    :param edition: :class:`~core.exports.edition.Edition`
    :return: number of rows
    :raise BadQuery: there are more rows than a sheet has
    """
    edition = edition or Edition()
    count, rows = _count(answer), iter(answer.rows)
    first = [*islice(rows, SEEN)]
    sheets = Sheets(query, answer, edition).package(count, first)
    with ZipFile(sheets) as package:
        sample = Sample(package, DATA, ROW, TOTAL)
        styles = sample.styles(ROW)
        cells = Cells(query.columns, styles, query.company.timezone)
        made = _Rows(cells, chain(first, rows))
        end = _end(query, answer, edition, sample.styles(TOTAL), made)
        fill(file, package, sample, chain(made, end), count * len(styles))
    return made.count


def questions(query):
    """Return what a workbook asks beside its rows; see ``sections.py``."""
    return tuple(asked for _section, asked in sections_of(query))


def _count(answer):
    """Return how many rows there will be; as many as there may be, if nobody knows.

    :raise BadQuery: more than a sheet has
    """
    known = len(answer.rows) if isinstance(answer.rows, Sized) else answer.total
    check_room(known or 0)
    return MAX_ROWS if known is None else known


def check_room(count):
    """Refuse more rows than a sheet has.

    :raise BadQuery: says what to do instead
    """
    if count > MAX_ROWS:
        raise BadQuery(
            "format",
            f"A workbook has at most {MAX_ROWS} rows, and there are more: ask for a "
            "shorter period, or for CSV.",
        )


class _Rows:
    """The XML of rows, some at a time, counted as they are read."""

    def __init__(self, cells, rows):
        self.cells, self._rows, self.count = cells, rows, 0

    def __iter__(self):
        while block := [*islice(self._rows, _BLOCK)]:
            check_room(self.count + len(block))
            yield self.cells.block(ROW + self.count, block)
            self.count += len(block)


def _end(query, answer, edition, styles, made):
    """Yield what comes after the rows: the totals, and what should be known of them."""
    columns, zone = query.columns, query.company.timezone
    row = made.count + TOTAL
    if answer.totals:
        total = {column.name: None for column in columns} | answer.totals
        _ = edition.translate
        total[columns[0].name] = _("Total")
        yield Cells(map(_as_total, columns), styles, zone).block(row, [total])
        row += 1
    notes = [{"note": note} for note in _notes(edition, made)]
    yield Cells([_text("note")], [0], zone).block(row, notes)


def _as_total(column):
    return column if isinstance(column, Measure) else _text(column.name)


def _text(name):
    return Column(name, "", "", Kind.TEXT)


def _notes(edition, made):
    _ = edition.translate
    if not made.count:
        yield _("There are no rows in this period with these restrictions.")
    if made.cells.cut:
        text = _("%(count)s texts are cut: a cell has no room for more. CSV has all.")
        yield text % {"count": made.cells.cut}

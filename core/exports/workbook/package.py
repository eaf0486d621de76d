"""A workbook that XlsxWriter made, and rows written into one of its sheets.

XlsxWriter makes the whole file with a sample of the rows: it knows the format, and what
cells look like. The sample's row is then replaced by the real ones, which are compressed
as they are read: nothing but the file itself is kept of them.
"""

import re
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

# Most of the time that compressing takes is spent on the last tenth of the size.
LEVEL = 1
_WHEN = (1980, 1, 1, 0, 0, 0)
# A part of a file that may have more bytes is announced otherwise.
_LARGE, _CELL_BYTES = 2**31, 200
_STYLE = re.compile(rb'<c r="([A-Z]+)\d+" s="(\d+)"')


class Sample:
    """A sheet with samples of rows, as XlsxWriter wrote it.

    :param package: the workbook, as an open ZipFile
    :param path: the sheet's, within
    :param first: number of the row that is the sample, from 1 on
    :param last: number of the last row of samples
    """

    def __init__(self, package, path, first, last):
        self.path = path
        text = package.read(path)
        begin = text.index(b'<row r="%d"' % first)
        end = text.index(b"</sheetData>")
        self.head, self._rows, self.tail = text[:begin], text[begin:end], text[end:]
        self._first, self._last = first, last

    def styles(self, number):
        """Return the numbers of the styles of a sample's cells, by column."""
        row = self._rows[self._rows.index(b'<row r="%d"' % number) :]
        row = row[: row.index(b"</row>")]
        return [int(style) for _column, style in _STYLE.findall(row)]


def fill(file, package, sample, rows, size):
    """Write a workbook with the rows in the place of its sample.

    :param file: a writable binary file
    :param rows: XML of some rows each, read once
    :param size: how many cells there may be
    """
    with ZipFile(file, "w", ZIP_DEFLATED, compresslevel=LEVEL) as whole:
        for entry in package.infolist():
            if entry.filename != sample.path:
                whole.writestr(_entry(entry.filename), package.read(entry))
                continue
            is_large = size * _CELL_BYTES > _LARGE
            with whole.open(_entry(sample.path), "w", force_zip64=is_large) as sheet:
                for block in _blocks(sample, rows):
                    sheet.write(block)


def _entry(name):
    entry = ZipInfo(name, _WHEN)
    entry.compress_type = ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    return entry


def _blocks(sample, rows):
    yield sample.head
    for block in rows:
        yield block.encode()
    yield sample.tail

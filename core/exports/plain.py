"""The text of a mail for programs that show no HTML: a line for each part and row."""

from lxml import html

_BLOCKS = ("h1", "p", "tr")
_GAP = "  "


def plain(text):
    """Return the text of a mail; the columns of its tables stand below each other.

    :param text: HTML whose texts are in headings, paragraphs and rows of tables
    """
    found, table = [], []
    for block in html.fromstring(text).iter(*_BLOCKS):
        if block.find(".//tr") is not None or block.find(".//p") is not None:
            continue  # rows that are there for the layout
        if block.tag == "tr":
            table.append([_words(cell) for cell in block])
            continue
        found += [*_aligned(table), _linked(block)]
        table = []
    return "\n\n".join(filter(None, [*found, *_aligned(table)])) + "\n"


def _aligned(rows):
    """Return a table as one text, or nothing; all columns but the first are numbers."""
    if not rows:
        return []
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for first, *others in rows:
        cells = [first.ljust(widths[0])]
        cells += [c.rjust(w) for c, w in zip(others, widths[1:], strict=True)]
        lines.append(_GAP.join(cells).rstrip())
    return ["\n".join(lines)]


def _linked(block):
    """Return the words of a block, and where its links lead."""
    links = [link.get("href") for link in block.iter("a")]
    return " ".join(filter(None, [_words(block), *links]))


def _words(block):
    return " ".join(block.text_content().split())

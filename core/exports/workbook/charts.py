"""Native charts over the cells of sections."""

from ...queries.base import PREVIOUS, Kind, Unit
from .. import words
from .cells import kind_of
from .styles import COLOURS, LINE, MUTED

_SIZE = {"width": 704, "height": 340}
_FONT = {"color": MUTED, "size": 9}


def chart_of(book, sheet, section, made):
    """Return the chart of a section, or None where there is nothing to draw.

    :param sheet: where its cells are
    :param made: :class:`~core.exports.workbook.tables.Table` that was written there
    """
    count = min(made.count, section.chart.most)
    measures = made.drawn(section.chart)
    if not count or not measures:
        return None
    chart = book.add_chart({"type": section.chart.kind})
    for colour, column in zip(COLOURS, measures, strict=False):
        place = made.columns.index(column)
        chart.add_series(
            {
                "name": [sheet.name, 0, place],
                "categories": [sheet.name, 1, made.named, count, made.named],
                "values": [sheet.name, 1, place, count, place],
                **_look(section.chart.kind, column, colour),
            }
        )
    _dress(chart, section, measures, made)
    return chart


def draw(sheet, chart, place):
    """Put a chart on a sheet."""
    sheet.insert_chart(*place, chart, {"object_position": 2})


def _look(kind, column, colour):
    """Return what a series looks like; the period before is paler."""
    is_before = column.name.startswith(PREVIOUS)
    if kind == "line":
        dash = {"dash_type": "dash"} if is_before else {}
        return {"line": {"color": colour, "width": 2.25, **dash}}
    pale = {"transparency": 50} if is_before else {}
    return {"fill": {"color": colour, **pale}, "gap": 60}


def _dress(chart, section, measures, made):
    kind = section.chart.kind
    words_of = [words.label_of(m, made.query, made.edition) for m in measures]
    title = f"{made.edition.translate(section.title)}: {', '.join(words_of)}"
    chart.set_title({"name": title, "name_font": {"size": 12, "bold": True}})
    chart.set_size(_SIZE)
    chart.set_chartarea({"border": {"color": LINE}})
    chart.set_legend({"position": "bottom"} if len(measures) > 1 else {"none": True})
    numbers = {
        "num_font": _FONT,
        "num_format": "0%" if kind_of(measures[0]) is Unit.RATIO else "#,##0",
        "major_gridlines": {"visible": True, "line": {"color": LINE, "width": 0.5}},
        "line": {"none": True},
    }
    names = {"num_font": _FONT, "line": {"color": LINE}}
    if made.columns[made.named].kind is Kind.DATE:
        # On an axis of days, the bar of a week would be as thin as a day's.
        axis = "date_axis" if kind == "line" else "text_axis"
        names |= {axis: True, "num_format": made.edition.day}
    if kind == "bar":
        # The largest is on top; the other axis stays below.
        chart.set_y_axis({**names, "reverse": True})
        chart.set_x_axis({**numbers, "label_position": "high"})
        return
    chart.set_x_axis(names)
    chart.set_y_axis(numbers)

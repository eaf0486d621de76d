"""The chart of an answer as a picture, for mail: programs that show it draw no chart."""

import io
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from babel.dates import format_date
from babel.numbers import format_compact_decimal

from ..errors import ConfigurationError
from ..queries.base import DATE, PREVIOUS, Grain
from ..queries.query import Tally
from . import words
from .figures import days
from .sections import drawn
from .workbook.styles import COLOURS, LINE, MUTED

_SIZE, _DENSITY = (7.2, 3.4), 100  # inches; points of the picture in one
_LONGEST = 28  # letters of a name beside a bar
_MOST_DAYS = 7  # named on the axis
_MISSING = (
    "Pictures in mails need the Python package matplotlib. An administrator installs it "
    "with: pip install matplotlib"
)


def picture(section, asked, answer, edition):
    """Return the chart of a section as the bytes of a PNG; empty without rows.

    :param section: :class:`~core.exports.sections.Section` with a chart
    :param asked: its question
    """
    rows = answer.rows[: section.chart.most]
    if not rows:
        return b""
    try:
        # Without pyplot: that one keeps figures, for a person at a screen.
        from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise ConfigurationError(_MISSING) from error
    figure = Figure(_SIZE, dpi=_DENSITY, layout="constrained")
    axes = figure.add_subplot()
    columns = _columns(section, asked)
    if section.chart.kind == "bar":
        _bars(axes, rows, _named(asked), columns[0], edition)
    else:
        draw = _line if section.chart.kind == "line" else _columns_beside
        shown = {words.label_of(c, asked, edition): c for c in columns}
        _over_time(axes, rows, shown, draw)
        _name_days(axes, rows, asked, edition)
    _dress(axes, section.chart.kind, edition)
    axes.set_title(_title(section, asked, edition), loc="left", fontsize=11)
    made = io.BytesIO()
    FigureCanvasAgg(figure).print_png(made)
    return made.getvalue()


def described(section, asked, edition):
    """Return a picture in words, for who does not see it."""
    query = asked.query if isinstance(asked, Tally) else asked
    shown = days(query.date_from, query.date_to, edition)
    return f"{_title(section, asked, edition)}, {shown}"


def _title(section, asked, edition):
    query = asked.query if isinstance(asked, Tally) else asked
    labels = [words.label_of(c, query, edition) for c in _columns(section, asked)]
    return f"{edition.translate(section.title)}: {', '.join(labels)}"


def _columns(section, asked):
    """Return the columns that are drawn, each of them followed by the period before."""
    if isinstance(asked, Tally):
        return [asked.columns[-1]]
    found = drawn(section.chart, asked.measures)
    return [*found, *(m.previous for m in found if asked.compare)]


def _named(asked):
    """Return the column that names a row."""
    if isinstance(asked, Tally):
        return asked.columns[0]
    [dimension] = asked.dimensions
    return dimension.columns[-1]


def _bars(axes, rows, named, column, edition):
    """Draw a bar for each row, the largest on top."""
    names = [_name(row[named.name], edition) for row in rows]
    values = [float(row[column.name] or 0) for row in rows]
    axes.barh(range(len(rows)), values, color=COLOURS[0], height=0.62)
    axes.set_yticks(range(len(rows)), names)
    axes.invert_yaxis()


def _name(value, edition):
    _ = edition.translate
    text = str(value or _("(none)"))
    text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
    # Between two dollar signs matplotlib reads a formula.
    return text.replace("$", r"\$")


def _over_time(axes, rows, shown, draw):
    """Draw columns over the days on which the buckets begin.

    :param shown: what a column is called → the column
    :param draw: function (axes, places of the days, values, look) that draws one of them
    """
    places = _days(rows)
    for place, (label, column) in enumerate(shown.items()):
        values = [_number(row[column.name]) for row in rows]
        is_before = column.name.startswith(PREVIOUS)
        look = _Look(label, COLOURS[place], is_before, place, len(shown))
        draw(axes, places, values, look)
    if len(shown) > 1:
        look = {"frameon": False, "fontsize": 9, "labelcolor": MUTED}
        axes.figure.legend(loc="outside lower center", ncols=len(shown), **look)


@dataclass(frozen=True)
class _Look:
    label: str
    colour: str
    is_before: bool
    place: int
    count: int


def _line(axes, places, values, look):
    axes.plot(
        places,
        values,
        color=look.colour,
        label=look.label,
        marker="o" if len(places) == 1 else "",
        linestyle="--" if look.is_before else "-",
    )


def _columns_beside(axes, places, values, look):
    step = min((b - a for a, b in pairwise(places)), default=1)
    width = 0.8 * step / look.count
    begin = [d + width * (look.place - (look.count - 1) / 2) for d in places]
    axes.bar(begin, values, width, color=look.colour, label=look.label)


def _name_days(axes, rows, asked, edition):
    """Name some of the days, evenly."""
    places = _days(rows)
    shown = places[:: -(-len(places) // _MOST_DAYS)]
    pattern = "MMM y" if asked.grain in (Grain.MONTH, Grain.YEAR) else "d MMM"
    labels = [
        format_date(date.fromordinal(d), pattern, locale=edition.locale) for d in shown
    ]
    axes.set_xticks(shown, labels)


def _days(rows):
    return [date.fromisoformat(row[DATE.name]).toordinal() for row in rows]


def _number(value):
    return float("nan") if value is None else float(value)


def _dress(axes, kind, edition):
    """Leave out what says nothing; write numbers as the reader does."""

    def written(value, _place):
        return format_compact_decimal(value, locale=edition.locale, fraction_digits=1)

    across = kind == "bar"
    numbers = axes.xaxis if across else axes.yaxis
    numbers.set_major_formatter(written)
    axes.grid(axis="x" if across else "y", color=LINE, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(colors=MUTED, labelsize=9, length=0)
    for spine in axes.spines.values():
        spine.set_visible(False)
    if not across:
        axes.set_ylim(bottom=min(0, axes.get_ylim()[0]))

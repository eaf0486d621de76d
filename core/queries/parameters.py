"""What may be asked of a report, declared once for every surface."""

from dataclasses import dataclass

from .base import Additivity, Kind, Listing
from .comparison import NAMES as COMPARISONS

MAX_PER_PAGE = 1000


@dataclass(frozen=True)
class Parameter:
    """What may be asked of a report, as every surface offers it.

    :param kind: of its values: a day, a whole number, true or false, a text
    :param is_list: it takes several values
    :param choices: the only values there are
    :param default: what counts when it is not given
    :param lowest: with ``highest`` the bounds of a number that has any
    """

    name: str
    definition: str
    kind: Kind
    is_list: bool = False
    is_required: bool = False
    choices: tuple[str, ...] = ()
    default: str | int | tuple[str, ...] | None = None
    lowest: int | None = None
    highest: int | None = None


_PERIOD = (
    Parameter(
        "date_from", "First business day, inclusive.", Kind.DATE, is_required=True
    ),
    Parameter("date_to", "Last business day, inclusive.", Kind.DATE, is_required=True),
)
_PAGES = (
    Parameter(
        "page", "Page, from 1 on.", Kind.INTEGER, default=1, lowest=1, highest=10**9
    ),
    Parameter(
        "per_page", "Rows of a page.", Kind.INTEGER,
        default=100, lowest=1, highest=MAX_PER_PAGE,
    ),
    Parameter(
        "cursor",
        "Instead of page: what the page before gave as next_cursor, empty for the "
        "first page. No row is left out or shown twice when rows come in between.",
        Kind.TEXT,
    ),
)  # fmt: skip


def parameters(report):
    """Return the :class:`Parameter` objects of a report, in the order to show them."""
    filters = (
        Parameter(f.name, f.definition, f.kind, is_list=True, choices=f.choices)
        for f in report.filters
    )
    if isinstance(report, Listing):
        return (*_PERIOD, *filters, _SORT_OF_LISTING, *_PAGES)
    return (*_PERIOD, *_grouping(report), *filters, *_ORDER, *_PAGES)


def sortable(report):
    """Return the names of the columns that rows may be ordered by where they are shown.

    A level cannot order them: it is no sum that a store could compare.
    """
    if isinstance(report, Listing):
        return ("transaction_date",)
    levels = Additivity.SEMI_ADDITIVE
    return tuple(
        c.name for c in report.columns if getattr(c, "additivity", None) is not levels
    )


_SORT_OF_LISTING = Parameter(
    "sort", "transaction_date, or -transaction_date: the newest first.", Kind.TEXT
)
_ORDER = (
    Parameter(
        "sort",
        "Columns to order by, of those that are shown; with a - before it, the largest "
        "first. Rows that are equal are in the order of their date and dimensions.",
        Kind.TEXT,
        is_list=True,
    ),
    Parameter(
        "compare",
        "Also each measure of the period before, or of a year before, as "
        "previous_<measure>.",
        Kind.TEXT,
        choices=COMPARISONS,
    ),
    Parameter(
        "totals", "Also the measures of all rows together.", Kind.BOOLEAN, default=False
    ),
)


def _grouping(report):
    grains = tuple(grain.value for grain in report.grains)
    return (
        Parameter(
            "group_by",
            "Buckets of time, in the company's zone; period is one for all of it.",
            Kind.TEXT,
            choices=grains,
            default="day",
        ),
        _names("dimensions", report.dimensions, report.default_dimensions),
        _names("measures", report.measures, report.default_measures),
    )


def _names(name, known, default):
    return Parameter(
        name, "Which to show, in this order.", Kind.TEXT,
        is_list=True, choices=tuple(one.name for one in known), default=default,
    )  # fmt: skip

"""A question, its statement and its answer: what crosses the seams of reading."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime

from ..records import Company
from .base import (
    DATE,
    HOUR,
    ROWS,
    Column,
    Dimension,
    Filter,
    Grain,
    Listing,
    Measure,
    Report,
)

# How the beginning of an hour is written (UTC); texts are in the order of time.
HOURS = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Sort:
    """What rows are ordered by.

    :param column: one of the question's own
    :param dimension: to which the column belongs, if it is a dimension's
    """

    column: Column | Measure
    is_descending: bool = False
    dimension: Dimension | None = None


@dataclass(frozen=True)
class Comparison:
    """The period that is compared with; its buckets are moved onto the question's.

    :param days: with ``months`` how far each bucket is moved
    """

    name: str
    date_from: date
    date_to: date
    days: int = 0
    months: int = 0


@dataclass(frozen=True)
class Query:
    """A question, parsed and checked. Only ``params.parse`` makes one.

    :param grain: with measures and dimensions, of a report; a listing has none
    :param filters: (filter, values) of those that were asked for
    :param date_from: with ``date_to`` inclusive business days
    :param sort: what the rows are ordered by before their date and dimensions
    :param is_backwards: of a listing: newest rows first
    :param with_totals: also the measures of all rows together
    :param after: the row after which the page begins, as ``cursor`` wrote it
    """

    report: Report | Listing
    company: Company
    date_from: date
    date_to: date
    grain: Grain | None = None
    measures: tuple[Measure, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    filters: tuple[tuple[Filter, tuple], ...] = ()
    sort: tuple[Sort, ...] = ()
    is_backwards: bool = False
    compare: Comparison | None = None
    with_totals: bool = False
    page: int = 1
    per_page: int = 100
    after: dict | None = None

    @property
    def columns(self):
        """What each row of the answer has, in order: columns, then measures."""
        if isinstance(self.report, Listing):
            return self.report.columns
        time = (DATE, HOUR) if self.grain is Grain.HOUR else (DATE,)
        shown = (column for d in self.dimensions for column in d.columns)
        return (*shown, *time, *self.shown_measures)

    @property
    def shown_measures(self):
        """The measures, then those of the period that is compared with."""
        previous = (m.previous for m in self.measures) if self.compare else ()
        return (*self.measures, *previous)

    @property
    def keys(self):
        """The stored columns that rows are told apart and filtered by."""
        filtered = {f.column for f, _values in self.filters}
        return {d.key for d in self.dimensions} | filtered

    @property
    def asked(self):
        """Everything that tells this question from others, as plain values."""
        return {
            "report": self.report.slug,
            "company": [*vars(self.company).values()],
            "period": [str(self.date_from), str(self.date_to)],
            "grain": self.grain,
            "measures": [m.name for m in self.measures],
            "dimensions": [d.name for d in self.dimensions],
            "filters": [(f.name, values) for f, values in self.filters],
            "sort": [(s.column.name, s.is_descending) for s in self.sort],
            "backwards": self.is_backwards,
            "compare": self.compare and self.compare.name,
        }

    @property
    def page_asked(self):
        """Everything that tells this page of the question from others."""
        page = [self.page, self.per_page, self.after, self.with_totals]
        return {**self.asked, "page": page}

    def unpaged(self, limit):
        """Return the same question with all its rows on one page."""
        return replace(self, page=1, per_page=limit, after=None)

    @property
    def total(self):
        """The same question about all rows together: no dimension, one bucket."""
        return replace(
            self.unpaged(1),
            grain=Grain.PERIOD,
            dimensions=(),
            sort=(),
            with_totals=False,
        )


@dataclass(frozen=True)
class Tally:
    """How many rows a listing has, and what they add up to, by one of its columns.

    :param query: the listing's question; all pages are meant
    :param by: name of a column of texts
    :param adds: name of a column of points
    """

    query: Query
    by: str
    adds: str

    @property
    def columns(self):
        """What each row of its answer has: the text, how many rows, their sum."""
        known = {column.name: column for column in self.query.report.columns}
        return (known[self.by], ROWS, known[self.adds])


@dataclass(frozen=True)
class Statement:
    """SQL with named parameters, and what its columns are.

    :param text: one row more than the page has, if there is one
    :param count_text: how many rows there are on all pages; empty behind a cursor
    :param columns: :class:`Sum` and the like by name, in the order of the result, after
        the bucket, the hour (at that grain) and the dimensions
    :param levels_text: by day (at the grain hour: by hour) and dimensions, changes
    :param levels: of these columns: :class:`Sum` by name
    """

    text: str
    count_text: str
    parameters: dict
    columns: dict = field(default_factory=dict)
    tier: str = ""
    levels_text: str = ""
    levels: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Result:
    """What a store returned.

    :param total: rows on all pages, None where they were not counted
    :param has_more: there are rows after these
    """

    rows: list[tuple]
    total: int | None
    has_more: bool
    levels: list[tuple] = field(default_factory=list)


def fetch(execute, statement):
    """Return the :class:`Result` of a statement.

    :param execute: function (text, parameters) → rows
    """
    bound = statement.parameters
    limit, offset = bound["limit"] - 1, bound["offset"]
    rows = execute(statement.text, bound)
    has_more = len(rows) > limit
    total = None
    if statement.count_text:
        # A page that is not full tells how many there are.
        is_last = not has_more and (rows or not offset)
        total = offset + len(rows) if is_last else None
        if total is None:
            [(total,)] = execute(statement.count_text, bound)
    levels = execute(statement.levels_text, bound) if statement.levels_text else []
    return Result(rows[:limit], total, has_more, levels)


def parameter(name):
    """Return the placeholder of a parameter, as the drivers of both stores write it."""
    return f"%({name})s"


@dataclass(frozen=True)
class Answer:
    """Rows of a query, exact.

    :param rows: dicts with the query's columns: Decimal, int, float (ratios), str, None
    :param total: rows of the whole answer, all pages; None behind a cursor
    :param tier: table that answered: ``day``, ``rollup``, ``order``
    :param store: ``postgresql`` or ``clickhouse``
    :param as_of: instant (UTC) up to which the sources are read, or None
    :param totals: measures of all rows together, where they were asked for
    :param next_cursor: where the next page begins; empty on the last one
    :param beside: answers to other questions, of the same state of the data
    """

    rows: list[dict] = field(repr=False)
    total: int | None
    tier: str
    store: str
    as_of: datetime | None = None
    totals: dict | None = None
    next_cursor: str = ""
    beside: tuple["Answer", ...] = ()

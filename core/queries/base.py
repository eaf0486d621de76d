"""What a report is: declared once, served by every surface.

A report names its dimensions and measures; a measure says what it means, how it adds
up and from which stored columns it is computed; its facts say which stored tables have
those. Everything else (REST, OpenAPI, XLSX, help texts) is derived from that.
"""

from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum

from ..records import Company


class Grain(StrEnum):
    """Time buckets, cut in the company's time zone; weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


class Additivity(StrEnum):
    """May values of several rows be added up?"""

    ADDITIVE = "additive"
    RATIO = "ratio"
    DISTINCT = "distinct"
    SEMI_ADDITIVE = "semi-additive"


class Unit(StrEnum):
    """How a value is written."""

    MONEY = "money"
    POINTS = "points"
    QUANTITY = "quantity"
    COUNT = "count"
    RATIO = "ratio"


class Kind(StrEnum):
    """What a column that is no measure holds."""

    INTEGER = "integer"
    TEXT = "text"
    DATE = "date"
    INSTANT = "instant"
    POINTS = "points"
    MONEY = "money"


class Audience(StrEnum):
    """Whom a report is for: each surface asks whether its caller is one of them."""

    PROMOTIONS = "promotions"
    MEMBERSHIP = "membership"
    POINTS = "points"


@dataclass(frozen=True)
class Column:
    """A column of a report's rows that is no measure.

    :param is_optional: it may be empty
    """

    name: str
    label: str
    definition: str
    kind: Kind
    is_optional: bool = False


DATE = Column(
    "date", "Date", "First day of the bucket, in the company's time zone.", Kind.DATE
)
HOUR = Column("hour", "Hour (UTC)", "When the clock hour began.", Kind.INSTANT)


@dataclass(frozen=True)
class Dimension:
    """What rows are told apart by, besides time.

    :param name: as a question names it
    :param key: the stored column that it follows from
    :param columns: what it shows, in this order; rows are in the order of their values
    :param members: SQL of (key, value of each column, …) of all there is. Without it,
        the stored column itself is shown
    :param is_identity: each key is one; otherwise keys with equal values are one
    """

    name: str
    key: str
    columns: tuple[Column, ...]
    members: str = ""
    is_identity: bool = True


@dataclass(frozen=True)
class Filter:
    """What a question may be restricted to: one or several values.

    :param column: the stored column that is compared
    :param kind: of the values as they are asked for: integer or text
    :param keys: SQL of (value, key) for ``ids`` in ``company``; without it, the stored
        column holds the values themselves
    :param noun: where a value that is not there is an error, what it is called
    :param choices: the only values there are
    """

    name: str
    definition: str
    column: str
    kind: Kind
    keys: str = ""
    noun: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Test:
    """A condition on stored rows, understood by every dialect.

    :param above_zero: columns of counts that must be positive
    :param true: flags that must be set
    :param false: flags that must not be
    """

    above_zero: tuple[str, ...] = ()
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sum:
    """The sum of a stored column, exact; of counts (``is_count``) or of decimals."""

    column: str
    where: Test = Test()
    is_count: bool = False


@dataclass(frozen=True)
class Distinct:
    """How many known customers, or orders, have a row that fulfils a condition."""

    where: Test
    key: str = "customer_key"


@dataclass(frozen=True)
class Facts:
    """A stored table that can answer.

    :param tier: what it is called in the answer's ``meta``
    :param columns: name in :attr:`Measure.of` → :class:`Sum` or :class:`Distinct`
    :param keys: stored columns of its dimensions
    :param grain: the finest it has
    :param stores: that hold it
    :param own: more of ``columns``, right only at the table's own grain where all of
        its keys are told apart: within them they are distinct
    :param of_each: more of ``columns``, right only where these keys are told apart: an
        order with two programs stands in the rows of both
    :param each: those keys
    :param is_by_instant: partitioned by ``transaction_date``
    :param where: which of its rows are meant
    """

    table: str
    tier: str
    columns: dict[str, Sum | Distinct]
    keys: frozenset[str]
    grain: Grain = Grain.HOUR
    stores: tuple[str, ...] = ("postgresql", "clickhouse")
    own: dict[str, Sum] = field(default_factory=dict)
    of_each: dict[str, Sum] = field(default_factory=dict)
    each: frozenset[str] = frozenset()
    is_by_instant: bool = False
    where: Test = Test()


@dataclass(frozen=True)
class Measure:
    """A number of a report.

    :param of: name of the columns of facts it is read from, unless it is a ratio
    :param numerator: name of the measure above the line, for ratios
    :param denominator: names of the measures whose sum is below the line
    :param required: in API.md's answer, so 0 and never null without denominator
    """

    name: str
    label: str
    definition: str
    unit: Unit
    additivity: Additivity = Additivity.ADDITIVE
    of: str = ""
    numerator: str = ""
    denominator: tuple[str, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class Report:
    """A report: its address, what it counts, and what may be asked of it.

    :param audience: who may read it
    :param facts: the tables that can answer, the smallest first
    :param default_dimensions: what rows are told apart by unless a question says it
    """

    slug: str
    title: str
    description: str
    basis: str
    audience: Audience
    measures: tuple[Measure, ...]
    default_measures: tuple[str, ...]
    dimensions: tuple[Dimension, ...]
    default_dimensions: tuple[str, ...]
    grains: tuple[Grain, ...]
    filters: tuple[Filter, ...]
    facts: tuple[Facts, ...]

    def measure(self, name):
        """Return a measure by name; KeyError if there is none."""
        return {m.name: m for m in self.measures}[name]

    def dimension(self, name):
        """Return a dimension by name; KeyError if there is none."""
        return {d.name: d for d in self.dimensions}[name]

    @property
    def columns(self):
        """All columns that its rows may have, whatever is asked, in order."""
        shown = (column for d in self.dimensions for column in d.columns)
        return (*shown, DATE, HOUR, *self.measures)


@dataclass(frozen=True)
class Listing:
    """A report of stored rows as they are, not added up.

    :param audience: who may read it
    :param table: partitioned by ``transaction_date``, with ``company_id`` and ``date``
    :param order: the stored columns that its rows are ordered by; together unique
    """

    slug: str
    title: str
    description: str
    basis: str
    audience: Audience
    table: str
    order: tuple[str, ...]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]


@dataclass(frozen=True)
class Query:
    """A question, parsed and checked. Only ``params.parse`` makes one.

    :param grain: with measures and dimensions, of a report; a listing has none
    :param filters: (filter, values) of those that were asked for
    :param date_from: with ``date_to`` inclusive business days
    """

    report: Report | Listing
    company: Company
    date_from: date
    date_to: date
    grain: Grain | None = None
    measures: tuple[Measure, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    filters: tuple[tuple[Filter, tuple], ...] = ()
    page: int = 1
    per_page: int = 100

    @property
    def columns(self):
        """What each row of the answer has, in order: columns, then measures."""
        if isinstance(self.report, Listing):
            return self.report.columns
        time = (DATE, HOUR) if self.grain is Grain.HOUR else (DATE,)
        shown = (column for d in self.dimensions for column in d.columns)
        return (*shown, *time, *self.measures)

    def unpaged(self, limit):
        """Return the same question with all its rows on one page."""
        return replace(self, page=1, per_page=limit)


@dataclass(frozen=True)
class Statement:
    """SQL with named parameters, and what its columns are.

    :param columns: :class:`Sum` and the like by name, in the order of the result, after
        the bucket, the hour (at that grain) and the dimensions
    """

    text: str
    count_text: str
    parameters: dict
    columns: dict = field(default_factory=dict)
    tier: str = ""


def parameter(name):
    """Return the placeholder of a parameter, as the drivers of both stores write it."""
    return f"%({name})s"


@dataclass(frozen=True)
class Answer:
    """Rows of a query, exact.

    :param rows: dicts with the columns of the dimensions, ``date``, perhaps ``hour``,
        and the measures: Decimal, int, float (ratios) or None
    :param total: rows of the whole answer, all pages
    :param tier: table that answered: ``day``, ``rollup``, ``order``
    :param store: ``postgresql`` or ``clickhouse``
    :param as_of: instant (UTC) up to which the sources are read, or None
    """

    rows: list[dict] = field(repr=False)
    total: int
    tier: str
    store: str
    as_of: object = None

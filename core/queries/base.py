"""What a report is: declared once, served by every surface.

A report names its dimensions and measures; a measure says what it means, how it adds
up and from which stored columns it is computed; its facts say which stored tables have
those. Everything else (REST, OpenAPI, XLSX, help texts) is derived from that.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from ..texts import _


class Grain(StrEnum):
    """Time buckets, cut in the company's time zone; weeks begin on Monday."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    # One bucket: the whole period that is asked for.
    PERIOD = "period"


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
    BOOLEAN = "boolean"
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
    "date",
    _("Date"),
    _("First day of the bucket, in the company's time zone."),
    Kind.DATE,
)
HOUR = Column("hour", _("Hour (UTC)"), _("When the clock hour began."), Kind.INSTANT)
ROWS = Column("rows", _("Rows"), _("How many rows there are."), Kind.INTEGER)


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
    :param label: what a reader of a file sees
    :param names: SQL of (value, what it is called) for ``ids`` in ``company``
    """

    name: str
    definition: str
    column: str
    kind: Kind
    keys: str = ""
    noun: str = ""
    choices: tuple[str, ...] = ()
    label: str = ""
    names: str = ""


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


def is_whole(column):
    """Tell whether a sum or count is a whole number; others are decimals."""
    return not isinstance(column, Sum) or column.is_count


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
    :param levels: columns of changes: what they add up to from the very first row to
        the end of a bucket is a level, such as the number of members
    :param changes: in PostgreSQL, where to read those before the period, if not there:
        they are kept when rows of the table are archived
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
    levels: dict[str, Sum] = field(default_factory=dict)
    changes: str = ""


PREVIOUS = "previous_"


@dataclass(frozen=True)
class Measure:
    """A number of a report.

    :param of: name of the columns of facts it is read from, unless it is a ratio
    :param numerator: name of the measure above the line, for ratios
    :param denominator: names of the measures whose sum is below the line
    :param required: in API.md's answer, so 0 and never null without denominator
    :param not_by: the dimensions and filters over which it is one number: a question
        that has one of them cannot have it
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
    not_by: tuple[str, ...] = ()

    @property
    def previous(self):
        """The same measure in the period that is compared with, as a column."""
        return replace(
            self,
            name=PREVIOUS + self.name,
            label=f"{self.label} before",
            definition=f"{self.definition} In the period that is compared with.",
            of=self.of and PREVIOUS + self.of,
            numerator=self.numerator and PREVIOUS + self.numerator,
            denominator=tuple(PREVIOUS + name for name in self.denominator),
            required=False,
        )


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
        """Return a measure by name, also a previous one; KeyError if there is none."""
        return self._measures[name]

    def stored(self, measure):
        """Return the stored columns that a measure is read from."""
        if measure.additivity is not Additivity.RATIO:
            return (measure.of,)
        names = (measure.numerator, *measure.denominator)
        return tuple(self._measures[name].of for name in names)

    def dimension(self, name):
        """Return a dimension by name; KeyError if there is none."""
        return {d.name: d for d in self.dimensions}[name]

    @cached_property
    def _measures(self):
        previous = (measure.previous for measure in self.measures)
        return {m.name: m for m in (*self.measures, *previous)}

    @property
    def columns(self):
        """All columns that its rows may have, whatever is asked, in order."""
        shown = (column for d in self.dimensions for column in d.columns)
        return (*shown, DATE, HOUR, *self._measures.values())


@dataclass(frozen=True)
class Listing:
    """A report of stored rows as they are, not added up.

    :param audience: who may read it
    :param table: partitioned by ``transaction_date``, with ``company_id`` and ``date``
    :param order: stored (column, kind) that its rows are ordered by; together unique
    """

    slug: str
    title: str
    description: str
    basis: str
    audience: Audience
    table: str
    order: tuple[tuple[str, Kind], ...]
    columns: tuple[Column, ...]
    filters: tuple[Filter, ...]

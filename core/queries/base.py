"""What a report is: declared once, served by every surface.

A report names its dimensions and measures; a measure says what it means, how it adds
up and from which stored columns it is computed. Everything else (REST, OpenAPI, XLSX,
help texts) is derived from that.
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


@dataclass(frozen=True)
class Measure:
    """A number of a report.

    :param of: stored column it sums, for additive and distinct measures
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
    """A report: its address, what it counts, and what may be asked of it."""

    slug: str
    title: str
    description: str
    measures: tuple[Measure, ...]
    default_measures: tuple[str, ...]
    grains: tuple[Grain, ...]
    filters: tuple[str, ...]

    def measure(self, name):
        """Return a measure by name; KeyError if there is none."""
        return {m.name: m for m in self.measures}[name]


@dataclass(frozen=True)
class Query:
    """A question, parsed and checked. Only ``params.parse`` makes one.

    ``date_from`` and ``date_to`` are inclusive business days; empty filters mean all.
    """

    report: Report
    company: Company
    date_from: date
    date_to: date
    grain: Grain
    measures: tuple[Measure, ...]
    program_ids: tuple[int, ...] = ()
    store_ids: tuple[int, ...] = ()
    channels: tuple[str, ...] = ()
    page: int = 1
    per_page: int = 100

    def unpaged(self, limit):
        """Return the same question with all its rows on one page."""
        return replace(self, page=1, per_page=limit)


@dataclass(frozen=True)
class Answer:
    """Rows of a query, exact.

    :param rows: dicts with ``program_id``, ``program_name``, ``date``, perhaps
        ``hour``, and the measures: Decimal, int, float (ratios) or None
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

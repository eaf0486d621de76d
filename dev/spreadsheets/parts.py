"""What a spreadsheet dashboard is made of."""

from dataclasses import dataclass

# How many buckets a chart of weeks can have: ten years.
WEEKS = 530


@dataclass(frozen=True)
class Unit:
    """How a figure is written.

    :param pattern: of o-spreadsheet; "": an amount in the company's currency, as Odoo has it
    :param sample: pattern of sample figures, which have no currency
    :param is_shortened: large figures are written in thousands and millions
    """

    pattern: str
    sample: str
    is_shortened: bool = False


COUNT = Unit("#,##0", "#,##0", is_shortened=True)
RATIO = Unit("0.0%", "0.0%")
MONEY = Unit("", "#,##0", is_shortened=True)
AVERAGE = Unit("", "#,##0.00")


@dataclass(frozen=True)
class Filter:
    """A global filter.

    :param model: whose records are chosen
    :param choice: (source, field) whose texts are chosen
    """

    name: str
    label: str
    model: str = ""
    choice: tuple = ()


# The one filter of time: opened, a dashboard shows the last 90 days.
PERIOD = Filter("period", "Period")


@dataclass(frozen=True)
class Source:
    """A model of pivots.

    :param action: of its pivot, which charts open
    :param menu: which scorecards and titles open
    :param matching: filter → (field, type of field)
    """

    model: str
    action: str
    menu: str
    matching: dict


@dataclass(frozen=True)
class Measure:
    """A field of a model as a column or a scorecard.

    :param sample: value now and in the period before, where there are no figures yet
    :param is_loss: more of it is worse
    """

    field: str
    title: str
    unit: Unit = COUNT
    sample: tuple = (0, 0)
    is_loss: bool = False


@dataclass(frozen=True)
class Totals:
    """Measures of all rows, each a scorecard with the change against the period before."""

    source: Source
    measures: tuple[Measure, ...]


@dataclass(frozen=True)
class Chart:
    """A measure over time, in buckets that fit the period.

    :param by: field that each bucket is divided by; "": a line of the whole
    :param sample: name of a series → values of months
    """

    name: str
    title: str
    source: Source
    measure: str
    by: str = ""
    sample: dict | None = None


@dataclass(frozen=True)
class Level:
    """A measure that is the last value of each week, as a line.

    A day without a row is none with the value 0, as Odoo's own charts would have it.
    """

    name: str
    title: str
    source: Source
    measure: str
    sample: tuple = ()


@dataclass(frozen=True)
class Table:
    """The first groups of a field by the first measure, and a chart of one of them.

    :param shown: number of the column that the chart shows
    :param sample: rows: a name, then values
    """

    name: str
    title: str
    source: Source
    by: str
    heading: str
    measures: tuple[Measure, ...]
    shown: int = 0
    rows: int = 10
    sample: tuple = ()


@dataclass(frozen=True)
class Dashboard:
    """One spreadsheet."""

    name: str
    filters: tuple[Filter, ...]
    totals: tuple[Totals, ...]
    charts: tuple
    tables: tuple[Table, ...]

    @property
    def cards(self):
        """Each measure of the totals, with its source."""
        return [(of.source, measure) for of in self.totals for measure in of.measures]

"""Sample figures, for an installation that has none yet."""

from . import figures
from .parts import Chart
from .sheet import Sheet


class Sample:
    """Cells with the sample figures of a dashboard, in place of what asks Odoo."""

    is_sample = True
    # Odoo shows samples paler, which is not seen on a narrow screen.
    since = "sample figures"
    pivots = {}

    def __init__(self, dashboard):
        self.sheet = Sheet("data", "Data", (180, *[110] * 15), 2 + len(dashboard.cards))
        self._free = iter("GHIJKLMNOPQRST")
        for number, (_source, measure) in enumerate(dashboard.cards, 2):
            self.sheet.cells[f"A{number}"] = f'=_t("{measure.title}")'
            for column, value in zip("DE", measure.sample, strict=True):
                self.sheet.cells[f"{column}{number}"] = str(value)
            self.sheet.format(f"D{number}:E{number}", measure.unit.sample)

    @staticmethod
    def filters():
        return []

    @staticmethod
    def card(number):
        return f"Data!D{number + 2}", f"Data!E{number + 2}"

    def chart(self, chart):
        series = (
            chart.sample if isinstance(chart, Chart) else {chart.title: chart.sample}
        )
        months = len(next(iter(series.values())))
        back = range(months - 1, -1, -1)
        labels = self._column("", [f"=EDATE(TODAY(),-{n})" for n in back])
        self.sheet.format(labels.removeprefix("Data!"), "mmm yyyy")
        columns = [self._column(name, series[name]) for name in series]
        if len(columns) == 1:
            return figures.line(chart.title, labels, columns[0])
        return figures.bars(chart.title, labels, columns)

    @staticmethod
    def row(table, number):
        """Return the cells of a table's row (from 0); none beyond the samples."""
        rows = table.sample
        return (
            [str(value) for value in rows[number]] if number < len(rows) else [""] * 5
        )

    def _column(self, title, values):
        """Write a column below a title; return its cells."""
        column = next(self._free)
        for row, value in enumerate([title, *values], 1):
            if value != "":
                self.sheet.cells[f"{column}{row}"] = str(value)
        end = len(values) + 1
        self.sheet.rows = max(self.sheet.rows, end)
        return f"Data!{column}1:{column}{end}"

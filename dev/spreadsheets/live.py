"""The figures of Odoo's models: pivots, and the cells that ask them."""

from . import figures
from .parts import COUNT, WEEKS, Chart
from .sheet import Sheet

# Levels that a filter can offer.
_CHOICES = 100


class Live:
    """What the cells and charts of a dashboard ask Odoo.

    Each pivot is one question; every figure of it, totals too, is the answer's: none is
    added up in the browser.
    """

    is_sample = False
    since = "vs. previous"

    def __init__(self, dashboard):
        self._dashboard = dashboard
        self.sheet = Sheet("data", "Data", (180, *[110] * 15), WEEKS + 1)
        self.pivots = {}
        self._choices = {}
        self._free = iter("GHIJKLMNOP")
        self._cells_of_cards()
        self._by_table = {}
        for table in dashboard.tables:
            self._by_table[table.name] = self._pivot(
                table.title,
                table.source,
                _patterns(table.measures),
                rows=[{"fieldName": table.by}],
                order=table.measures[0].field,
            )
        for asked in dashboard.filters:
            if asked.choice:
                self._choices[asked.name] = self._choice(asked)

    def filters(self):
        return [self._filter(asked) for asked in self._dashboard.filters]

    def card(self, number):
        """Return the cells that a scorecard shows: now, and the period before."""
        return f"Data!D{number + 2}", f"Data!E{number + 2}"

    def chart(self, chart):
        if isinstance(chart, Chart):
            return figures.odoo_chart(chart, self._matching(chart.source))
        week = {"fieldName": "week", "granularity": "day", "order": "asc"}
        pivot = self._pivot(
            chart.title, chart.source, {chart.measure: COUNT.pattern}, rows=[week]
        )
        labels, values = next(self._free), next(self._free)
        self.sheet.cells[f"{labels}1"] = f"=PIVOT({pivot},{WEEKS},FALSE,FALSE)"
        end = WEEKS + 1
        return figures.line(
            chart.title,
            f"Data!{labels}1:{labels}{end}",
            f"Data!{values}1:{values}{end}",
        )

    def row(self, table, number):
        """Return the cells of a table's row (from 0): its name, and its figures."""
        pivot = self._by_table[table.name]
        place = f'"#{table.by}",{number + 1}'
        return [
            f"=PIVOT.HEADER({pivot},{place})",
            *(f'=PIVOT.VALUE({pivot},"{m.field}",{place})' for m in table.measures),
        ]

    def _cells_of_cards(self):
        """One row a figure: its name, now and before, and both as they are shown."""
        cells, number = self.sheet.cells, 2
        titles = ("Figure", "Current", "Previous", "Current, shown", "Previous, shown")
        for column, title in zip("ABCDE", titles, strict=True):
            cells[f"{column}1"] = f'=_t("{title}")'
        self.sheet.style("A1:E1", "bold")
        rows = range(2, 2 + len(self._dashboard.cards))
        other = rows[-1] + 2
        for totals in self._dashboard.totals:
            measured = _patterns(totals.measures)
            pivots = [
                self._pivot(f"Totals, {name}", totals.source, measured, offset)
                for name, offset in (("current", 0), ("previous", -1))
            ]
            for measure in totals.measures:
                cells[f"A{number}"] = f'=_t("{measure.title}")'
                for column, pivot in zip("BC", pivots, strict=True):
                    cells[f"{column}{number}"] = (
                        f'=PIVOT.VALUE({pivot},"{measure.field}")'
                    )
                cells[f"D{number}"] = _shown(measure, f"B{number}")
                compared = f"AND($B${other},ISNUMBER(C{number}),C{number}<>0)"
                before = _shown(measure, f"C{number}").removeprefix("=")
                cells[f"E{number}"] = f'=IF({compared},{before},"")'
                number += 1
        # Odoo has no period before a range of days or all of time, and asks the same again.
        cells[f"A{other}"] = '=_t("Is there another period?")'
        differ = ",".join(f"B{row}<>C{row}" for row in rows)
        cells[f"B{other}"] = f"=OR({differ})"

    def _pivot(self, name, source, patterns, offset=0, rows=(), order=""):  # noqa: PLR0913, PLR0917
        number = str(len(self.pivots) + 1)
        self.pivots[number] = {
            "type": "ODOO",
            "name": name,
            "model": source.model,
            "domain": [],
            "context": {},
            "measures": [_measure(*named) for named in patterns.items()],
            "rows": [*rows],
            "columns": [],
            "sortedColumn": (
                {"measure": order, "order": "desc", "domain": []} if order else None
            ),
            "actionXmlId": source.action,
            "formulaId": number,
            "fieldMatching": self._matching(source, offset),
        }
        return number

    def _matching(self, source, offset=0):
        matching = {
            name: {"chain": field, "type": kind}
            for name, (field, kind) in source.matching.items()
        }
        matching["period"]["offset"] = offset
        return matching

    def _choice(self, asked):
        """Return the cells that have the texts of a field, whatever is filtered."""
        source, field = asked.choice
        column = next(self._free)
        pivot = self._pivot(
            asked.label, source, {"total_transactions": ""}, rows=[{"fieldName": field}]
        )
        self.pivots[pivot]["fieldMatching"] = {}
        self.sheet.cells[f"{column}1"] = f"=PIVOT({pivot},{_CHOICES},FALSE,FALSE,0)"
        return f"Data!{column}2:{column}{_CHOICES + 1}"

    def _filter(self, asked):
        document = {"id": asked.name, "label": asked.label}
        if asked.choice:
            cells = [self._choices[asked.name]]
            return {**document, "type": "text", "rangesOfAllowedValues": cells}
        if not asked.model:
            return {**document, "type": "date", "defaultValue": "last_90_days"}
        return {
            **document,
            "type": "relation",
            "modelName": asked.model,
            "includeChildren": False,
        }


def _patterns(measures):
    return {measure.field: measure.unit.pattern for measure in measures}


def _measure(field, pattern):
    document = {"id": field, "fieldName": field}
    return {**document, "format": pattern} if pattern else document


def _shown(measure, cell):
    shown = f"FORMAT.LARGE.NUMBER({cell})" if measure.unit.is_shortened else cell
    return f'=IF({cell}="","–",{shown})'

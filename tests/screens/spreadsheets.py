"""A spreadsheet dashboard on a page: what its cells, scorecards and charts show.

o-spreadsheet draws on a canvas, so figures are read from the model that it draws.
"""

_MODEL = (
    "odoo.__WOWL_DEBUG__.root.env.services.spreadsheet_dashboard_loader"
    ".getActiveDashboard()?.model"
)
_LOADED = f"""() => {{
    const getters = {_MODEL}?.getters;
    return getters && getters.getSheetIds().every((sheet) => {{
        const cells = Object.keys(getters.getCells(sheet));
        return cells.every(
            (cell) => getters.getEvaluatedCell(getters.getCellPosition(cell)).value
                !== "Loading..."
        );
    }});
}}"""
_CELLS = f"""(sheetId) => {{
    const getters = {_MODEL}.getters;
    const {{ bottom, right }} = getters.getSheetZone(sheetId);
    return Array.from({{ length: bottom + 1 }}, (_row, row) =>
        Array.from({{ length: right + 1 }}, (_col, col) => {{
            const cell = getters.getEvaluatedCell({{ sheetId, row, col }});
            return [cell.value, cell.formattedValue];
        }})
    );
}}"""
_FIGURES = f"""() => {{
    const getters = {_MODEL}.getters;
    const figures = getters.getFigures(getters.getActiveSheetId());
    return Object.fromEntries(figures.map((figure) => {{
        const runtime = getters.getChartRuntime(getters.getChartIdFromFigureId(figure.id));
        const {{ chartJsConfig, ...card }} = runtime;
        if (!chartJsConfig) {{
            return [figure.id, card];
        }}
        const {{ labels, datasets }} = chartJsConfig.data;
        const series = datasets.map((dataset) => [dataset.label, dataset.data]);
        return [figure.id, {{ labels, series: Object.fromEntries(series) }}];
    }}));
}}"""
_FILTER = f"""([id, value]) => {{
    const value_ = value === null ? undefined : value;
    const result = {_MODEL}.dispatch("SET_GLOBAL_FILTER_VALUE", {{ id, value: value_ }});
    return result.isSuccessful;
}}"""


class Spreadsheet:
    """A dashboard that is open on a screen.

    :param screen: :class:`~screen.Screen`
    """

    def __init__(self, screen, odoo, name):
        self.screen, self.page = screen, screen.page
        action = odoo.ref(f"loyalty_reporting.spreadsheet_dashboard_{name}_action")
        screen.go(f"action-{action}")
        self.wait()

    def wait(self):
        """Wait until all figures are there."""
        self.page.locator(".o-figure").first.wait_for()
        self.page.wait_for_function(_LOADED)
        self.screen.settle()
        self.page.wait_for_function(_LOADED)

    def choose(self, **filters):
        """Set global filters, as o-spreadsheet keeps them."""
        for name, value in filters.items():
            assert self.page.evaluate(_FILTER, [name, value]), name
        self.wait()

    def cells(self, sheet):
        """Return rows of (value, text) of a sheet, ``dashboard`` or ``data``."""
        return self.page.evaluate(_CELLS, sheet)

    def cards(self):
        """Return {title: (value, value before, scorecard)} of all scorecards."""
        rows = self.cells("data")
        cards = [c for c in self.figures().values() if "keyValue" in c]
        return {
            card["title"]["text"]: (row[1][0], row[2][0], card)
            for row, card in zip(rows[1:], cards, strict=False)
        }

    def figures(self):
        """Return scorecards and charts by name; a chart has labels and series."""
        return self.page.evaluate(_FIGURES)

    def table(self, title):
        """Return {name: [values]} of the table below a title."""
        rows = self.cells("dashboard")
        [start] = [n for n, row in enumerate(rows) if row[0][0] == title]
        found = {}
        for row in rows[start + 2 :]:
            if row[0][0] in ("", None):
                break
            found[row[0][0]] = [value for value, _text in row[1:5]]
        return found

    def click(self, row, column):
        """Click a cell; rows and columns of those that can be clicked, from 0 on."""
        cells = self.page.locator(".o-dashboard-clickable-cell").all()
        rows = {}
        for cell in cells:
            rows.setdefault(cell.bounding_box()["y"], []).append(cell)
        chosen = rows[sorted(rows)[row]]
        sorted(chosen, key=lambda cell: cell.bounding_box()["x"])[column].click()

    @property
    def is_sample(self):
        return self.page.locator(".o-sample-dashboard").count() > 0

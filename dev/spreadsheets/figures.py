"""Figures as o-spreadsheet keeps them: scorecards and charts."""

from .parts import RATIO

GREY, GREEN, RED = "#434343", "#00A04A", "#DC6965"
BACKGROUNDS = ("#EFF6FF", "#FFF7ED")
WHITE = "#FFFFFF"


def figure(name, box, data):
    """Return a figure at (x, y, width, height) pixels from the sheet's corner."""
    x, y, width, height = box
    return {
        "id": name,
        "tag": "chart",
        "col": 0,
        "row": 0,
        "offset": {"x": x, "y": y},
        "width": width,
        "height": height,
        "data": {**data, "chartId": name},
    }


def scorecard(measure, cells, since, background):
    """A figure and its change; of ratios the difference, else the percentage.

    :param cells: of the figure, and of the one before
    :param since: said beside the change
    """
    is_ratio = measure.unit is RATIO
    rise, fall = (RED, GREEN) if measure.is_loss else (GREEN, RED)
    return {
        "type": "scorecard",
        "title": {"text": measure.title, "bold": True, "color": GREY, "fontSize": 12},
        "keyValue": cells[0],
        "baseline": cells[1],
        "baselineMode": "difference" if is_ratio else "percentage",
        "baselineDescr": {"text": since},
        "baselineColorUp": rise,
        "baselineColorDown": fall,
        "background": background,
        "humanize": False,
    }


def odoo_chart(chart, matching):
    """A measure over time, which Odoo groups: by days of a short period, else months."""
    groups = ["date:day", *([chart.by] if chart.by else [])]
    kind = "bar" if chart.by else "line"
    return {
        "type": f"odoo_{kind}",
        "title": _title(chart.title),
        "background": WHITE,
        "legendPosition": "top" if chart.by else "none",
        "metaData": {
            "groupBy": groups,
            "measure": chart.measure,
            "order": None,
            "resModel": chart.source.model,
            "mode": kind,
        },
        "searchParams": {
            "comparison": None,
            "context": {},
            "domain": [],
            "groupBy": groups,
            "orderBy": [],
        },
        "dataSets": [{}],
        "verticalAxisPosition": "left",
        "stacked": bool(chart.by),
        "humanize": True,
        "actionXmlId": chart.source.action,
        "fieldMatching": matching,
        **({} if chart.by else {"fillArea": True, "cumulative": False}),
    }


def line(title, labels, values):
    """A line through the cells of a column."""
    return {
        **_of_cells("line", title, labels, [values]),
        "labelsAsText": True,
        "stacked": False,
        "cumulative": False,
        "fillArea": True,
    }


def bars(title, labels, columns):
    """Bars that stand on each other, one part a column of cells."""
    return {**_of_cells("bar", title, labels, columns), "stacked": True}


def ranking(title, labels, values):
    """Horizontal bars of the cells of a column."""
    return {
        **_of_cells("bar", title, labels, [values]),
        "stacked": False,
        "horizontal": True,
    }


def _of_cells(kind, title, labels, columns):
    """The first cell of each column is its title."""
    return {
        "type": kind,
        "title": _title(title),
        "background": WHITE,
        "legendPosition": "none" if len(columns) == 1 else "top",
        "labelRange": labels,
        "dataSets": [{"dataRange": column} for column in columns],
        "dataSetsHaveTitle": True,
        "aggregated": False,
        "humanize": True,
    }


def _title(text):
    return {"text": text, "bold": True, "color": GREY, "fontSize": 16}

"""A sheet of a workbook: cells, looks, figures."""

_STYLES = {
    "title": {"textColor": "#01666b", "bold": True, "fontSize": 16},
    "name_heading": {
        "textColor": "#434343",
        "bold": True,
        "verticalAlign": "middle",
        "wrapping": "wrap",
    },
    "heading": {
        "textColor": "#434343",
        "bold": True,
        "align": "right",
        "verticalAlign": "middle",
        "wrapping": "wrap",
    },
    "name": {"textColor": "#01666B", "verticalAlign": "middle"},
    "figure": {"textColor": "#434343", "align": "right", "verticalAlign": "middle"},
    "bold": {"bold": True},
}
_BORDERS = {"under": {"bottom": {"style": "thin", "color": "#CCCCCC"}}}
_FORMATS = ("#,##0", "#,##0.00", "0.0%", "mmm yyyy")


def _numbers(names):
    return {name: number for number, name in enumerate(names, 1)}


class Sheet:
    """Cells by their name, such as ``B7``.

    :ivar heights: row (from 0) → pixels, where it is not the usual one
    """

    def __init__(self, identity, name, widths, rows=1):
        self.identity, self.name, self.widths, self.rows = identity, name, widths, rows
        self.cells, self.heights, self.figures = {}, {}, []
        self._styles, self._borders, self._formats = {}, {}, {}

    def style(self, cells, name):
        self._styles[cells] = _numbers(_STYLES)[name]

    def border(self, cells, name):
        self._borders[cells] = _numbers(_BORDERS)[name]

    def format(self, cells, pattern):
        self._formats[cells] = _numbers(_FORMATS)[pattern]

    def document(self):
        return {
            "id": self.identity,
            "name": self.name,
            "colNumber": len(self.widths),
            "rowNumber": self.rows,
            "cols": {str(n): {"size": size} for n, size in enumerate(self.widths)},
            "rows": {
                str(n): {"size": size} for n, size in sorted(self.heights.items())
            },
            "merges": [],
            "cells": self.cells,
            "styles": self._styles,
            "formats": self._formats,
            "borders": self._borders,
            "conditionalFormats": [],
            "dataValidationRules": [],
            "figures": self.figures,
            "tables": [],
            "areGridLinesVisible": False,
            "isVisible": True,
            "headerGroups": {"ROW": [], "COL": []},
            "comments": {},
        }

    @staticmethod
    def looks():
        """What the numbers of styles, formats and borders stand for, in all sheets."""
        return {
            key: {str(number): looks[name] for name, number in _numbers(looks).items()}
            for key, looks in (
                ("styles", _STYLES),
                ("formats", dict(zip(_FORMATS, _FORMATS, strict=True))),
                ("borders", _BORDERS),
            )
        }

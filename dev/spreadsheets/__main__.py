"""Write the files of the spreadsheet dashboards: ``make spreadsheets``."""

import json
import sys
from pathlib import Path

from . import membership, points, promotions
from .workbook import workbook

FOLDER = Path(__file__).resolve().parents[2] / "data" / "files"
WIDTH = 100
DASHBOARDS = (promotions.DASHBOARD, membership.DASHBOARD, points.DASHBOARD)


def files():
    """Return {name of a file: its text}."""
    return {
        f"{dashboard.name}{suffix}_dashboard.json": _text(
            workbook(dashboard, is_sample)
        )
        for dashboard in DASHBOARDS
        for suffix, is_sample in (("", False), ("_sample", True))
    }


def main():
    FOLDER.mkdir(exist_ok=True)
    for name, text in files().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


def _text(document):
    return _lines(document) + "\n"


def _lines(value, indent=""):
    """Return JSON: on one line where it fits, else an entry a line."""
    line = json.dumps(value, ensure_ascii=False)
    if len(line) + len(indent) <= WIDTH or not isinstance(value, dict | list):
        return line
    inner = indent + "  "
    if isinstance(value, list):
        entries = [_lines(entry, inner) for entry in value]
        return _block("[", entries, "]", indent)
    entries = [
        f"{json.dumps(key)}: {_lines(entry, inner)}" for key, entry in value.items()
    ]
    return _block("{", entries, "}", indent)


def _block(begin, entries, end, indent):
    between = f",\n{indent}  "
    return f"{begin}\n{indent}  {between.join(entries)}\n{indent}{end}"


if __name__ == "__main__":
    sys.exit(main())

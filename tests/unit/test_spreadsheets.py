"""The files of the spreadsheet dashboards, as ``dev/spreadsheets`` writes them."""

import json
import re
from dataclasses import replace

import pytest

from dev.spreadsheets.__main__ import DASHBOARDS, FOLDER, files
from dev.spreadsheets.parts import Measure
from dev.spreadsheets.workbook import workbook

LIVE = [workbook(dashboard) for dashboard in DASHBOARDS]
SAMPLES = [workbook(dashboard, is_sample=True) for dashboard in DASHBOARDS]
NAMES = [dashboard.name for dashboard in DASHBOARDS]
PIVOT = re.compile(r'PIVOT(?:\.VALUE|\.HEADER)?\((\d+)(?:,"(\w+)")?')
# What adds up cells, and would add up customers who are the same.
ADDS_UP = re.compile(r"\b(SUM|AVERAGE|COUNT|SUBTOTAL)|[A-Z]\d+ ?[+*/-]")


def cells(document):
    """Return the texts of all cells."""
    return [text for sheet in document["sheets"] for text in sheet["cells"].values()]


def figures(document):
    return document["sheets"][0]["figures"]


@pytest.mark.parametrize("name", sorted(files()))
def test_the_committed_files_are_those_of_the_declarations(name):
    present = (FOLDER / name).read_text(encoding="utf-8")
    assert present == files()[name], "stale: run make spreadsheets"


def test_no_file_is_left_of_what_is_not_declared():
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(files())


def test_a_change_of_a_declaration_changes_its_file():
    [dashboard, *_others] = DASHBOARDS
    more = Measure("qty", "Quantity")
    totals = replace(dashboard.totals[0], measures=(more,))
    changed = workbook(replace(dashboard, totals=(totals,)))
    assert changed != LIVE[0]
    assert '=PIVOT.VALUE(1,"qty")' in cells(changed)


@pytest.mark.parametrize("document", LIVE, ids=NAMES)
def test_nothing_is_added_up_in_the_browser(document):
    assert [text for text in cells(document) if ADDS_UP.search(text)] == []
    for pivot in document["pivots"].values():
        assert "customFields" not in pivot
        assert all("computedBy" not in measure for measure in pivot["measures"])


def test_what_adds_up_would_be_seen():
    assert ADDS_UP.search("=SUM(B2:B4)")
    assert ADDS_UP.search("=IFERROR(B2/C2)")


@pytest.mark.parametrize("document", LIVE, ids=NAMES)
def test_cells_ask_pivots_for_what_those_have(document):
    asked = [PIVOT.search(text).groups() for text in cells(document) if "PIVOT" in text]
    assert {number for number, _measure in asked} == set(document["pivots"])
    for text in cells(document):
        if found := re.search(r'PIVOT\.VALUE\((\d+),"(\w+)"', text):
            number, measure = found.groups()
            measures = document["pivots"][number]["measures"]
            assert measure in {measure["id"] for measure in measures}


@pytest.mark.parametrize("document", LIVE, ids=NAMES)
def test_every_question_follows_every_filter(document):
    filters = {asked["id"] for asked in document["globalFilters"]}
    asked = [pivot["fieldMatching"] for pivot in document["pivots"].values()]
    # But the texts that a filter offers, which are the same whatever is filtered.
    offers = [one for one in document["globalFilters"] if one["type"] == "text"]
    assert sum(matching == {} for matching in asked) == len(offers)
    asked = [matching for matching in asked if matching]
    asked += [
        figure["data"]["fieldMatching"]
        for figure in figures(document)
        if "fieldMatching" in figure["data"]
    ]
    assert all(set(matching) == filters for matching in asked)


@pytest.mark.parametrize("documents", [LIVE, SAMPLES], ids=["live", "samples"])
def test_figures_do_not_cover_each_other(documents):
    for document in documents:
        boxes = [_box(figure) for figure in figures(document)]
        for number, (left, top, right, bottom) in enumerate(boxes):
            for other in boxes[:number]:
                apart = left >= other[2] or right <= other[0]
                assert apart or top >= other[3] or bottom <= other[1]


def test_samples_look_like_the_dashboards_and_ask_nothing():
    for live, sample in zip(LIVE, SAMPLES, strict=True):
        assert [_look(f) for f in figures(sample)] == [_look(f) for f in figures(live)]
        assert not any("PIVOT" in text for text in cells(sample))
        assert sample["pivots"] == {}
        assert not any(f["data"]["type"].startswith("odoo") for f in figures(sample))


def test_the_files_are_read_as_they_are_written():
    for name, text in files().items():
        assert json.loads(text)["sheets"][0]["name"] == "Dashboard", name


def _box(figure):
    left, top = figure["offset"]["x"], figure["offset"]["y"]
    return left, top, left + figure["width"], top + figure["height"]


def _look(figure):
    return figure["id"], _box(figure), figure["data"]["title"]

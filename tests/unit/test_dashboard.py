"""What the dashboard asks of the reports."""

from dataclasses import replace
from datetime import date

import pytest

from core.dashboard import PANELS, Bounds, asked, grain_of, parameters, told
from core.errors import BadQuery
from core.queries import REPORTS, postgres
from core.queries.params import parse
from core.queries.plan import read_of
from core.records import Company

COMPANY = Company(1, "Europe/Berlin", "EUR")
BOUNDS = Bounds(date(2024, 5, 20), date(2020, 1, 1), date(2024, 5, 19))
ALL = object()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
@pytest.mark.parametrize("period", ["today", "last_90_days", "last_365_days"])
def test_every_panel_asks_what_its_report_can_answer(panel, period):
    question = asked({"period": period}, COMPANY.id, BOUNDS)
    question.filters.update(program_id=[1, 2], store_id=[3])
    query = parse(REPORTS[panel.report], COMPANY, parameters(panel, question))
    assert {m.name for m in query.measures} == {*panel.measures}
    assert {f.name for f, _values in query.filters} == {*panel.filters}
    assert bool(query.compare) is not panel.is_over_time


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_all_buckets_of_a_chart_fit_on_a_page(panel):
    days = {"date_from": "2004-01-01", "date_to": "2024-05-20"}
    question = asked(days, COMPANY.id, BOUNDS)
    months = 12 * 21
    assert panel.is_over_time is False or months < int(
        parameters(panel, question)["per_page"]
    )


JANUARY = [date(2024, 1, 1)]
# Panel → (what it tells of a period that begins amid an archived month, what it leaves out).
TOLD = {
    "programs": (
        {"total_amount", "total_discount", "discount_depth"},
        {"total_transactions", "unique_customers", "conversion_rate"},
    ),
    "promotions_over_time": (
        {"total_amount", "total_discount"},
        {"total_transactions", "unique_customers"},
    ),
    "levels": (
        {"members", "total_spending"},
        {"new_members", "active_members", "upgraded_members", "downgraded_members"},
    ),
    "membership_over_time": (set(), {"new_members", "active_members"}),
    "points": (ALL, set()),
    "points_over_time": (ALL, set()),
}


def of_panel(panel, date_from, **filters):
    days = {"date_from": date_from, "date_to": "2024-03-31"}
    question = asked(days, COMPANY.id, BOUNDS)
    question.filters.update(filters)
    return parse(REPORTS[panel.report], COMPANY, parameters(panel, question))


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_of_an_archived_month_is_told_what_sums_by_day_know(panel):
    kept, left_out = TOLD[panel.name]
    found = told(of_panel(panel, "2024-01-10"), JANUARY)
    assert {*found.left_out} == left_out
    assert bool(found.since) is bool(left_out)
    if not kept:
        assert found.query is None
        return
    assert {m.name for m in found.query.measures} == (
        {*panel.measures} if kept is ALL else kept
    )
    # What is left is compared, and planned, like any question.
    assert bool(found.query.compare) is not panel.is_over_time
    assert read_of(found.query, postgres.STORE)


def test_of_archived_shops_nothing_is_told():
    [programs, *_others] = PANELS
    found = told(of_panel(programs, "2024-01-10", store_id=[3]), JANUARY)
    assert found.query is None
    assert found.left_out == programs.measures


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.name)
def test_from_the_day_that_is_named_on_everything_is_told(panel):
    since = told(of_panel(panel, "2024-01-10"), JANUARY).since or date(2024, 2, 1)
    whole = of_panel(panel, since.isoformat())
    found = told(whole, JANUARY)
    assert (found.left_out, found.since) == ((), None)
    assert found.query.measures == whole.measures


def test_where_only_the_period_before_is_archived_all_is_told_without_it():
    [programs, *_others] = PANELS
    # In Berlin, February (UTC) ends amid the first of March.
    march = of_panel(programs, "2024-03-02")
    found = told(march, [date(2024, 2, 1)])
    assert found.query == replace(march, compare=None)
    assert found.since is None


@pytest.mark.parametrize(
    ("last", "grain"),
    [
        ("2024-01-01", "day"), ("2024-04-01", "day"), ("2024-04-02", "week"),
        ("2025-02-03", "week"), ("2025-02-04", "month"),
    ],
)  # fmt: skip
def test_longer_periods_have_coarser_buckets(last, grain):
    assert grain_of(date(2024, 1, 1), date.fromisoformat(last)) == grain


def test_without_a_period_the_last_30_days_are_meant():
    question = asked({}, 1, BOUNDS)
    assert (question.period, question.date_from, question.date_to) == (
        "last_30_days", date(2024, 4, 21), date(2024, 5, 20),
    )  # fmt: skip


def test_where_they_are_empty_the_last_30_days_of_facts_are_meant():
    bounds = Bounds(date(2024, 5, 20), date(2017, 1, 1), date(2018, 1, 1))
    question = asked({}, 1, bounds)
    assert (question.period, question.date_from, question.date_to) == (
        "", date(2017, 12, 3), date(2018, 1, 1),
    )  # fmt: skip


def test_without_any_facts_the_last_30_days_are_meant():
    assert asked({}, 1, Bounds(date(2024, 5, 20))).period == "last_30_days"


@pytest.mark.parametrize(
    ("given", "parameter"),
    [
        ({"period": 7}, "period"),
        ({"period": "always"}, "period"),
        ({"date_from": "2024-01-01"}, "date_to"),
        ({"date_from": "2024-02-30", "date_to": "2024-03-01"}, "date_from"),
        ({"date_from": 1, "date_to": None}, "date_from"),
        ({"shops": [1]}, "shops"),
    ],
)
def test_a_fault_names_what_is_wrong(given, parameter):
    with pytest.raises(BadQuery) as caught:
        asked(given, 1, BOUNDS)
    assert caught.value.parameter == parameter

"""The statement that answers a query: the right table, and nothing a caller wrote."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.queries import clickhouse, postgres
from core.queries.base import Grain
from core.queries.members import Members
from core.queries.params import parse
from core.queries.plan import columns_of, facts_of, plan
from core.queries.points_activity import REPORT as ACTIVITY
from core.queries.promotion_performance import REPORT
from core.records import Company

DIALECTS = [postgres, clickhouse]
PERIOD = {"date_from": "2024-01-01", "date_to": "2024-01-31"}


def query(company=1, **asked):
    made = Company(company, "America/New_York", "USD", 2)
    return parse(REPORT, made, {**PERIOD, **asked})


@pytest.mark.parametrize(
    ("asked", "in_postgresql", "in_clickhouse"),
    [
        ({}, "day", "rollup"),
        ({"group_by": "year"}, "day", "rollup"),
        ({"program_id": "1"}, "day", "rollup"),
        ({"group_by": "hour"}, "rollup", "rollup"),
        ({"store_id": "1"}, "rollup", "rollup"),
        ({"channel": ""}, "rollup", "rollup"),
        ({"measures": "unique_customers"}, "order", "order"),
        ({"measures": "unique_customers", "store_id": "1"}, "order", "order"),
    ],
)
def test_the_coarsest_table_that_can_answer_is_read(
    asked, in_postgresql, in_clickhouse
):
    for store, tier in (("postgresql", in_postgresql), ("clickhouse", in_clickhouse)):
        facts, _columns = facts_of(query(**asked), store)
        assert facts.tier == tier


def test_changes_before_the_period_are_read_from_the_coarsest_table():
    made = Company(1, "America/New_York", "USD", 2)
    asked = {**PERIOD, "measures": "balance", "dimensions": "", "group_by": "hour"}
    text = plan(parse(ACTIVITY, made, asked), {}, {}, postgres).levels_text
    before, within = text.split(" UNION ALL ")
    assert "point_day_data" in before and "facts.date < " in before
    assert "point_analytics_rollup_data" in within and "facts.date >= " in within


def test_a_ratio_asks_for_what_it_is_made_of():
    asked = "conversion_rate,discount_depth,total_amount"
    assert [*columns_of(query(measures=asked))] == [
        "applied_transactions",
        "eligible_transactions",
        "total_discount",
        "total_amount",
    ]


HOSTILE = st.text(min_size=1).filter(lambda t: "\0" not in t and t.isprintable())


KEYS = st.fixed_dictionaries(
    {"program_id": st.lists(st.integers()), "store_id": st.lists(st.integers())}
)
GROUPS = {"program": Members([3, 1], [0, 1], [[1, "A"], [2, "B"]])}


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.STORE)
@given(st.lists(HOSTILE, max_size=3), KEYS, st.sampled_from(list(Grain)), st.integers())
def test_the_text_depends_on_no_value_that_a_caller_gave(
    dialect, channels, keys, grain, company
):
    asked = {"group_by": grain.value, "program_id": "1", "store_id": "2"}
    given_channels = {"channel": channels} if channels else {}
    tame_channel = {"channel": "pos"} if channels else {}
    wild = query(company, page="77", **asked, **given_channels)
    hostile = plan(wild, keys | {"channel": channels}, GROUPS, dialect)
    tame_keys = dict.fromkeys([*keys, "channel"], [1])
    tame = plan(query(1, **asked, **tame_channel), tame_keys, GROUPS, dialect)
    assert (hostile.text, hostile.count_text) == (tame.text, tame.count_text)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.STORE)
@pytest.mark.parametrize("grain", list(Grain))
@pytest.mark.parametrize("measure", REPORT.measures, ids=lambda m: m.name)
def test_every_parameter_is_bound_and_every_column_selected(dialect, grain, measure):
    asked = query(group_by=grain.value, measures=measure.name, channel="x")
    statement = plan(asked, {"channel": ["x"]}, GROUPS, dialect)
    for text in (statement.text, statement.count_text):
        assert set(re.findall(r"%\((\w+)\)s", text)) <= set(statement.parameters)
        assert "%" not in re.sub(r"%\(\w+\)s", "", text)
        assert "%(company)s" in text
    assert [*columns_of(asked)] == [*statement.columns]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.STORE)
def test_of_two_periods_no_sum_is_called_as_the_column_that_the_other_adds_up(dialect):
    asked = query(measures="total_transactions", compare="previous_period")
    text = plan(asked, {}, GROUPS, dialect).text
    within = text[text.index("UNION ALL") :].partition(") AS periods")[0]
    named = set(re.findall(r" AS (\w+)", within))
    assert not named & set(re.findall(r"facts\.(\w+)", within))


def test_a_page_is_cut_after_the_rows_before_it():
    statement = plan(query(page="3", per_page="50"), {}, GROUPS, postgres)
    assert statement.parameters["limit"] == 51
    assert statement.parameters["offset"] == 100

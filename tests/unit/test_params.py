"""Parameters of a report: what is asked, and a fault that names its parameter."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import BadQuery
from core.queries.base import Grain
from core.queries.params import parse
from core.queries.promotion_performance import REPORT
from core.records import Company

COMPANY = Company(1, "America/New_York", "USD", 2)
PERIOD = {"date_from": "2024-01-01", "date_to": "2024-01-31"}


def parsed(**asked):
    return parse(REPORT, COMPANY, {**PERIOD, **asked})


def values_of(query):
    """{filter: values} of a query."""
    return {asked.name: values for asked, values in query.filters}


class TestGood:
    def test_little_need_be_said(self):
        query = parsed()
        assert (query.date_from, query.date_to) == (date(2024, 1, 1), date(2024, 1, 31))
        assert query.grain is Grain.DAY
        assert [m.name for m in query.measures] == [*REPORT.default_measures]
        assert (query.page, query.per_page) == (1, 100)
        assert query.filters == ()
        assert query.company is COMPANY

    def test_values_come_one_by_one_or_in_lists(self):
        query = parsed(
            program_id=["3", "1, 2", "3"], store_id="-5", channel=["a,b", "c"]
        )
        assert values_of(query) == {
            "program_id": (3, 1, 2),
            "store_id": (-5,),
            "channel": ("a", "b", "c"),
        }

    @pytest.mark.parametrize(
        "text",
        [
            "2024-01-15",
            "2024-01-15T23:59:59Z",
            "2024-01-15T00:30:00+14:00",
            "2024-01-15 10:00",
            "2024-01-15T10:00:00.123456-08:00",
        ],
    )
    def test_of_an_instant_the_date_as_written_counts(self, text):
        assert parsed(date_from=text).date_from == date(2024, 1, 15)

    def test_one_day_is_a_period(self):
        query = parsed(date_from="2024-01-31")
        assert query.date_from == query.date_to

    def test_measures_are_asked_once_in_their_order(self):
        query = parsed(measures="total_qty, unique_customers,total_qty")
        assert [m.name for m in query.measures] == ["total_qty", "unique_customers"]

    def test_a_list_of_names_is_their_text_with_commas(self):
        several = ["total_qty", "unique_customers"]
        assert parsed(measures=several) == parsed(measures=",".join(several))
        assert parsed(dimensions=[]) == parsed(dimensions="")

    def test_what_surfaces_need_is_let_through(self):
        assert parsed(format="xlsx", company_id="1") == parsed()


BAD = [
    ("date_from", ""),
    ("date_from", "yesterday"),
    ("date_from", "2024-1-5"),
    ("date_from", "20240105"),
    ("date_from", "2024-W01-1"),
    ("date_from", "2024-02-30"),
    ("date_from", "0000-01-01"),
    ("date_from", "2024-01-05T25:00"),
    ("date_from", "2024-01-05Tnoon"),
    ("date_from", "٢٠٢٤-٠١-٠١"),
    ("date_from", " 2024-01-01"),
    ("date_from", "2024-01-01\n"),
    ("date_from", "2024-02-01"),
    ("date_from", ["2024-01-01", "2024-01-02"]),
    ("date_from", []),
    ("date_to", ""),
    ("date_to", "2024-13-01"),
    ("date_to", "2023-12-31"),
    ("group_by", ""),
    ("group_by", "DAY"),
    ("group_by", "quarter"),
    ("group_by", ["day", "week"]),
    ("measures", ""),
    ("measures", "total_amount,"),
    ("measures", "total_amout"),
    ("measures", "measures; DROP TABLE x"),
    ("program_id", ""),
    ("program_id", "one"),
    ("program_id", "1.5"),
    ("program_id", "1e3"),
    ("program_id", "1,,2"),
    ("program_id", ["1", "x"]),
    ("program_id", []),
    ("program_id", "9223372036854775808"),
    ("program_id", "9" * 5000),
    ("program_id", "１"),
    ("program_id", "+1"),
    ("store_id", "NaN"),
    ("channel", "a\0b"),
    ("channel", "\ud800"),
    ("page", "0"),
    ("page", "-1"),
    ("page", "1000000001"),
    ("page", "one"),
    ("page", ["1", "2"]),
    ("per_page", "0"),
    ("per_page", "1001"),
    ("per_page", "1000000000"),
    ("per_page", "10.0"),
    ("per_page", ""),
    ("per_page", "9" * 5000),
]


class TestBad:
    @pytest.mark.parametrize(("name", "value"), BAD)
    def test_a_fault_names_its_parameter(self, name, value):
        with pytest.raises(BadQuery) as caught:
            parsed(**{name: value})
        assert caught.value.parameter in (name, "date_from")
        if name != "date_to":
            assert caught.value.parameter == name
        assert name.rstrip("s") in str(caught.value)
        assert len(str(caught.value)) < 300
        str(caught.value).encode()

    @pytest.mark.parametrize("name", ["date_from", "date_to"])
    def test_a_period_is_required(self, name):
        with pytest.raises(BadQuery, match=f"{name} is required") as caught:
            parse(REPORT, COMPANY, {k: v for k, v in PERIOD.items() if k != name})
        assert caught.value.parameter == name

    def test_a_period_runs_forwards(self):
        with pytest.raises(BadQuery, match="2024-02-01 is after date_to 2024-01-31"):
            parsed(date_from="2024-02-01")

    @pytest.mark.parametrize(
        ("name", "hint"),
        [("program_ids", " Did you mean program_id?"), ("zzz", ""), ("", "")],
    )
    def test_a_parameter_that_is_not_there_is_no_silent_one(self, name, hint):
        with pytest.raises(BadQuery) as caught:
            parsed(**{name: "1"})
        assert caught.value.parameter == name
        assert str(caught.value) == f"There is no parameter {name}.{hint}"

    def test_a_measure_that_is_not_there_may_be_a_misspelt_one(self):
        with pytest.raises(BadQuery, match="Did you mean total_amount?"):
            parsed(measures="total_amout")


texts = st.text(max_size=30) | st.lists(st.text(max_size=9), max_size=3)


@given(st.dictionaries(st.sampled_from([name for name, _ in BAD]), texts))
def test_any_text_is_a_query_or_a_fault_that_is_named(asked):
    try:
        query = parse(REPORT, COMPANY, {**PERIOD, **asked})
    except BadQuery as error:
        assert error.parameter in {**PERIOD, **asked}
        str(error).encode()
    else:
        assert query.date_from <= query.date_to
        assert 1 <= query.per_page <= 1000
        assert query.measures


WRITTEN = st.fixed_dictionaries(
    {
        "date_from": st.dates().map(date.isoformat),
        "group_by": st.sampled_from([grain.value for grain in Grain]),
        "measures": st.lists(
            st.sampled_from([m.name for m in REPORT.measures]), min_size=1, unique=True
        ).map(",".join),
        "page": st.integers(1, 10**9).map(str),
        "per_page": st.integers(1, 1000).map(str),
    },
    optional={
        "program_id": st.lists(
            st.integers(-(2**63) + 1, 2**63 - 1).map(str), min_size=1, unique=True
        ),
        "channel": st.lists(
            st.text("abc xyz☃'%", min_size=1, max_size=4).map(str.strip), min_size=1
        ),
    },
)


@given(WRITTEN, st.integers(0, 400))
def test_a_query_written_out_is_read_back(asked, days):
    first = date.fromisoformat(asked["date_from"])
    last = first + timedelta(days=min(days, (date.max - first).days))
    query = parse(REPORT, COMPANY, {**asked, "date_to": last.isoformat()})
    assert (query.date_from, query.date_to) == (first, last)
    assert query.grain == asked["group_by"]
    assert ",".join(m.name for m in query.measures) == asked["measures"]
    values = values_of(query)
    assert [*map(str, values.get("program_id", ()))] == asked.get("program_id", [])
    assert [*values.get("channel", ())] == asked.get("channel", [])
    assert (str(query.page), str(query.per_page)) == (asked["page"], asked["per_page"])

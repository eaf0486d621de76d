"""Any question to any report of the catalogue: both stores, in every order, on pages."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from asking import ask
from catalogue_questions import GROUPED, LISTED, MANY, VALUES, questions
from hypothesis import example, given
from hypothesis import strategies as st
from pipeline import NEW_YORK

from core.errors import BadQuery, NotFound
from core.queries import REPORTS, cursor
from core.queries.base import Additivity, Grain, Kind, Listing, Measure
from core.queries.members import sortable
from core.queries.params import parse
from core.settings import Settings

pytest_plugins = ["store_fixtures"]


def stores(pushed_history):
    report, copy = pushed_history
    return report, (Settings(), copy.settings)


class TestStores:
    @MANY
    @given(questions())
    def test_any_question_has_one_answer(self, pushed_history, query):
        report, (bare, with_copy) = stores(pushed_history)
        expected = ask(report, query, bare)
        found = ask(report, query, with_copy)
        assert (expected.store, found.store) == ("postgresql", "clickhouse")
        assert [*map(repr, found.rows)] == [*map(repr, expected.rows)]
        assert repr(found.totals) == repr(expected.totals)
        assert found.total == expected.total == len(found.rows)


class TestOrder:
    @MANY
    @given(questions())
    def test_rows_come_in_the_order_that_was_asked_for(self, pushed_history, query):
        report, (bare, _with_copy) = stores(pushed_history)
        rows = ask(report, query, bare).rows
        plain = ask(report, replace(query, sort=()), bare).rows
        assert sorted(map(repr, rows)) == sorted(map(repr, plain))
        expected = plain
        # Money is shown rounded: what is equal to the cent may stand either way.
        for sort in reversed(query.sort):
            name = sort.column.name
            is_nothing = [r for r in expected if r[name] is None]
            rest = [r for r in expected if r[name] is not None]
            key = lambda r, name=name: sortable(r[name])  # noqa: E731
            rest = sorted(rest, key=key, reverse=False)
            if sort.is_descending:
                rest = sorted(rest, key=lambda r, n=name: r[n], reverse=True)
            is_measure = isinstance(sort.column, Measure)
            nothing_last = is_measure or sort.is_descending
            expected = [*rest, *is_nothing] if nothing_last else [*is_nothing, *rest]
        names = [sort.column.name for sort in query.sort]
        assert [[r[n] for n in names] for r in rows] == [
            [r[n] for n in names] for r in expected
        ]


class TestPages:
    @MANY
    @given(questions(limit=100), st.sampled_from([1, 7, 40]), st.sampled_from([0, 1]))
    def test_pages_by_cursor_joined_are_the_whole(
        self, pushed_history, query, size, which
    ):
        report, options = stores(pushed_history)
        whole = ask(report, query, options[which]).rows
        options = options if which == 0 else options[::-1]
        self.walk(report, replace(query, per_page=size), options, whole[: size * 6])

    @MANY
    @given(questions(reports=tuple(LISTED), limit=31), st.sampled_from([3, 50]))
    def test_listings_too(self, pushed_history, query, size):
        report, options = stores(pushed_history)
        try:
            whole = ask(report, query, options[0]).rows
        except NotFound:
            return
        self.walk(report, replace(query, per_page=size), options, whole[: size * 4])

    def walk(self, report, query, options, expected):
        """Go on from page to page, each from the other store than the one before."""
        found, text, size = [], "", query.per_page
        for number in range(len(expected) // size):
            asked = replace(query, after=cursor.read(query, text))
            page = ask(report, asked, options[number % 2])
            assert page.total is None
            assert len(page.rows) == size
            is_copy = bool(options[number % 2].clickhouse_url)
            can_answer = is_copy and not isinstance(query.report, Listing)
            assert page.store == ("clickhouse" if can_answer else "postgresql")
            found += page.rows
            text = page.next_cursor
        assert [*map(repr, found)] == [*map(repr, expected[: len(found)])]
        if not text:
            assert len(found) >= len(expected) - size


class TestTotals:
    @MANY
    @given(questions())
    def test_they_are_those_of_all_rows_together(self, pushed_history, query):
        report, (bare, _with_copy) = stores(pushed_history)
        totals = ask(report, replace(query, with_totals=True), bare).totals
        rows = ask(report, replace(query, sort=()), bare).rows
        is_split = "program" not in {d.name for d in query.dimensions} or (
            query.report.slug != "promotions/performance"
        )
        for measure in query.shown_measures:
            if measure.additivity is Additivity.ADDITIVE and (
                is_split or measure.unit != "count"
            ):
                added = sum(Fraction(str(row[measure.name])) for row in rows)
                # Rows are rounded one by one, to the cent at most.
                slack = Fraction(len(rows) + 1, 200)
                assert abs(added - Fraction(str(totals[measure.name]))) <= slack

    def test_of_nothing_they_are_nothing(self, pushed_history):
        report, options = stores(pushed_history)
        for registered in GROUPED:
            names = ",".join(m.name for m in registered.measures)
            asked = {"date_from": "2030-01-01", "date_to": "2030-01-02"}
            asked |= {"totals": "true", "measures": names, "compare": "previous_period"}
            query = parse(registered, NEW_YORK, asked)
            for settings_of in options:
                answer = ask(report, query, settings_of)
                assert (answer.rows, answer.total) == ([], 0)
                wrong = {
                    m.name
                    for m in query.shown_measures
                    if answer.totals[m.name]
                    and m.additivity is not Additivity.SEMI_ADDITIVE
                }
                assert not wrong
                assert {*answer.totals} == {m.name for m in query.shown_measures}


class TestComparison:
    @MANY
    @given(questions())
    @example(
        parse(
            REPORTS["membership/analytics"],
            NEW_YORK,
            {
                "date_from": "2017-02-20",
                "date_to": "2017-04-10",
                "group_by": "month",
                "measures": "members,active_members,avg_spending",
                "compare": "previous_period",
            },
        ).unpaged(10**6)
    )
    @example(
        parse(
            REPORTS["points/activity"],
            NEW_YORK,
            {
                "date_from": "2017-02-20", "date_to": "2017-04-10", "group_by": "week",
                "measures": "balance,points_earned", "compare": "previous_year",
            },
        ).unpaged(10**6)
    )  # fmt: skip
    def test_it_is_what_the_period_before_answers_by_itself(
        self, pushed_history, query
    ):
        if not query.compare:
            return
        report, (bare, _with_copy) = stores(pushed_history)
        rows = ask(report, replace(query, sort=()), bare).rows
        before = replace(
            query,
            sort=(),
            compare=None,
            date_from=query.compare.date_from,
            date_to=query.compare.date_to,
        )
        now = ask(report, replace(query, sort=(), compare=None), bare).rows
        names = [c.name for d in query.dimensions for c in d.columns]

        def by_key(rows, moved=lambda day: day):
            return {
                (moved(r["date"]), *(r[n] for n in names)): {
                    m.name: r[m.name] for m in query.measures
                }
                for r in rows
            }

        expected_before = by_key(ask(report, before, bare).rows, self.moved(query))
        expected_now = by_key(now)
        assert {(r["date"], *(r[n] for n in names)) for r in rows} == {
            *expected_before,
            *expected_now,
        }
        for row in rows:
            key = (row["date"], *(row[n] for n in names))
            for m in query.measures:
                if key in expected_now:
                    assert row[m.name] == expected_now[key][m.name]
                if key in expected_before:
                    value = expected_before[key][m.name]
                    is_without = m.additivity is Additivity.RATIO and not value
                    if not is_without:
                        assert row[f"previous_{m.name}"] == value

    @staticmethod
    def moved(query):
        """The day onto which a bucket of the period before is moved."""
        compare = query.compare

        def move(text):
            day = date.fromisoformat(text)
            if query.grain is Grain.PERIOD:
                return str(query.date_from)
            months = day.year * 12 + day.month - 1 + compare.months
            year, month = divmod(months, 12)
            day = day.replace(year=year, month=month + 1)
            return str(day + timedelta(days=compare.days))

        return move


@pytest.mark.parametrize("slug", [r.slug for r in GROUPED])
def test_a_cursor_of_another_question_is_refused(pushed_history, slug):
    report, (bare, _with_copy) = stores(pushed_history)
    asked = {"date_from": "2017-01-01", "date_to": "2017-03-31", "per_page": "5"}
    first = ask(report, parse(REPORTS[slug], NEW_YORK, asked), bare)
    assert first.next_cursor
    other = {**asked, "date_to": "2017-04-30", "cursor": first.next_cursor}
    with pytest.raises(BadQuery, match="belongs to another question"):
        parse(REPORTS[slug], NEW_YORK, other)


def test_every_filter_of_the_catalogue_is_tried():
    names = {f.name for r in REPORTS.values() for f in r.filters}
    assert names <= {*VALUES}
    assert all(
        f.kind in (Kind.INTEGER, Kind.TEXT) for r in REPORTS.values() for f in r.filters
    )

import json
from base64 import urlsafe_b64encode
from contextlib import contextmanager, suppress
from dataclasses import replace
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from odoo.sql_db import Cursor
from odoo.tests import tagged

from ..core.errors import BadQuery, NotFound
from ..core.queries import REPORTS, cursor
from ..core.queries.base import Kind
from ..core.queries.params import TECHNICAL, parameters
from .test_rest import RestCase

_FEW = settings(
    max_examples=50,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.differing_executors],
)
_MANY = settings(_FEW, max_examples=500)
# Of a cursor, for each question about each report.
_FORGED, _MANY_FORGED = settings(_FEW, max_examples=10), settings(_FEW, max_examples=50)
_SQL = (
    "'; DROP TABLE promotion_order_data; --",
    "1 OR 1=1",
    "1) UNION SELECT login, password FROM res_users --",
    "%(company)s",
    "%s %% %",
    "$$; SELECT pg_sleep(9) $$",
    "pos\\' OR \\'1\\'=\\'1",
    "/*", "{}", "[[1]]", '{"$ne": 1}', "\0", "a\0b", "\ud800", "x\udfff", "",
    "-", ",", ",,", "null", "NaN", "1e9", "٣", "０", "9" * 5000, "-" + "9" * 19,
    str(2**63 - 1), str(2**63), "2024-W01-1", "20240101", "0001-01-01", "9999-12-31",
)  # fmt: skip
_ANY_TEXT = st.one_of(
    st.sampled_from(_SQL),
    st.text(max_size=30),
    st.text(st.characters(codec=None), max_size=10),
    st.integers().map(str),
)
_TAME = {"date_from": "2023-01-01", "date_to": "2024-12-31", "per_page": "2"}


@st.composite
def questions(draw):
    """Return (report, what is asked of it); some of it hostile."""
    report = draw(st.sampled_from([*REPORTS.values()]))
    asked = dict(_TAME)
    for known in draw(st.lists(st.sampled_from(parameters(report)), max_size=4)):
        asked[known.name] = draw(_value(known))
    for name in (*TECHNICAL, "'; --"):
        if draw(st.integers(0, 9)) == 0:
            asked[name] = draw(_ANY_TEXT)
    return report, asked


def _value(known):
    tame = st.sampled_from(known.choices or ("2024-01-31", "1", "true", "pos"))
    one = st.one_of(tame, _ANY_TEXT)
    return st.one_of(one, st.lists(one, max_size=3)) if known.is_list else one


_TEXT = st.one_of(st.sampled_from(_SQL), st.text(max_size=20)).filter(
    lambda text: "\0" not in text and text.encode(errors="ignore").decode() == text
)
_WHOLE = st.integers(-(2**63), 2**63 - 1)
_DAYS = st.sampled_from(("2024-01-31", "0001-01-01", "9999-12-31"))
_INSTANTS = st.sampled_from(("2024-01-31T10:00:00Z", "9999-12-31T23:59:59.999999"))
_NUMBERS = st.one_of(
    _WHOLE, st.sampled_from(("1.5", "9" * 40, "-" + "9" * 40 + ".9999"))
)
# What no place in a cursor may be, or only some.
_JSON = st.sampled_from(
    (
        None, True, 1.5, float("nan"), 2**70, {"a": 1}, [], [[1]], [None] * 3, "1e5",
        "2024-W05-3", "20240131", "2024-02-30", "2024-W05-3T10", "2024-01-31T10", *_SQL,
    )
)  # fmt: skip


@st.composite
def forged(draw, query):
    """Return a cursor that belongs to a question, with values of the caller's own."""
    names = [name for name, _check in cursor.fields(query)]
    values = [draw(_believable(query, name)) for name in names]
    spoilt = draw(st.integers(0, 2 * len(values)))
    values[spoilt : spoilt + 1] = [draw(_JSON)] if spoilt < len(values) else []
    return _encoded([cursor._question(query), values])


def _believable(query, name):
    """Return values that could stand in a cursor, hostile texts among them."""
    kind = dict(query.report.order).get(name) if query.grain is None else None
    if name == "date":
        return _DAYS
    if name == "hour" or kind is Kind.INSTANT:
        return _INSTANTS
    if kind:
        return _WHOLE
    if name.startswith("of_"):
        return _NUMBERS
    dimension = query.report.dimension(name)
    if not dimension.members:
        return _TEXT
    kinds = [column.kind for column in dimension.columns]
    kinds += [Kind.INTEGER] if dimension.is_identity else []
    parts = [st.none() | (_WHOLE if k is Kind.INTEGER else _TEXT) for k in kinds]
    return st.tuples(*parts).map(list)


@tagged("post_install", "-at_install")
class TestHostile(RestCase):
    """Whatever is asked, the database is sent nothing but what was planned.

    Values are among the parameters: statements are those of a tame question that shows
    and is restricted by the same things.
    """

    def test_no_value_changes_a_statement(self):
        self.assert_no_value_changes_a_statement(_FEW)

    @pytest.mark.slow
    def test_no_value_of_many_changes_a_statement(self):
        self.assert_no_value_changes_a_statement(_MANY)

    def assert_no_value_changes_a_statement(self, count):
        @count
        @given(questions())
        def check(question):
            report, asked = question
            query = self.parsed(report, asked)
            if query and not query.after:
                self.assert_planned(query, replace(query, filters=self.tame(query)))

        check()

    def test_no_forged_cursor_changes_a_statement(self):
        self.assert_no_cursor_changes_a_statement(_FORGED)

    @pytest.mark.slow
    def test_no_forged_cursor_of_many_changes_a_statement(self):
        self.assert_no_cursor_changes_a_statement(_MANY_FORGED)

    def assert_no_cursor_changes_a_statement(self, count):
        for report in REPORTS.values():
            for more in self.structures(report):
                asked = {**_TAME, **more}
                plain = self.parsed(report, asked)
                with self.subTest(report=report.slug, **more):
                    self.forge(report, asked, plain, count)

    def test_what_is_no_cursor_is_refused(self):
        report = REPORTS["promotions/performance"]

        @_FEW
        @given(_ANY_TEXT.filter(bool) | _JSON.map(_encoded))
        def check(text):
            self.assertIsNone(self.parsed(report, {**_TAME, "cursor": text}))

        check()

    def test_the_recorder_would_see_a_value_in_a_statement(self):
        query = self.parsed(REPORTS["promotions/performance"], _TAME)
        with self.recorded() as statements:
            self.env.cr.execute("SELECT 'evil'")
        with self.assertRaises(AssertionError):
            self.assert_among(statements, self.statements(query))

    def structures(self, report):
        """Return questions about a report that order its rows in several ways."""
        names = {known.name for known in parameters(report)}
        if "dimensions" not in names:
            return [{}, {"sort": "-transaction_date"}]
        shown = {"dimensions": ",".join(d.name for d in report.dimensions)}
        measure = report.measures[0].name
        column = report.dimensions[0].columns[-1].name
        return [
            {"group_by": "hour", **shown} if "hour" in report.grains else shown,
            {"group_by": "month", **shown, "sort": f"-{column}", "measures": measure},
            {**shown, "measures": measure, "sort": measure, "compare": "previous_year"},
        ]

    def forge(self, report, asked, plain, count):
        @count
        @given(forged(plain))
        def check(text):
            query = self.parsed(report, {**asked, "cursor": text})
            if query:
                seen.append(text)
                self.assert_among(self.statements(query), planned)

        seen = []
        tame = {name: _tame(plain, name) for name, _check in cursor.fields(plain)}
        planned = self.statements(replace(plain, after=tame))
        check()
        self.assertTrue(seen, "No forged cursor was believed: nothing was tested.")

    def parsed(self, report, asked):
        """Return the question, or None where it is refused."""
        reader = self.env["loyalty.reporting.reader"].with_user(self.reader)
        try:
            return reader._query(report.slug, asked)
        except BadQuery:
            return None

    def tame(self, query):
        """Return the question's filters with values of ours."""
        ids = {f.name: -1 for f, _values in query.filters}
        ids["program_id"] = -1000
        return tuple(
            (
                f,
                (ids[f.name],)
                if f.kind is Kind.INTEGER
                else (f.choices or ("pos",))[:1],
            )
            for f, _values in query.filters
        )

    def assert_planned(self, query, tame):
        self.assert_among(self.statements(query), self.statements(tame))

    def assert_among(self, statements, planned):
        self.assertTrue(statements)
        for statement in statements:
            self.assertIn(statement, planned)

    def statements(self, query):
        """Return the texts that answering a question sends to the database."""
        reader = self.env["loyalty.reporting.reader"].with_user(self.reader)
        with self.recorded() as statements, suppress(NotFound):
            reader._answer(query)
        return statements

    @contextmanager
    def recorded(self):
        """Give the list of texts that reach the database meanwhile."""
        statements, execute = [], Cursor.execute

        def recording(cr, query, *args, **options):
            statements.append(query if isinstance(query, str) else query.code)
            return execute(cr, query, *args, **options)

        with patch.object(Cursor, "execute", recording):
            yield statements


def _encoded(value):
    return urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _tame(query, name):
    """Return a value of a place in the order of a question's rows."""
    if name == "date":
        return "2024-01-31"
    if query.grain is None:
        kind = dict(query.report.order)[name]
        return "2024-01-31T10:00:00" if kind is Kind.INSTANT else 1
    if name == "hour":
        return "2024-01-31T10:00:00Z"
    if name.startswith("of_"):
        return "1.5"
    dimension = query.report.dimension(name)
    values = [1 if c.kind is Kind.INTEGER else "x" for c in dimension.columns]
    values += [1] if dimension.is_identity else []
    return values if dimension.members else values[0]

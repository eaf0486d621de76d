"""What a document may ask for, and hostile ones."""

import pytest
from graphql_reader import PERIOD, Reader, answered

from core.api.graphql.execution import is_mutation
from core.api.graphql.limits import Limits
from core.settings import Settings

LIST = f"promotionPerformance({PERIOD}, groupBy: DAY)"
PAGE = f"promotionPerformanceConnection({PERIOD}, perPage: %s)"


def limit(document, variables=None, **limits):
    """The message of the limit that a document exceeds; nothing was asked then."""
    reader = Reader()
    response = answered(document, reader, variables, **limits)
    assert not response.is_executed
    assert reader.asked == []
    [error] = response.errors
    assert error["extensions"]["code"] in ("LIMIT_EXCEEDED", "GRAPHQL_PARSE_FAILED")
    assert error["extensions"]["problem"]["status"] == 400
    return error["message"]


class TestLimits:
    def test_depth(self):
        document = "{reports{measures{name}}}"
        assert answered(document, depth=3).errors == []
        assert "3 fields deep, allowed are 2" in limit(document, depth=2)
        spread = "{...A} fragment A on Query{reports{...B}} fragment B on Report{slug}"
        assert "2 fields deep, allowed are 1" in limit(spread, depth=1)

    def test_fields_at_the_top_whatever_their_alias(self):
        document = "{" + " ".join(f"a{n}: reports {{ slug }}" for n in range(21)) + "}"
        assert "21 fields at its top, allowed are 20" in limit(document)
        spread = "{...A ...A ... {...A}} fragment A on Query{a:__typename b:__typename}"
        assert answered(spread, fields=6).errors == []
        assert "6 fields" in limit(spread, fields=5)

    def test_tokens(self):
        document = "{reports{" + "slug " * 1000 + "}}"
        assert "1000 tokens" in limit(document)

    def test_cost_is_rows_times_fields(self):
        document = "{" + PAGE % 100 + "{nodes{date programId totalQty}}}"
        assert answered(document, cost=302).errors == []
        assert "costs 302, allowed are 301" in limit(document, cost=301)
        document = "{" + LIST + "{date programId}}"
        assert "costs 2001, allowed are 2000" in limit(document, cost=2000)

    def test_cost_follows_variables_and_fragments(self):
        document = (
            "query($n:Int!){" + PAGE % "$n" + "{...A nodes{date}}} fragment A on "
            "PromotionPerformanceConnection{nodes{programId totalQty}}"
        )
        assert "costs 33," in limit(document, {"n": 10}, cost=32)
        assert "costs 3003," in limit(document, {"n": "x"}, cost=32)

    def test_only_the_operation_that_is_asked_for_counts(self):
        document = "query A{__typename} query B{reports{slug}}"
        assert answered(document, name="A", cost=1).errors == []
        assert not answered(document, name="B", cost=1).is_executed

    def test_introspection_costs_too(self):
        assert "costs" in limit("{__schema{types{" + "name " * 340 + "}}}")

    def test_a_list_has_at_most_the_rows_that_are_set(self):
        response = answered("{" + LIST + "{date}}", Reader(total=6), rows=5)
        assert "a list at most 5" in response.errors[0]["message"]

    def test_they_come_from_the_settings(self, monkeypatch):
        assert Limits.of(Settings()) == Limits()
        monkeypatch.setenv("LOYALTY_REPORTING_GRAPHQL_DEPTH", "4")
        monkeypatch.setenv("LOYALTY_REPORTING_GRAPHQL_INTROSPECTION", "0")
        limits = Limits.of(Settings.read())
        assert limits.depth == 4
        assert not limits.introspection


class TestHostile:
    @pytest.mark.parametrize(
        "document",
        [
            "{reports" * 400,
            "{" + "[" * 400,
            "{...F0}" + "".join(
                f"fragment F{n} on Query{{...F{n + 1} ...F{n + 1}}}" for n in range(70)
            ) + "fragment F70 on Query{__typename}",
            "{...A} fragment A on Query{...B} fragment B on Query{...A}",
            "query(" + "$a:Int " * 200 + "){__typename}",
            "{" + "promotionPerformance{x}" * 190 + "}",
            "\ufeff{__typename",
            '{reports(a: "\\ud800"){slug}}',
            "# only a comment",
        ],
    )  # fmt: skip
    def test_a_hostile_document_is_refused_with_words(self, document):
        response = answered(document)
        assert not response.is_executed
        assert response.errors[0]["message"]
        assert response.text().isprintable()

    def test_a_document_is_checked_once(self):
        from core.api.graphql import execution  # noqa: PLC0415

        document = "query Kept {reports{slug title}}"
        before = execution._checked.cache_info()
        for _round in range(3):
            assert answered(document).errors == []
        after = execution._checked.cache_info()
        assert (after.misses - before.misses, after.hits - before.hits) == (1, 2)
        assert after.maxsize

    def test_a_mutation_is_known_as_one(self):
        assert is_mutation("mutation {a}", None, Limits())
        assert is_mutation("query A{a} mutation B{a}", "B", Limits())
        for document in ("query A{a} mutation B{a}", "{a}", "{", "{a" * 900):
            assert not is_mutation(document, None, Limits())

"""The schema: API.md's is part of it, nothing of it was broken, all of it is described."""

from dataclasses import replace
from pathlib import Path

import pytest
from graphql import (
    build_schema,
    find_breaking_changes,
    get_introspection_query,
    is_enum_type,
    is_object_type,
    validate_schema,
)
from graphql_reader import answered

from core.api.graphql.schema import build, schema, text
from core.queries import REPORTS
from core.queries.base import Column, Grain, Kind, Measure, Unit
from dev import graphql_schema

COMMITTED = Path(__file__).parents[2] / "core" / "api" / "schema.graphql"
# As API.md fixes it; PointTransaction is told there in words.
API_MD = """
type Query {
  promotionPerformance(programId: ID, dateFrom: DateTime!, dateTo: DateTime!, groupBy: GroupBy!):
    [PromotionPerformance!]!
  membershipAnalytics(membershipProductId: ID, dateFrom: DateTime!, dateTo: DateTime!): [MembershipAnalytics!]!
  pointTransactions(partnerId: ID, cardId: ID, dateFrom: DateTime!, dateTo: DateTime!,
    transactionType: TransactionType): [PointTransaction!]!
}
type PromotionPerformance { programId: ID! programName: String! date: Date! totalTransactions: Int!
  totalAmount: Decimal! totalDiscount: Decimal! avgTransactionValue: Decimal! conversionRate: Float! }
type MembershipAnalytics { membershipLevel: String! date: Date! newMembers: Int! activeMembers: Int!
  totalSpending: Decimal! avgSpending: Decimal! totalPointsEarned: Decimal! }
type PointTransaction { cardId: ID! partnerId: ID transactionDate: DateTime! transactionType: TransactionType!
  pointsAmount: Decimal! balanceAfter: Decimal! origin: String }
enum GroupBy { HOUR DAY WEEK MONTH }
enum TransactionType { EARN REDEEM EXPIRE }
scalar Decimal
scalar Date
scalar DateTime
"""


def broken(old, new):
    return [change.description for change in find_breaking_changes(old, new)]


class TestContract:
    def test_api_md_is_part_of_it(self):
        assert broken(build_schema(API_MD), schema()) == []

    def test_a_break_would_be_seen(self):
        for old, new in (
            ("programId: ID!", "programId: String!"),
            ("conversionRate: Float!", "conversionRate: Float"),
            ("groupBy: GroupBy!", "groupBy: GroupBy!, more: Int!"),
            ("HOUR DAY", "DAY"),
        ):
            assert broken(build_schema(API_MD), build_schema(API_MD.replace(old, new)))

    def test_what_was_committed_still_holds(self):
        assert broken(build_schema(COMMITTED.read_text()), schema()) == []

    def test_the_committed_schema_is_up_to_date(self):
        assert COMMITTED.read_text() == text(schema()), (
            "write it anew: python3 -m dev run test python -m dev.graphql_schema"
        )

    def test_it_is_not_written_unasked_where_clients_would_break(
        self, tmp_path, monkeypatch, capsys
    ):
        old = COMMITTED.read_text().replace(
            "type Report {", "type Report {\n  gone: ID"
        )
        file = tmp_path / "schema.graphql"
        file.write_text(old)
        monkeypatch.setattr(graphql_schema, "FILE", file)
        assert graphql_schema.main([]) == 1
        assert "Report.gone" in capsys.readouterr().out
        assert file.read_text() == old
        assert graphql_schema.main(["--breaking"]) == 0
        assert file.read_text() == text(schema())

    def test_it_is_valid(self):
        assert validate_schema(schema()) == []


class TestDerived:
    def test_everything_is_described(self):
        bare = []
        for name, kind in schema().type_map.items():
            if name.startswith("__"):
                continue
            parts = [(name, kind)]
            if is_object_type(kind):
                parts += [(f"{name}.{n}", f) for n, f in kind.fields.items()]
                parts += [
                    (f"{name}.{n}({a}:)", argument)
                    for n, f in kind.fields.items()
                    for a, argument in f.args.items()
                ]
            if is_enum_type(kind):
                parts += [(f"{name}.{n}", value) for n, value in kind.values.items()]
            bare += [place for place, part in parts if not part.description]
        assert bare == []

    def test_every_report_is_a_list_and_pages_with_all_its_columns(self):
        fields = schema().query_type.fields
        for report in REPORTS.values():
            [name] = [
                name
                for name, field in fields.items()
                if field.description.startswith(report.description)
                and not name.endswith("Connection")
            ]
            assert f"{name}Connection" in fields
            row = schema().get_type(str(fields[name].type).strip("[!]"))
            assert len(row.fields) == len(report.columns)

    def test_what_is_added_to_the_registry_is_in_the_schema(self):
        report = REPORTS["promotions/performance"]
        level = Column("life_stage", "Stage", "Of the program.", Kind.TEXT, True)
        stage = replace(report.dimensions[0], name="life_stage", columns=(level,))
        margin = Measure("net_margin", "Margin", "What is left.", Unit.MONEY, of="x")
        grown = build(
            {
                "promotions/life_cycle": replace(
                    report,
                    slug="promotions/life_cycle",
                    dimensions=(*report.dimensions, stage),
                    measures=(*report.measures, margin),
                    grains=(Grain.DAY,),
                )
            }
        )
        fields = grown.query_type.fields
        assert "promotionsLifeCycle" in fields
        row = grown.get_type("PromotionsLifeCycle")
        assert str(row.fields["netMargin"].type) == "Decimal"
        assert str(row.fields["lifeStage"].type) == "String"
        choices = grown.get_type("PromotionsLifeCycleDimension").values
        assert "LIFE_STAGE" in choices
        assert [*grown.get_type("GroupBy").values] == ["DAY"]

    def test_measures_that_are_only_there_when_selected_may_be_null(self):
        row = schema().get_type("PromotionPerformance")
        assert str(row.fields["uniqueCustomers"].type) == "Int"
        assert str(row.fields["storeName"].type) == "String"


class TestIntrospection:
    def test_the_usual_tools_can_read_it(self):
        query = get_introspection_query(schema_description=True)
        response = answered(query)
        assert response.errors == []
        names = {kind["name"] for kind in response.data["__schema"]["types"]}
        assert {"PromotionPerformance", "Decimal"} <= names

    @pytest.mark.parametrize(
        "query", ["{__schema{description}}", '{__type(name:"A"){name}}']
    )
    def test_it_can_be_switched_off(self, query):
        assert answered(query).errors == []
        response = answered(query, introspection=0)
        assert not response.is_executed
        assert "introspection" in response.errors[0]["message"]
        assert answered("{__typename}", introspection=0).errors == []

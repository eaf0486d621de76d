"""What GraphQL asks of the reader, and how its answer is written."""

from decimal import Decimal

import pytest
import simplejson
from graphql import default_field_resolver, execute_sync, parse
from graphql_reader import PERIOD, Reader, answered, refused

from core.api.graphql.rows import Ready
from core.api.graphql.schema import schema
from core.errors import StoreError
from core.queries import REPORTS
from core.queries.params import parameters

LIST = f"promotionPerformance({PERIOD}, groupBy: DAY"
PAGE = f"promotionPerformanceConnection({PERIOD}"
ROW = {
    "program_id": 1001, "program_name": "Spring", "program_type": None, "store_id": 7,
    "store_name": "Mitte", "channel": "pos", "date": "2024-01-15",
    "hour": "2024-01-15T10:00:00Z", "total_transactions": 3,
    "total_amount": Decimal("1234567890123.4567"), "total_discount": Decimal("0.10"),
    "avg_transaction_value": Decimal("100.00"), "conversion_rate": 0.15,
    "total_qty": Decimal("3"), "unique_customers": 2, "discount_depth": None,
    "points_earned": Decimal("0.10"),
}  # fmt: skip


def asked(document, **variables):
    """What the only question of a document asks, beside the period."""
    reader = Reader()
    response = answered(document, reader, variables)
    assert response.errors == []
    [(slug, given)] = reader.asked
    assert slug == "promotions/performance"
    for name in ("date_from", "date_to", "group_by", "page", "per_page"):
        given.pop(name, None)
    return given


class TestAsking:
    def test_selected_fields_are_the_measures_asked_for(self):
        assert asked(f"{{{LIST}) {{ date totalQty a: uniqueCustomers }}}}") == {
            "measures": "total_qty,unique_customers",
            "dimensions": "program",
        }

    def test_a_dimension_is_asked_for_by_its_columns(self):
        for field in ("storeId", "storeName"):
            given = asked(f"{{{LIST}) {{ totalQty {field} }}}}")
            assert given["dimensions"] == "program,store"

    def test_the_default_dimensions_stay_unless_others_are_named(self):
        assert asked(f"{{{LIST}) {{ date totalQty }}}}")["dimensions"] == "program"
        given = asked(f"{{{LIST}, dimensions: [CHANNEL]) {{ channel totalQty }}}}")
        assert given["dimensions"] == "channel"
        given = asked(f"{{{LIST}, dimensions: []) {{ date totalQty }}}}")
        assert given["dimensions"] == ""

    def test_a_field_whose_dimension_is_left_out_is_an_error_not_an_empty_value(self):
        error = refused(f"{{{LIST}, dimensions: [STORE]) {{ programName totalQty }}}}")
        assert "programName needs the dimension program" in error["message"]
        assert error["extensions"]["problem"]["parameter"] == "dimensions"
        error = refused(f"{{{LIST}, dimensions: [STORE]) {{ channel totalQty }}}}")
        assert "channel needs the dimension channel" in error["message"]

    def test_fragments_skip_and_include_are_seen_through(self):
        document = f"""
          query($no: Boolean!, $yes: Boolean!) {{ {LIST}) {{
            ...A ... on PromotionPerformance {{ totalDiscount }} ... {{ totalAmount }}
            pointsEarned @skip(if: $yes) discountDepth @include(if: $no)
            ... @include(if: $no) {{ refundTransactions }} ...B @skip(if: $yes)
          }} }}
          fragment A on PromotionPerformance {{ totalQty ...C }}
          fragment B on PromotionPerformance {{ grossAmount }}
          fragment C on PromotionPerformance {{ storeName }}"""
        assert asked(document, no=False, yes=True) == {
            "measures": "total_qty,total_amount,total_discount",
            "dimensions": "program,store",
        }

    def test_filters_take_one_value_or_several(self):
        given = asked(
            f'{{{LIST}, programId: 1001, storeIdIn: ["7", 8], channel: "pos") '
            "{ totalQty }}"
        )
        assert given["program_id"] == ["1001"]
        assert given["store_id"] == ["7", "8"]
        assert given["channel"] == ["pos"]

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ("programId: 1, programIdIn: [2]", "programId or programIdIn, not both"),
            ('programId: "1,2"', "holds a comma"),
            ('channelIn: ["a", "b,c"]', "holds a comma"),
            ('programId: "one"', "is no whole number"),
            ('companyId: "2"', "no such company"),
            ('programId: "9223372036854775808"', "is no whole number"),
        ],
    )
    def test_a_bad_argument_is_named(self, arguments, words):
        error = refused(f"{{{LIST}, {arguments}) {{ totalQty }}}}")
        assert words in error["message"]
        extensions = error["extensions"]
        assert extensions["argument"] in arguments
        assert extensions["problem"]["detail"] == error["message"]

    def test_a_grain_that_a_report_lacks_is_told(self):
        error = refused(f"{{membershipAnalytics({PERIOD}, groupBy: HOUR) {{ date }}}}")
        assert "'hour' is none of day, week" in error["message"]

    def test_null_is_as_good_as_nothing(self):
        given = asked(f"{{{LIST}, programId: null, dimensions: null) {{ totalQty }}}}")
        assert "program_id" not in given

    def test_a_page_asks_for_itself(self):
        reader = Reader()
        document = f"{{{PAGE}, page: 3, perPage: 7) {{ nodes {{ totalQty }} }}}}"
        assert answered(document, reader).errors == []
        [query] = reader.queries
        assert (query.page, query.per_page) == (3, 7)

    def test_of_an_instant_the_date_as_written_counts(self):
        reader = Reader()
        document = """{ promotionPerformance(dateFrom: "2024-01-15T23:30:00-11:00",
          dateTo: "2024-01-16T00:30:00+14:00", groupBy: WEEK) { totalQty } }"""
        assert answered(document, reader).errors == []
        [query] = reader.queries
        assert str(query.date_from) == "2024-01-15"
        assert str(query.date_to) == "2024-01-16"


class TestAnswers:
    def test_decimals_keep_all_their_digits(self):
        response = answered(
            f"{{{LIST}) {{ totalAmount totalDiscount }}}}", Reader([ROW])
        )
        assert '"totalAmount": 1234567890123.4567' in response.text()
        assert '"totalDiscount": 0.10' in response.text()

    def test_a_row_has_what_was_selected_in_that_order(self):
        document = (
            f"{{x: {LIST}) {{ __typename b: totalQty programId a: totalQty"
            " programType conversionRate }}"
        )
        response = answered(document, Reader([ROW]))
        [row] = response.data["x"]
        assert [*row.items()] == [
            ("__typename", "PromotionPerformance"), ("b", 3), ("programId", "1001"),
            ("a", 3), ("programType", None), ("conversionRate", 0.15),
        ]  # fmt: skip

    def test_the_hour_is_there_at_that_grain_and_empty_otherwise(self):
        for grain, hour in (("HOUR", ROW["hour"]), ("DAY", None)):
            document = (
                f"{{promotionPerformance({PERIOD}, groupBy: {grain}) {{ hour }}}}"
            )
            [row] = answered(document, Reader([ROW])).data["promotionPerformance"]
            assert row == {"hour": hour}

    def test_a_page_comes_with_what_belongs_to_it(self):
        document = f"""{{ {PAGE}, groupBy: MONTH) {{
            nodes {{ programId }} more: nodes {{ storeName }}
            pagination {{ page perPage total }}
            meta {{ report companyId dateFrom timeZone currency groupBy dataAsOf store }}
        }} }}"""
        reader = Reader([ROW], total=250)
        assert answered(document, reader).data["promotionPerformanceConnection"] == {
            "nodes": [{"programId": "1001"}],
            "more": [{"storeName": "Mitte"}],
            "pagination": {"page": 1, "perPage": 100, "total": 250},
            "meta": {
                "report": "promotions/performance", "companyId": "1",
                "dateFrom": "2024-01-01", "timeZone": "Europe/Berlin",
                "currency": "EUR", "groupBy": "MONTH",
                "dataAsOf": "2024-05-06T07:08:09Z", "store": "postgresql",
            },
        }  # fmt: skip
        assert len(reader.asked) == 1

    def test_the_same_alias_may_mean_different_fields_in_different_places(self):
        reader = Reader([ROW])
        document = f"""{{ {PAGE}) {{ a: nodes {{ x: totalQty }} b: nodes {{ x: storeName }}
            b: nodes {{ y: channel }} ...More }} }}
            fragment More on PromotionPerformanceConnection {{ a: nodes {{ z: date }} }}"""
        page = answered(document, reader).data["promotionPerformanceConnection"]
        assert page == {
            "a": [{"x": 3, "z": "2024-01-15"}],
            "b": [{"x": "Mitte", "y": "pos"}],
        }
        assert reader.asked[0][1]["dimensions"] == "program,store,channel"

    def test_types_of_transactions_are_enums_both_ways(self):
        row = {
            "card_id": 1, "partner_id": None, "transaction_date": "2024-01-15T10:30:00Z",
            "transaction_type": "earn", "points_amount": Decimal("100.00"),
            "balance_after": Decimal("1100.00"), "origin": None,
        }  # fmt: skip
        reader = Reader([row])
        document = f"""{{ pointTransactions({PERIOD}, transactionType: EARN) {{
            cardId partnerId transactionDate transactionType pointsAmount origin }} }}"""
        [found] = answered(document, reader).data["pointTransactions"]
        assert found["transactionType"] == "EARN"
        assert found["cardId"] == "1"
        assert reader.asked[0][1]["transaction_type"] == ["earn"]

    def test_the_catalogue_has_the_reports_that_may_be_read(self):
        reader = Reader(forbidden=["points/transactions"])
        response = answered(
            "{reports{slug field measures{field additivity} dimensions{value fields}"
            " parameters{argument choices default}}}",
            reader,
        )
        assert response.errors == []
        reports = {report["slug"]: report for report in response.data["reports"]}
        assert "points/transactions" not in reports
        promotions = reports["promotions/performance"]
        assert {"field": "uniqueCustomers", "additivity": "distinct"} in (
            promotions["measures"]
        )
        assert {"value": "STORE", "fields": ["storeId", "storeName"]} in (
            promotions["dimensions"]
        )


DECLARED = {p.name for p in parameters(REPORTS["promotions/performance"])}


@pytest.mark.skipif(
    not {"sort", "compare", "cursor", "totals"} <= DECLARED,
    reason="reports have no order, comparison, cursors and totals",
)
class TestOrderComparisonCursorsTotals:
    def test_rows_are_ordered_by_fields_also_by_such_that_are_not_shown(self):
        given = asked(f'{{{LIST}, sort: ["-totalAmount", "date"]) {{ totalQty }}}}')
        assert given["sort"] == "-total_amount,date"
        assert given["measures"] == "total_qty,total_amount"
        error = refused(f'{{{LIST}, sort: "storeName") {{ totalQty }}}}')
        assert "store_name" in error["message"]
        assert error["extensions"]["argument"] == "sort"

    def test_what_precedes_is_there_for_who_compares(self):
        reader = Reader([{**ROW, "previous_total_qty": Decimal("2")}])
        document = f"""{{ {PAGE}, compare: %s) {{ nodes {{ previousTotalQty }}
            meta {{ comparedWith {{ dateFrom dateTo }} }} }} }}"""
        name = [*schema().get_type("Compare").values][0]
        page = answered(document % name, reader).data["promotionPerformanceConnection"]
        assert page["nodes"] == [{"previousTotalQty": 2}]
        assert page["meta"]["comparedWith"]["dateTo"] < "2024-01-01"
        assert "total_qty" in reader.asked[0][1]["measures"]
        error = refused(document % "null", reader)
        assert "no previousTotalQty" in error["message"]

    def test_totals_are_asked_for_by_being_selected(self):
        reader = Reader([ROW], totals={"total_amount": Decimal("9.90")})
        document = f"{{{PAGE}) {{ totals {{ totalAmount }} nodes {{ date }} }}}}"
        page = answered(document, reader).data["promotionPerformanceConnection"]
        assert page["totals"] == {"totalAmount": Decimal("9.90")}
        assert reader.asked[0][1]["totals"] == "true"
        assert reader.asked[0][1]["measures"] == "total_amount"
        given = asked(f"{{{PAGE}) {{ nodes {{ date }} }}}}")
        assert "totals" not in given

    def test_behind_a_cursor_pages_have_no_numbers(self):
        document = f"""{{ {PAGE}, cursor: "") {{ nodes {{ date }}
            pagination {{ page perPage total nextCursor }} }} }}"""
        for cursor, expected in (("abc", "abc"), ("", None)):
            reader = Reader([ROW], next_cursor=cursor)
            page = answered(document, reader).data["promotionPerformanceConnection"]
            assert page["pagination"]["page"] is None
            assert page["pagination"]["nextCursor"] == expected
        error = refused(document.replace('""', '"", page: 2'))
        assert "not for both" in error["message"]


class TestErrors:
    def test_a_list_that_is_too_long_is_an_error_never_cut(self):
        error = refused(f"{{{LIST}) {{ totalQty }}}}", Reader([ROW], total=1001))
        assert error["extensions"]["code"] == "LIST_TOO_LONG"
        assert "1001 rows, a list at most 1000" in error["message"]
        assert "promotionPerformanceConnection" in error["message"]
        response = answered(f"{{{LIST}) {{ totalQty }}}}", Reader([ROW] * 1000))
        assert len(response.data["promotionPerformance"]) == 1000

    def test_what_one_may_not_read_is_forbidden_and_the_rest_is_answered(self):
        document = f"""{{ {PAGE}) {{ nodes {{ date }} }}
            pointsActivityConnection({PERIOD}) {{ nodes {{ date }} }} }}"""
        response = answered(document, Reader([ROW], forbidden=["points/activity"]))
        [error] = response.errors
        assert error["path"] == ["pointsActivityConnection"]
        assert error["extensions"]["code"] == "FORBIDDEN"
        assert error["extensions"]["problem"]["status"] == 403
        assert response.data["pointsActivityConnection"] is None
        assert response.data["promotionPerformanceConnection"]["nodes"]

    def test_an_error_in_a_list_that_is_never_null_leaves_no_data(self):
        document = f"{{ {LIST}) {{ date }} bad: {LIST}, programId: 0.5) {{ date }} }}"
        assert not answered(document).is_executed
        document = f'{{ {LIST}) {{ date }} bad: {LIST}, programId: "x") {{ date }} }}'
        response = answered(document, Reader([ROW]))
        assert response.is_executed
        assert response.data is None
        assert '"data": null' in response.text()

    def test_a_missing_value_that_is_promised_is_told_with_its_place(self):
        rows = [ROW, {**ROW, "program_name": None}]
        error = refused(f"{{{LIST}) {{ programName }}}}", Reader(rows))
        assert error["path"] == ["promotionPerformance", 1, "programName"]
        assert "non-nullable" in error["message"]

    def test_a_number_that_graphql_cannot_write_is_told_not_cut(self):
        rows = [{**ROW, "unique_customers": 2**31}]
        response = answered(f"{{{LIST}) {{ date uniqueCustomers }}}}", Reader(rows))
        [error] = response.errors
        assert "32-bit" in error["message"]
        assert error["extensions"]["problem"]["status"] == 500
        assert response.data["promotionPerformance"] == [
            {"date": "2024-01-15", "uniqueCustomers": None}
        ]

    def test_faults_of_ours_say_nothing_about_our_insides(self, caplog):
        fault = RuntimeError("password=hunter2")
        error = refused(f"{{{LIST}) {{ totalQty }}}}", Reader([ROW], fault=fault))
        assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
        assert "hunter2" not in str(error)
        assert "hunter2" in caplog.text

    def test_a_store_that_is_away_is_a_503(self):
        fault = StoreError("The report took longer than 30 seconds.")
        error = refused(f"{{{LIST}) {{ totalQty }}}}", Reader([ROW], fault=fault))
        assert error["extensions"]["problem"]["status"] == 503
        assert error["message"] == str(fault)

    @pytest.mark.parametrize(
        ("document", "words"),
        [
            ("{", "Syntax Error"),
            ("{ promotionPerformanc { date } }", "Did you mean 'promotionPerformance"),
            (f"{{ {LIST}) {{ totalAmuont }} }}", "Did you mean 'totalAmount'"),
            (f"{{ {LIST}, programid: 1) {{ date }} }}", "Did you mean 'programId'"),
            (
                f"{{ promotionPerformance({PERIOD}, groupBy: DAYS) {{ date }} }}",
                "Did you mean the enum value 'DAY'",
            ),
            (
                '{ promotionPerformance(dateFrom: "x", dateTo: "y", groupBy: DAY) '
                "{ date } }",
                "a day such as 2024-01-31",
            ),
            ("mutation { x }", "mutation"),
            ("", "Syntax Error"),
        ],
    )
    def test_a_faulty_document_is_told_with_its_place(self, document, words):
        response = answered(document)
        assert not response.is_executed
        assert "data" not in simplejson.loads(response.text())
        assert any(words in error["message"] for error in response.errors)
        for error in response.errors:
            assert error["extensions"]["problem"]["status"] == 400
            assert error["locations"]

    def test_faulty_variables_are_told(self):
        document = (
            "query Q($from: DateTime!) {promotionPerformance(dateFrom: $from, "
            'dateTo: "2024-01-01", groupBy: DAY) {date}}'
        )
        for value in (None, 5, "2024-02-30", "tomorrow", {"a": []}, "\ud800"):
            response = answered(document, variables={"from": value})
            [error] = response.errors
            assert "$from" in error["message"]
            assert response.text().encode()
            assert error["extensions"]["code"] == "BAD_USER_INPUT"
        response = answered(document, variables={"from": "2024-01-01"}, name="Z")
        assert "Unknown operation named 'Z'" in response.errors[0]["message"]


class TestReadyRows:
    """Rows made at once are those that the library makes field by field."""

    @pytest.mark.parametrize(
        "fields",
        [
            "programId programName date totalAmount conversionRate uniqueCustomers",
            "a: storeId b: storeId __typename ...F ... @skip(if: true) { channel }",
            "discountDepth hour",
            "date @include(if: false) @skip(if: true)",
        ],
    )
    def test_they_equal(self, fields, monkeypatch):
        document = f"{{{LIST}) {{ {fields} }}}}"
        if "...F" in fields:
            document += " fragment F on PromotionPerformance { storeName ...G }"
            document += " fragment G on PromotionPerformance { date storeName }"
        rows = [ROW, {**ROW, "store_id": None, "store_name": None}]
        quick = answered(document, Reader(rows))
        monkeypatch.setattr(Ready, "put", lambda self, info, row_type, found: found)
        slow = answered(document, Reader(rows))
        assert quick.errors == slow.errors == []
        assert quick.text() == slow.text()

    def test_the_library_alone_reads_the_same_schema(self):
        result = execute_sync(
            schema(), parse("{__typename}"), field_resolver=default_field_resolver
        )
        assert result.data == {"__typename": "Query"}

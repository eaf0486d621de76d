from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from grpc_world import COMPANY, PERFORMANCE, TRANSACTIONS, YEAR, Answer, asked, row

from core.api import rest
from core.api.grpc import loyalty_reporting_pb2 as pb2
from core.api.grpc import names, requests, responses
from core.errors import BadQuery
from core.queries import REPORTS
from core.queries.params import parameters, parse

Asked = pb2.PromotionsPerformanceRequest


def given(request, report=PERFORMANCE):
    return requests.given(report, request)


def answered(rows, report=PERFORMANCE, **values):
    query = parse(report, COMPANY, {**YEAR, **values})
    answer = Answer(
        rows, len(rows), "rollup", "postgresql", datetime(2018, 1, 2, tzinfo=UTC)
    )
    message = responses.response(query, answer)
    return type(message).FromString(message.SerializeToString())


def test_what_is_not_given_is_not_asked():
    assert given(asked()) == YEAR
    assert given(Asked()) == {}


def test_every_kind_of_field_becomes_the_text_of_rest():
    request = asked(
        group_by=Asked.GROUP_BY_MONTH,
        dimensions=[Asked.DIMENSIONS_CHANNEL, Asked.DIMENSIONS_PROGRAM],
        measures=[Asked.MEASURES_TOTAL_QTY],
        program_id=[1, -9223372036854775807],
        channel=["", "web"],
        page=2,
        company_id=0,
    )
    assert given(request) == {
        **YEAR,
        "group_by": "month",
        "dimensions": "channel,program",
        "measures": "total_qty",
        "program_id": "1,-9223372036854775807",
        "channel": ",web",
        "page": "2",
        "company_id": "0",
    }


def test_a_number_that_is_given_as_zero_is_given():
    assert given(asked(page=0))["page"] == "0"


def test_no_dimension_can_be_asked_for():
    query = parse(
        PERFORMANCE, COMPANY, given(asked(dimensions=[Asked.DIMENSIONS_NONE]))
    )
    assert query.dimensions == ()
    assert parse(PERFORMANCE, COMPANY, given(asked())).dimensions != ()


def test_every_choice_of_every_report_arrives_as_itself():
    for report in REPORTS.values():
        kind = getattr(pb2, names.request(report.slug))
        for parameter in parameters(report):
            for name, choice in names.enum_values(parameter).items():
                value = getattr(kind, name)
                request = kind(
                    **{parameter.name: [value] if parameter.is_list else value}
                )
                assert given(request, report) == {parameter.name: choice}


@pytest.mark.parametrize("number", [0, 999, -1])
def test_a_value_that_no_enum_has_is_named(number):
    request = asked()
    request.measures.append(number)
    with pytest.raises(BadQuery, match=f"measures {number} is none of") as error:
        given(request)
    assert error.value.parameter == "measures"


def test_a_field_of_a_newer_proto_is_refused_and_not_passed_by():
    newer = asked().SerializeToString() + b"\xc0\x3e\x01"  # field 1000: 1
    with pytest.raises(BadQuery, match="field number 1000"):
        given(Asked.FromString(newer))


def test_decimals_keep_all_their_digits():
    amounts = ["9223372036854.7758", "-0.01", "1E+3", "0E-10", "100.10"]
    rows = [row(total_amount=Decimal(text)) for text in amounts]
    found = [r.total_amount for r in answered(rows).rows]
    assert [Decimal(text) for text in found] == [Decimal(text) for text in amounts]
    assert found[-1] == "100.10"
    assert not any("E" in text for text in found)
    exact = "123456789012345678.123456789012345678"
    assert answered([row(total_amount=Decimal(exact))]).rows[0].total_amount == exact


def test_what_has_no_value_is_not_set_and_zero_is():
    [found] = answered(
        [row(program_name=None, total_transactions=0, conversion_rate=0.0)]
    ).rows
    assert not found.HasField("program_name")
    assert not found.HasField("store_name")
    assert found.HasField("total_transactions") and found.total_transactions == 0
    assert found.HasField("conversion_rate") and found.conversion_rate == 0


def test_counts_are_whole_and_ratios_the_same_doubles():
    [found] = answered([row(total_transactions=2**62, conversion_rate=0.1)]).rows
    assert (found.total_transactions, found.conversion_rate) == (2**62, 0.1)
    with pytest.raises(TypeError):
        answered([row(total_transactions=Decimal("1.5"))])


def test_instants_are_timestamps_to_the_microsecond():
    ledger = {
        "card_id": 1, "partner_id": None, "transaction_type": "earn",
        "transaction_date": "2024-01-15T10:30:00.000123Z",
        "points_amount": Decimal("100.00"), "balance_after": None, "origin": "é",
    }  # fmt: skip
    [found] = answered([ledger], TRANSACTIONS).rows
    assert found.transaction_date.ToJsonString() == "2024-01-15T10:30:00.000123Z"
    [found] = answered([row(hour="2017-01-01T05:00:00Z")], group_by="hour").rows
    assert found.hour.ToJsonString() == "2017-01-01T05:00:00Z"


def test_a_page_says_where_it_is_and_what_its_figures_are():
    message = answered([row()] * 3, page="2", per_page="2")
    page = message.pagination
    assert (page.page, page.per_page, page.total) == (2, 2, 3)
    assert not page.HasField("next_cursor")
    meta = message.meta
    assert meta.data_as_of.ToJsonString() == "2018-01-02T00:00:00Z"
    assert (meta.report, meta.group_by) == ("promotions/performance", "day")
    assert not message.HasField("totals")


def test_all_that_rest_tells_of_an_answer_is_told():
    query = parse(PERFORMANCE, COMPANY, YEAR)
    told = rest.meta(query, Answer([], 0))
    assert {*told} <= {*pb2.Meta.DESCRIPTOR.fields_by_name}


def test_totals_and_a_cursor_are_told_where_an_answer_has_them():
    query = parse(PERFORMANCE, COMPANY, YEAR)
    totals = {"total_amount": Decimal("7.10"), "hour": None}
    answer = Answer([row()], 1, totals=totals, next_cursor="after-1")
    message = responses.response(query, answer)
    assert message.totals.total_amount == "7.10"
    assert not message.totals.HasField("program_id")
    assert message.pagination.next_cursor == "after-1"


def test_the_catalogue_describes_every_report_as_the_proto_has_it():
    found = {r.slug: r for r in responses.catalogue(REPORTS.values()).reports}
    assert {*found} == {*REPORTS}
    service = pb2.DESCRIPTOR.services_by_name["Reports"].methods_by_name
    for slug, report in REPORTS.items():
        described = found[slug]
        assert not service[described.method].server_streaming
        assert service[described.stream_method].server_streaming
        fields = service[described.method].input_type.fields_by_name
        assert {p.name for p in described.parameters} | {"company_id"} == {*fields}
        columns = getattr(pb2, names.row(slug)).DESCRIPTOR.fields_by_name
        assert [c.name for c in described.columns] == [c.name for c in report.columns]
        assert {*columns} == {c.name for c in report.columns}


def test_a_column_that_the_proto_lacks_is_an_error_and_not_left_out():
    grown = replace(PERFORMANCE.measures[0], name="brand_new")
    query = parse(PERFORMANCE, COMPANY, YEAR)
    query = replace(query, measures=(*query.measures, grown))
    with pytest.raises(KeyError, match="brand_new"):
        responses.response(query, Answer([row(brand_new=1)], 1))


def test_what_is_told_in_parts_is_told_in_a_message_of_its_own():
    meta = pb2.Meta()
    period = {"date_from": "2016-01-01", "date_to": "2016-12-31"}
    responses._fill(meta, {"compared_with": period})
    assert meta.compared_with.date_from == "2016-01-01"


def test_behind_a_cursor_pages_have_no_numbers():
    query = parse(PERFORMANCE, COMPANY, YEAR)
    page = responses.response(query, Answer([row()], None)).pagination
    assert not page.HasField("page") and not page.HasField("total")
    assert page.per_page == 100

"""The OpenAPI document, held against what the code itself reads and refuses."""

import re

import jsonschema
import msgspec
import pytest
from event_samples import TYPES, encoded, envelope

from core.api import openapi
from core.errors import BadQuery
from core.events import types
from core.queries import REPORTS
from core.queries.base import Listing
from core.queries.parameters import parameters, sortable
from core.queries.params import parse
from core.records import Company

DOCUMENT = openapi.document(REPORTS.values())
COMPANY = Company(1, "America/New_York", "USD", 2)
PERIOD = {"date_from": "2024-01-01", "date_to": "2024-01-31"}


def parameters_of(report):
    operation = DOCUMENT["paths"][f"/api/v1/reports/{report.slug}"]["get"]
    return {p["name"]: p for p in operation["parameters"]}


def accepts(report, **asked):
    try:
        parse(report, COMPANY, {**PERIOD, **asked})
    except BadQuery:
        return False
    return True


def event_schema():
    content = DOCUMENT["paths"]["/api/v1/events"]["post"]["requestBody"]["content"]
    schema = content["application/cloudevents+json"]["schema"]
    return {**schema, "components": DOCUMENT["components"]}


@pytest.mark.parametrize("report", REPORTS.values(), ids=lambda report: report.slug)
class TestReports:
    def test_every_parameter_is_described(self, report):
        known = {parameter.name for parameter in parameters(report)}
        assert parameters_of(report).keys() >= known | {"company_id", "format"}

    def test_every_choice_is_accepted(self, report):
        for name, described in parameters_of(report).items():
            if name == "format":
                continue
            schema = described["schema"]
            for choice in schema.get("items", schema).get("enum", ()):
                if name != "compare":
                    assert accepts(report, **{name: choice}), (name, choice)

    def test_rows_are_ordered_by_what_is_said_and_by_nothing_else(self, report):
        shown = {}
        if not isinstance(report, Listing):
            shown = {
                "dimensions": ",".join(d.name for d in report.dimensions),
                # Of the others some dimension is refused; none of them can be ordered by.
                "measures": ",".join(m.name for m in report.measures if not m.not_by),
            }
        grain = {"group_by": "day", "compare": "previous_year"} if shown else {}
        columns = {column.name for column in report.columns} - {"hour"}
        schema = parameters_of(report)["sort"]["schema"]
        pattern = re.compile(schema.get("items", schema)["pattern"])
        for name in columns:
            is_named = name in sortable(report)
            assert bool(pattern.match(f"-{name}")) is is_named
            assert accepts(report, **shown, **grain, sort=f"-{name}") is is_named, name


class TestEvents:
    @pytest.mark.parametrize("kind", TYPES)
    def test_an_event_that_is_read_is_one_of_those_described(self, kind):
        sent = encoded(envelope(kind))
        msgspec.json.decode(sent, type=types.AnyEvent)
        jsonschema.validate(msgspec.json.decode(sent), event_schema())

    def test_an_event_that_is_not_read_is_none_of_them(self):
        sent = envelope("program")
        del sent["data"]["version"]
        with pytest.raises(msgspec.ValidationError):
            msgspec.json.decode(encoded(sent), type=types.AnyEvent)
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(sent, event_schema())

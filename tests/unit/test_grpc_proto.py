import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.api.grpc import names
from core.queries import REPORTS
from core.queries.base import Measure, Unit
from core.queries.params import parameters
from dev import buf
from dev.paths import locate
from dev.proto import files as made
from dev.proto.numbering import Numbers, of_fields, of_values
from dev.proto.schema import Enum, Field, Message, schema
from dev.proto.text import text

ROOT = Path(__file__).parents[2]
REPORT = REPORTS["promotions/performance"]
ROW = names.row(REPORT.slug)
MORE = Measure("brand_new", "New", "What is new.", Unit.COUNT, of="brand_new")
GROWN = replace(REPORT, measures=(MORE, *REPORT.measures))


def descriptor_of(proto, tmp_path):
    path = tmp_path / made.NAME
    path.write_text(proto, encoding="utf-8")
    return made.descriptor(path)


def numbers_in(descriptor):
    """Return {message.field or message.enum.value: number} of a file."""
    found = {}
    for message in descriptor.message_type:
        for field in message.field:
            found[f"{message.name}.{field.name}"] = field.number
        for enum in message.enum_type:
            for value in enum.value:
                found[f"{message.name}.{value.name}"] = value.number
    return found


@pytest.fixture
def lock():
    return made.descriptor(made.PROTO)


def remade(report, lock):
    """Return the .proto of the registry with one report replaced."""
    return text(schema({**REPORTS, report.slug: report}.values()), lock)


def test_the_committed_files_are_those_of_the_registry():
    for name, content in made.files().items():
        present = (made.FOLDER / name).read_text(encoding="utf-8")
        assert present == content, f"{name} is stale: run make proto"


def test_numbers_stay_when_the_registry_grows(lock, tmp_path):
    grown = descriptor_of(remade(GROWN, lock), tmp_path)
    before, after = numbers_in(lock), numbers_in(grown)
    assert {name: after[name] for name in before} == before
    last = max(f.number for m in lock.message_type if m.name == ROW for f in m.field)
    assert after[f"{ROW}.brand_new"] == last + 1
    request = names.request(REPORT.slug)
    assert f"{request}.MEASURES_BRAND_NEW" in after.keys() - before.keys()


def test_without_the_lock_the_same_growth_would_move_numbers(lock, tmp_path):
    grown = descriptor_of(text(schema([GROWN]), type(lock)()), tmp_path)
    before, after = numbers_in(lock), numbers_in(grown)
    assert after[f"{ROW}.total_transactions"] != before[f"{ROW}.total_transactions"]


def test_a_new_report_adds_messages_and_methods_and_changes_none(lock, tmp_path):
    other = replace(REPORT, slug="promotions/other")
    proto = text(schema([*REPORTS.values(), other]), lock)
    grown = descriptor_of(proto, tmp_path)
    before, after = numbers_in(lock), numbers_in(grown)
    assert {name: after[name] for name in before} == before
    methods = {m.name for m in grown.service[0].method}
    assert {"PromotionsOther", "StreamPromotionsOther"} <= methods


def test_what_is_taken_away_stays_in_reserve(lock, tmp_path):
    first, *others = REPORT.measures
    gone = numbers_in(lock)[f"{ROW}.{first.name}"]
    proto = remade(replace(REPORT, measures=tuple(others)), lock)
    smaller = descriptor_of(proto, tmp_path)
    [row] = [m for m in smaller.message_type if m.name == ROW]
    assert first.name in row.reserved_name
    assert gone in [r.start for r in row.reserved_range]
    grown = descriptor_of(
        remade(replace(GROWN, measures=(MORE, *others)), smaller), tmp_path
    )
    assert gone not in [
        number for name, number in numbers_in(grown).items() if name.startswith(ROW)
    ]
    with pytest.raises(ValueError, match=f"{first.name.upper()}: was taken away once"):
        remade(REPORT, grown)


def test_reserved_numbers_of_enums_are_inclusive(lock, tmp_path):
    first, *others = REPORT.measures
    proto = remade(replace(REPORT, measures=tuple(others)), lock)
    [request] = [
        m
        for m in descriptor_of(proto, tmp_path).message_type
        if m.name == names.request(REPORT.slug)
    ]
    [enum] = [e for e in request.enum_type if e.name == "Measures"]
    value = f"MEASURES_{first.name.upper()}"
    kept = of_values(Enum("Measures", tuple(v.name for v in enum.value)), enum)
    assert kept.reserved_names == (value,)
    assert kept.reserved == (numbers_in(lock)[f"{request.name}.{value}"],)


def test_a_type_that_changes_is_refused(lock):
    [qty] = [m for m in REPORT.measures if m.unit is Unit.QUANTITY]
    changed = tuple(
        replace(m, unit=Unit.COUNT) if m is qty else m for m in REPORT.measures
    )
    with pytest.raises(ValueError, match=f"{qty.name} is optional string and would"):
        remade(replace(REPORT, measures=changed), lock)


def test_a_report_that_vanishes_is_refused(lock):
    kept = [report for slug, report in REPORTS.items() if slug != REPORT.slug]
    with pytest.raises(ValueError, match="PromotionsPerformance"):
        text(schema(kept), lock)


def test_a_first_message_is_numbered_from_one_and_an_enum_from_zero():
    message = Message("M", "", (Field("a", "string"), Field("b", "string")))
    assert of_fields(message, None) == Numbers({"a": 1, "b": 2})
    assert of_values(Enum("E", ("NONE", "ONE")), None).of == {"NONE": 0, "ONE": 1}


def test_every_choice_has_a_name_of_its_own():
    for report in REPORTS.values():
        for asked in parameters(report):
            values = names.enum_values(asked)
            expected = {*asked.choices}
            if asked.name == "dimensions":
                expected.add("")
            assert {*values.values()} == expected


def test_downwards_is_told_from_upwards():
    [asked] = [p for p in parameters(REPORT) if p.name == "group_by"]
    asked = replace(asked, name="sort", choices=("amount", "-amount"))
    assert names.enum_values(asked) == {
        "SORT_AMOUNT": "amount",
        "SORT_AMOUNT_DESC": "-amount",
    }


def test_two_things_of_one_name_are_refused():
    twice = replace(REPORT, dimensions=(*REPORT.dimensions, REPORT.dimensions[0]))
    with pytest.raises(ValueError, match="Declared twice"):
        schema([twice])


def test_amounts_are_texts_counts_whole_and_days_texts():
    [row] = [m for m in schema([REPORT]).messages if m.name == ROW]
    types = {field.name: field.type for field in row.fields}
    for measure in REPORT.measures:
        expected = {Unit.COUNT: "int64", Unit.RATIO: "double"}
        assert types[measure.name] == expected.get(measure.unit, "string")
    assert types["date"] == "string"
    assert types["hour"] == "google.protobuf.Timestamp"


# What each change does to clients, as the released file would see it.
BREAKING = {
    "another number": (" total_qty = 10;", " total_qty = 99;"),
    "another type": ("optional string total_qty", "optional int64 total_qty"),
    "another name": (" total_qty = 10;", " quantity = 10;"),
    "a method is gone": ("  rpc Catalogue(CatalogueRequest) returns (CatalogueResponse);", ""),
    "another service": ("service Reports", "service Answers"),
    "a value is gone": ("    GROUP_BY_HOUR = 1;\n", ""),
    "no presence": ("optional string total_qty", "string total_qty"),
}  # fmt: skip


@pytest.mark.skipif(not buf.is_at_hand(), reason="buf comes with npm")
def test_clients_of_the_released_proto_go_on_working():
    released, now = (p.read_text("utf-8") for p in (made.RELEASED, made.PROTO))
    assert buf.breaking(locate(), released, now) == []


@pytest.mark.skipif(not buf.is_at_hand(), reason="buf comes with npm")
@pytest.mark.parametrize("change", BREAKING)
def test_a_change_that_breaks_clients_is_noticed(change):
    released = made.RELEASED.read_text("utf-8")
    before, after = BREAKING[change]
    assert before in released
    assert buf.breaking(locate(), released, released.replace(before, after))


TWICE = """
import sys, types
odoo, addons, ours = (types.ModuleType(n) for n in (
    "odoo", "odoo.addons", "odoo.addons.loyalty_reporting"))
odoo.__path__, addons.__path__, ours.__path__ = [], [], ["."]
sys.modules.update({m.__name__: m for m in (odoo, addons, ours)})
from core.api.grpc import loyalty_reporting_pb2 as one, loyalty_reporting_pb2_grpc
from odoo.addons.loyalty_reporting.core.api.grpc import (
    loyalty_reporting_pb2 as other, loyalty_reporting_pb2_grpc as of_other)
assert one is not other and hasattr(of_other, "ReportsStub")
row = one.PromotionsPerformanceRow(total_amount="1.10")
again = other.PromotionsPerformanceRow.FromString(row.SerializeToString())
assert again.total_amount == "1.10"
print("both")
"""


def test_the_modules_import_under_both_of_their_names_in_one_process():
    done = subprocess.run(
        [sys.executable, "-c", TWICE],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stdout == "both\n", done.stderr

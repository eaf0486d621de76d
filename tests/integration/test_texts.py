"""Texts that try to be something else, and bytes that are no text."""

import databases
import pytest
from engine_world import Engine, make_schema
from pipeline import contents, synced

from core.sources import SOURCES
from core.sources.contract import default_queries

HOSTILE = [
    "it's",
    'say "no"',
    "\\N",
    "\\.",
    "\\",
    "back\\slash\\t",
    "a\tb",
    "a\nb",
    "a\r\nb",
    "\x01\x7f",
    "\\x00",
    "%s %(key)s %%",
    "{columns} {0}",
    "'; DROP TABLE fact_document; --",
    "$$; SELECT 1; $$",
    "NULL",
    "null",
    "😀 naïve \uff21\uff22 \u202e",
    "\N{REPLACEMENT CHARACTER}",
    " spaces ",
    "=cmd|' /C calc'!A0",
    "{}",
    '{"a,b"}',
    "A1,A2",
    "é" * 400,
]
BROKEN_COLUMNS = {  # name: (table, column, rows, lines that are lost)
    "channel": ("processed_order", "channel", "id ~ '-1'", 2),
    "order": ("processed_order", "id", "id ~ '-1'", 2),
    "order of a line": ("order_promotion_line", "order_id", "id = 10000000", 1),
    "reason": ("promotion_evaluation", "reason", "order_id ~ '-1'", 0),
    "basket": ("promotion_evaluation", "order_id", "order_id ~ 'basket'", 0),
    "program": ("program", "name", "id = 1", 0),
}
CONTROL = "SELECT count(*) FROM loyalty_reporting_dead_letter WHERE state = 'open'"


def write_hostile(engine, number=0):
    """An order, a line and evaluations for each text, which is in every text column."""
    for text in HOSTILE:
        number += 1
        engine.order(text, "2017-03-11 10:00Z", channel=text, lines=0)
        engine.line(text, program_id=number + 100)
        engine.evaluation(text, "rejected", reason=text, program_id=number + 100)
        engine.evaluation(f"basket {text}", reason=text, program_id=number + 100)
        engine.run(
            "INSERT INTO engine.program (id, name, program_type) VALUES (%s, %s, %s)",
            [number + 100, text, text],
        )


@pytest.mark.parametrize("first", [True, False], ids=["first load", "window"])
def test_hostile_texts_arrive_as_they_are(
    first, shop, report, assert_same_as_from_scratch
):
    if not first:
        synced(shop.dsn, report)
    write_hostile(shop)
    synced(shop.dsn, report, chunk_documents=10)
    found = databases.rows(
        report,
        "SELECT d.order_id, d.channel, d.program_name, d.program_type, e.reason"
        " FROM promotion_report_detail d JOIN promotion_evaluation_data e"
        " USING (order_key) WHERE d.program_id > 100",
    )
    assert sorted(found) == sorted((text,) * 5 for text in HOSTILE)
    assert databases.value(report, CONTROL) == 0
    assert_same_as_from_scratch(report, shop.dsn)


def test_documents_with_hostile_keys_are_followed_and_removed(
    shop, report, assert_same_as_from_scratch
):
    write_hostile(shop)
    synced(shop.dsn, report)
    shop.run("UPDATE engine.order_promotion_line SET amount = 5 WHERE program_id > 100")
    counts = synced(shop.dsn, report, chunk_documents=10)
    assert counts.documents_changed == len(HOSTILE)
    assert_same_as_from_scratch(report, shop.dsn)
    databases.execute(report, "DELETE FROM loyalty_reporting_cursor")
    assert synced(shop.dsn, report, chunk_documents=4).documents_changed == 0
    shop.run("DELETE FROM engine.processed_order WHERE id !~ '^A[0-9]$'")
    shop.run("DELETE FROM engine.order_promotion_line WHERE program_id > 100")
    shop.run("DELETE FROM engine.promotion_evaluation WHERE program_id > 100")
    synced(shop.dsn, report, chunk_documents=10)
    after = assert_same_as_from_scratch(report, shop.dsn)
    assert not set(HOSTILE) & {row[2] for row in after["documents"]}


@pytest.mark.parametrize("kind", ["char(30)", "varchar(900)", "name"])
def test_keys_of_other_text_types_are_keys_all_the_same(
    kind, shop, report, assert_same_as_from_scratch
):
    synced(shop.dsn, report)
    for table, key in (
        ("processed_order", "id"),
        ("order_promotion_line", "order_id"),
        ("promotion_evaluation", "order_id"),
    ):
        shop.run(f"DROP TRIGGER note_moved ON engine.{table}")
        shop.run(f"ALTER TABLE engine.{table} ALTER {key} TYPE {kind}")
    shop.run("ALTER TABLE engine.processed_order ALTER currency TYPE char(3)")
    shop.run("UPDATE engine.processed_order SET store_id = 9")
    assert synced(shop.dsn, report, chunk_documents=2).documents_changed == 7
    assert_same_as_from_scratch(report, shop.dsn)
    databases.execute(report, "DELETE FROM loyalty_reporting_cursor")
    assert synced(shop.dsn, report, chunk_documents=2).documents_changed == 0


def test_a_percent_sign_in_an_extraction_query_is_no_parameter(shop, report):
    queries = default_queries()
    queries = {
        k: f"SELECT * FROM ({q}) q WHERE '%s' LIKE '%%'" for k, q in queries.items()
    }
    assert synced(shop.dsn, report, queries=queries).documents_changed == 19
    shop.run("UPDATE engine.processed_order SET store_id = 9")
    shop.delete("promotion_evaluation", 10000012)
    assert synced(shop.dsn, report, queries=queries).documents_changed == 7
    source = SOURCES["engine_pg"](shop.dsn, queries=queries)
    assert source.check() == []
    assert len(source.preview("program", 2)[1]) == 2


class TestAServerThatChecksNothing:
    """A database in SQL_ASCII hands out whatever bytes were put in."""

    BROKEN = "E'caf\\xe9'"

    @pytest.fixture
    def ascii(self):
        options = "ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
        with databases.database(databases.ENGINE, options=options) as dsn:
            make_schema(dsn)
            engine = Engine(dsn)
            for number in range(4):
                engine.order(f"é-{number} 😀", f"2017-03-1{number} 10:00Z", lines=2)
                engine.evaluation(f"é-{number} 😀", reason="naïve")
            engine.evaluation("basket ü", reason="naïve")
            yield engine

    def set(self, engine, table, column, where):
        engine.run(f"UPDATE engine.{table} SET {column} = {self.BROKEN} WHERE {where}")

    def test_valid_texts_arrive(self, ascii, report, assert_same_as_from_scratch):
        synced(ascii.dsn, report)
        found = assert_same_as_from_scratch(report, ascii.dsn)
        assert "é-0 😀" in {row[0] for row in found["detail"]}
        assert "basket ü" in {row[0] for row in found["evaluations"]}
        ascii.delete("processed_order", "é-1 😀")
        ascii.run("DELETE FROM engine.order_promotion_line WHERE order_id ~ '-[12] '")
        synced(ascii.dsn, report)
        found = assert_same_as_from_scratch(report, ascii.dsn)
        assert {row[0] for row in found["detail"]} == {"é-0 😀", "é-3 😀"}

    @pytest.mark.parametrize("what", BROKEN_COLUMNS)
    @pytest.mark.parametrize("way", ["first load", "window", "comparison"])
    def test_broken_bytes_are_refused_and_the_rest_is_loaded(
        self, what, way, ascii, report, assert_same_as_from_scratch
    ):
        table, column, where, lost_lines = BROKEN_COLUMNS[what]
        if way != "first load":
            synced(ascii.dsn, report)
        if way == "comparison":
            databases.execute(report, "DELETE FROM loyalty_reporting_cursor")
        self.set(ascii, table, column, where)
        counts = synced(ascii.dsn, report, chunk_documents=2)
        assert counts.rows_rejected > 0
        # A program whose new name is broken keeps the name that it had.
        known = table == "program" and way != "first load"
        found = contents(report)
        if not known:
            assert_same_as_from_scratch(report, ascii.dsn)
        reasons = {(row[1], row[4]) for row in found["dead letters"]}
        assert (table, "is not valid UTF-8") in reasons
        assert len(found["detail"]) == 8 - lost_lines
        raw = databases.rows(
            report,
            "SELECT raw FROM loyalty_reporting_dead_letter"
            " WHERE reason = 'is not valid UTF-8' AND state = 'open'",
        )
        assert all(r"caf\xe9" in text for (text,) in raw)

    def test_corrected_bytes_are_loaded(
        self, ascii, report, assert_same_as_from_scratch
    ):
        self.set(ascii, "processed_order", "id", "id ~ '-1'")
        self.set(ascii, "processed_order", "channel", "id ~ '-2'")
        self.set(ascii, "promotion_evaluation", "reason", "order_id ~ '-3'")
        synced(ascii.dsn, report)
        assert databases.value(report, CONTROL) > 0
        ascii.run("UPDATE engine.processed_order SET id = 'é-1 😀' WHERE id !~ '-'")
        ascii.run("UPDATE engine.processed_order SET channel = 'pos'")
        ascii.run("UPDATE engine.promotion_evaluation SET reason = NULL")
        synced(ascii.dsn, report)
        assert databases.value(report, CONTROL) == 0
        assert_same_as_from_scratch(report, ascii.dsn)

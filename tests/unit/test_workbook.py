"""The workbook of an answer: its cells, its sheets, and texts that mean harm."""

import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from core.errors import BadQuery
from core.exports import workbook
from core.exports.edition import Edition, day_format, time_format
from core.exports.workbook import cells
from core.queries import REPORTS
from core.queries.params import parse
from core.queries.query import Answer
from core.records import Company

COMPANY = Company(1, "America/New_York", "USD", 2)
PROMOTIONS, LEDGER = "promotions/performance", "points/transactions"
PERIOD = {"date_from": "2024-01-01", "date_to": "2024-12-31"}
NASTY = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "http://example.com",
    "1234",
    "é 🎁 مرحبا עברית",
    "a<b>&\"c'",
    " spaces ",
    "two\nlines\tand a tab",
    "carriage\rreturn",
    "bell\a and escape\x1b",
    "_x0041_ as written",
    "\ufffe",
)
NOTICE = "There are no rows in this period with these restrictions."


def question(slug=PROMOTIONS, company=COMPANY, **given):
    return parse(REPORTS[slug], company, {**PERIOD, **given})


def row(**more):
    """A row of the promotions' report."""
    values = {
        "program_id": 7,
        "program_name": "Spring",
        "date": "2024-03-01",
        "total_transactions": 3,
        "total_amount": Decimal("1234.50"),
        "total_discount": Decimal("-0.05"),
        "avg_transaction_value": Decimal("411.50"),
        "conversion_rate": 1 / 3,
    }
    return values | more


def booked(instant, **more):
    """A row of the ledger."""
    values = {
        "card_id": 1,
        "partner_id": None,
        "transaction_date": instant,
        "transaction_type": "earn",
        "points_amount": Decimal("1.00"),
        "balance_after": None,
        "origin": None,
    }
    return values | more


def written(query, rows, edition=None, **answered):
    """The bytes of a workbook."""
    file = io.BytesIO()
    known = {"total": None, "tier": "day", "store": "postgresql"} | answered
    workbook.write(file, query, Answer(rows, **known), edition)
    return file.getvalue()


def book_of(*args, **options):
    return load_workbook(io.BytesIO(written(*args, **options)))


def values_of(sheet):
    return [[*line] for line in sheet.iter_rows(values_only=True)]


def texts_of(sheet):
    return [v for line in values_of(sheet) for v in line if isinstance(v, str)]


def xml_of(content, path):
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        return package.read(path).decode()


class TestCells:
    def test_they_hold_what_the_answer_has(self):
        rows = [row(), row(program_name="Autumn", conversion_rate=0.0)]
        sheet = book_of(question(), rows)["Data"]
        assert values_of(sheet)[1:] == [
            [7, "Spring", datetime(2024, 3, 1), 3, 1234.5, -0.05, 411.5, 1 / 3],
            [7, "Autumn", datetime(2024, 3, 1), 3, 1234.5, -0.05, 411.5, 0],
        ]

    def test_a_number_has_all_digits_of_the_answer_even_where_a_double_has_none(self):
        exact = "12345678901234567.89"
        content = written(question(), [row(total_amount=Decimal(exact))])
        assert f"<v>{exact}</v>" in xml_of(content, "xl/worksheets/sheet2.xml")

    def test_whole_numbers_beyond_a_double_are_texts(self):
        sheet = book_of(question(), [row(program_id=2**60)])["Data"]
        assert sheet["A2"].value == str(2**60)

    def test_what_is_empty_has_no_cell(self):
        sheet = book_of(question(LEDGER), [booked("2024-07-01T00:00:00Z")])["Data"]
        assert sheet["B2"].value is None

    @pytest.mark.parametrize("text", NASTY)
    def test_texts_stay_texts_and_lose_nothing(self, text):
        sheet = book_of(question(), [row(program_name=text)])["Data"]
        cell = sheet["B2"]
        assert (cell.data_type, cell.hyperlink) == ("s", None)
        assert unescaped(cell.value) == text

    def test_a_text_that_no_cell_has_room_for_is_cut_and_that_is_said(self):
        long = "😀" * 20_000
        content = [row(program_name=long), row(program_name="x" * 32_767)]
        sheet = book_of(question(), content)["Data"]
        assert sheet["B2"].value == "😀" * 16_383 + "…"
        assert sheet["B3"].value == "x" * 32_767
        assert any(text.startswith("1 texts are cut") for text in texts_of(sheet))

    @pytest.mark.parametrize(
        ("instant", "clock"),
        [
            ("2024-07-01T12:30:15Z", datetime(2024, 7, 1, 8, 30, 15)),
            ("2024-01-01T12:30:15.250000Z", datetime(2024, 1, 1, 7, 30, 15, 250_000)),
            ("2024-03-10T06:59:59Z", datetime(2024, 3, 10, 1, 59, 59)),
            ("2024-03-10T07:00:00Z", datetime(2024, 3, 10, 3)),
            ("2024-11-03T06:30:00Z", datetime(2024, 11, 3, 1, 30)),
        ],
    )
    def test_instants_are_shown_by_the_company_s_clock(self, instant, clock):
        sheet = book_of(question(LEDGER), [booked(instant)])["Data"]
        assert sheet["C1"].value == "Instant (America/New_York)"
        assert sheet["C2"].value == clock

    def test_a_clock_that_is_set_within_an_hour_is_followed(self):
        island = Company(1, "Australia/Lord_Howe", "AUD")
        rows = [booked("2024-04-06T14:59:00Z"), booked("2024-04-06T15:00:00Z")]
        sheet = book_of(question(LEDGER, island), rows)["Data"]
        assert sheet["C2"].value == datetime(2024, 4, 7, 1, 59)
        assert sheet["C3"].value == datetime(2024, 4, 7, 1, 30)

    def test_days_before_excel_counts_are_texts(self):
        sheet = book_of(question(), [row(date="1899-12-31")])["Data"]
        assert sheet["C2"].value == "1899-12-31"

    @pytest.mark.parametrize(
        ("digits", "shown"), [(0, "#,##0"), (2, "#,##0.00"), (3, "#,##0.000")]
    )
    def test_money_has_the_decimals_of_its_currency(self, digits, shown):
        query = question(company=Company(1, "UTC", "XXX", digits))
        sheet = book_of(query, [row()])["Data"]
        assert sheet["E2"].number_format == shown
        assert sheet["H2"].number_format == "0.0%"

    def test_days_are_shown_as_the_reader_s_language_writes_them(self):
        edition = Edition(day=day_format("%d/%m/%Y"), time=time_format("%H.%M"))
        sheet = book_of(question(), [row()], edition)["Data"]
        assert sheet["C2"].number_format == "dd/mm/yyyy"

    @pytest.mark.parametrize(
        ("pattern", "shown"),
        [
            ("%m/%d/%Y", "mm/dd/yyyy"),
            ("%d.%m.%y", "dd.mm.yy"),
            ("%Y年%m月%d日", 'yyyy"年"mm"月"dd"日"'),
            ("%-d %B %Y", "d mmmm yyyy"),
            ("%j of %Y", "yyyy-mm-dd"),
            ("", "yyyy-mm-dd"),
        ],
    )
    def test_patterns_of_days_become_number_formats(self, pattern, shown):
        assert day_format(pattern) == shown


def unescaped(text):
    """What Excel shows of a text; openpyxl leaves some of that to its caller."""
    return json.loads(
        json.dumps(text)
        .replace("_x005F_", "\\u005f")
        .replace("_x0007_", "\\u0007")
        .replace("_x001B_", "\\u001b")
        .replace("_x000D_", "\\r")
        .replace("_xFFFE_", "\\ufffe")
    )


class TestSheets:
    def test_rows_have_a_head_that_stays_in_sight_and_can_be_filtered(self):
        sheet = book_of(question(), [row(), row()])["Data"]
        assert sheet.freeze_panes == "D2"
        assert sheet.auto_filter.ref == "A1:H3"
        assert sheet.dimensions.startswith("A1:H")

    def test_the_summary_says_what_was_asked(self):
        query = question(program_id="7", channel="web,", compare="previous_year")
        edition = Edition(
            company="Ävon 🎁",
            author="Dewi",
            made_at=datetime(2024, 7, 1, 12, tzinfo=UTC),
            names={"program_id": {7: "Spring"}},
        )
        as_of = datetime(2024, 7, 1, 11, 58)
        sheet = book_of(query, [row_compared()], edition, as_of=as_of)["Summary"]
        found = {line[0]: line[1] for line in values_of(sheet) if line[1] is not None}
        assert sheet["A1"].value == "Promotion performance"
        assert sheet["A2"].value == "Ävon 🎁   2024-01-01 – 2024-12-31"
        assert found["First day"] == datetime(2024, 1, 1)
        assert found["Compared to"] == datetime(2023, 12, 31)
        assert found["A row for each"] == "Day"
        assert found["Program"] == "Spring (7)"
        assert found["Channel"] == "web, (none)"
        assert found["Rows"] == 1
        assert found["Time zone"] == "America/New_York"
        assert found["Currency"] == "USD"
        assert found["Data as of (America/New_York)"] == datetime(2024, 7, 1, 7, 58)
        assert found["Made at (America/New_York)"] == datetime(2024, 7, 1, 8)
        assert found["Read from"] == "PostgreSQL, table “day”"
        assert found["Made by"] == "Dewi"

    def test_totals_are_the_answer_s_own_and_no_formulas(self):
        totals = {n: v for n, v in row().items() if n in measures()}
        totals["total_transactions"] = 2  # distinct: less than the rows add up to
        book = book_of(question(), [row(), row()], totals=totals)
        assert values_of(book["Data"])[4] == [
            "Total", None, None, 2, 1234.5, -0.05, 411.5, 1 / 3,
        ]  # fmt: skip
        found = {line[0]: line[1] for line in values_of(book["Summary"])}
        assert found["Transactions"] == 2
        assert found["Conversion"] == 1 / 3
        cells_of = (c for sheet in book for line in sheet.iter_rows() for c in line)
        assert not [c for c in cells_of if c.data_type == "f"]

    def test_a_change_is_a_part_of_what_was_before_and_of_shares_a_difference(self):
        now = {n: v for n, v in row().items() if n in measures()}
        before = {f"previous_{n}": v for n, v in now.items()}
        before |= {"previous_total_amount": Decimal(2469), "previous_total_discount": 0}
        before |= {"previous_conversion_rate": 0.25}
        query = question(compare="previous_period")
        totals = {**now, **before}
        sheet = book_of(query, [row_compared()], totals=totals)["Summary"]
        found = {line[0]: line[3] for line in values_of(sheet)}
        assert found["Amount"] == -0.5
        assert found["Transactions"] == 0
        assert found["Discount"] is None
        assert found["Conversion"] == pytest.approx(100 / 12)

    def test_sections_have_rows_totals_and_a_chart_over_their_cells(self):
        query = question(group_by="month")
        totals = {n: v for n, v in row().items() if n in measures()}
        beside = tuple(
            Answer(rows_for(asked, 12), 12, "day", "postgresql")
            for asked in workbook.questions(query)
        )
        content = written(query, [row()], totals=totals, beside=beside)
        book = load_workbook(io.BytesIO(content))
        assert book.sheetnames == [
            "Summary", "Data", "Over time", "By program", "By program type",
            "By store", "Definitions",
        ]  # fmt: skip
        sheet = book["By program"]
        assert [cell.value for cell in sheet[1]][:3] == [
            "Program id", "Program", "Transactions",
        ]  # fmt: skip
        assert sheet["D2"].value == 1234.5
        assert values_of(sheet)[-1][:4] == ["Total", None, 3, 1234.5]
        lines, bars = (xml_of(content, f"xl/charts/chart{n}.xml") for n in (1, 2))
        assert "<c:f>'Over time'!$C$2:$C$13</c:f>" in lines
        assert "<c:f>'By program'!$D$2:$D$11</c:f>" in bars
        assert "<c:f>'By program'!$B$2:$B$11</c:f>" in bars

    def test_a_section_that_repeats_the_rows_is_left_out(self):
        whole = workbook.questions(question(group_by="period"))
        assert len(whole) == len(workbook.questions(question())) - 1

    def test_what_cannot_be_told_apart_by_a_section_is_not_in_it(self):
        query = question("points/activity", measures="balance,points_earned")
        measures = [
            [m.name for m in asked.measures] for asked in workbook.questions(query)
        ]
        assert measures == [["balance", "points_earned"]] * 2 + [["points_earned"]]
        query = question("points/activity", measures="balance")
        assert len(workbook.questions(query)) == 2

    def test_definitions_are_those_of_the_registry(self):
        query = question(compare="previous_year", measures="conversion_rate")
        lines = values_of(book_of(query, [])["Definitions"])
        for column, (label, meaning, *_adds) in zip(
            query.columns, lines[1:], strict=False
        ):
            assert meaning.startswith(column.definition[:20])
            assert label == column.label

    def test_an_empty_period_says_so(self):
        book = book_of(question(), [])
        assert NOTICE in texts_of(book["Data"])
        assert NOTICE in texts_of(book["Summary"])

    def test_every_text_of_ours_is_translated(self):
        query = question(compare="previous_period")
        totals = {c.name: 1 for c in query.shown_measures}
        beside = tuple(
            Answer(rows_for(asked, 2), 2, "day", "postgresql")
            for asked in workbook.questions(query)
        )
        answered = {"totals": totals, "beside": beside}
        edition = Edition(translate=lambda text: f"«{text}", author="Dewi")
        book = book_of(query, [], edition, **answered)
        data = {"America/New_York", "USD", "Dewi", "Spring", "x"}
        for sheet in book:
            assert sheet.title.startswith("«")
            foreign = [t for t in texts_of(sheet) if t and "«" not in t]
            assert [t for t in foreign if " – " not in t and t not in data] == []

    def test_a_language_from_right_to_left_turns_the_sheets(self):
        book = book_of(question(), [], Edition(is_rtl=True))
        assert all(sheet.sheet_view.rightToLeft for sheet in book)


class TestSize:
    def test_more_rows_than_a_sheet_has_are_refused_before_the_first_is_read(self):
        def rows():
            raise AssertionError("read")
            yield

        with pytest.raises(BadQuery, match="shorter period"):
            written(question(), rows(), total=cells.MAX_ROWS + 1)

    def test_more_rows_than_were_counted_are_refused_too(self, monkeypatch):
        monkeypatch.setattr("core.exports.workbook.book.MAX_ROWS", 2)
        with pytest.raises(BadQuery, match="shorter period"):
            written(question(), (row() for _ in range(3)))

    def test_the_rows_are_written_while_they_are_read(self):
        class File(io.BytesIO):
            most = 0

            def write(self, data):
                File.most = max(File.most, len(data))
                return super().write(data)

        def rows():
            for number in range(100_000):
                yield row(program_name=f"Program {number * 7919 % 100_003}")

        answer = Answer(rows(), 100_000, "day", "postgresql")
        workbook.write(File(), question(), answer)
        assert File.most < 2**20


def measures():
    return {measure.name for measure in question().measures}


def row_compared():
    return row() | {f"previous_{name}": row()[name] for name in measures()}


def rows_for(asked, count):
    """Rows for a question of a section."""
    known = row() | {"program_type": "x", "store_id": 1, "store_name": "Spring"}
    known |= {f"previous_{name}": known[name] for name in measures()}
    return [
        {c.name: known[c.name] for c in asked.columns} | _day(asked, number)
        for number in range(count)
    ]


def _day(asked, number):
    is_dated = any(column.name == "date" for column in asked.columns)
    return {"date": str(date(2024, number + 1, 1))} if is_dated else {}

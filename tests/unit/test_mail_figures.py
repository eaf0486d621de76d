"""What a mail says of a report: figures as the reader writes them, and a picture."""

import io
from datetime import date, timedelta
from decimal import Decimal

import pytest
from babel import Locale
from PIL import Image

from core.exports import figures, picture
from core.exports.edition import Edition
from core.exports.sections import SECTIONS, pictured
from core.queries import REPORTS
from core.queries.params import parse
from core.queries.query import Answer
from core.records import Company

COMPANY = Company(1, "America/New_York", "USD", 2)
FEBRUARY = {"date_from": "2024-02-01", "date_to": "2024-02-29"}
PROMOTIONS, LEDGER = "promotions/performance", "points/transactions"
INDONESIAN = Edition(locale=Locale.parse("id_ID"))


def question(slug=PROMOTIONS, company=COMPANY, **given):
    return parse(REPORTS[slug], company, {**FEBRUARY, **given})


def answer(rows=(), totals=None):
    return Answer([*rows], len(rows), "day", "postgresql", totals=totals)


def shown(totals, edition=None, company=COMPANY, **given):
    """{label: (value, before, change)} of the figures of a question."""
    query = question(company=company, **given)
    found = figures.figures(
        query, (answer(), answer(totals=totals)), edition or Edition()
    )
    return {f.label: (f.value, f.before, f.change) for f in found}


def sales(days, amount=lambda day: 100 + day):
    begin = date(2024, 2, 1)
    return [
        {
            "date": str(begin + timedelta(days=day)),
            "total_amount": Decimal(amount(day)),
            "previous_total_amount": Decimal(50),
        }
        for day in range(days)
    ]


def test_money_is_exact_and_written_as_the_reader_does():
    totals = {
        "total_amount": Decimal("12345678901234567.89"),
        "previous_total_amount": Decimal("24691357802469135.78"),
    }
    given = {"measures": "total_amount"}
    nbsp = "\N{NO-BREAK SPACE}"
    assert shown(totals, **given) == {
        "Amount": (
            f"12,345,678,901,234,567.89{nbsp}USD",
            f"24,691,357,802,469,135.78{nbsp}USD",
            "-50.0%",
        )
    }
    [(value, _before, change)] = shown(totals, INDONESIAN, **given).values()
    assert value == f"12.345.678.901.234.567,89{nbsp}USD"
    assert change == "-50,0%"
    yen = Company(1, "Asia/Tokyo", "JPY", 0)
    [(value, *_more)] = shown({"total_amount": Decimal(5)}, None, yen, **given).values()
    assert value == f"5{nbsp}JPY"


def test_a_share_changes_by_points():
    totals = {"conversion_rate": 0.25, "previous_conversion_rate": 0.2}
    found = shown(totals, measures="conversion_rate")
    assert found == {"Conversion": ("25.0%", "20.0%", "+5.0 points")}


@pytest.mark.parametrize(
    ("value", "before", "expected"),
    [
        (Decimal(3), Decimal(0), ("3", "0", "")),
        (Decimal(0), Decimal(3), ("0", "3", "-100.0%")),
        (Decimal(-3), Decimal(-6), ("-3", "-6", "+50.0%")),
        (None, Decimal(6), ("–", "6", "")),
        (Decimal(6), None, ("6", "–", "")),
    ],
)
def test_nothing_is_compared_with_nothing(value, before, expected):
    totals = {"total_qty": value, "previous_total_qty": before}
    assert shown(totals, measures="total_qty") == {"Quantity": expected}


def test_the_figures_ask_for_the_period_before():
    query = question(compare="previous_year", program_id="7")
    asked = figures.questions(query)[1]
    assert (asked.compare.date_from, asked.compare.date_to) == figures.compared(query)
    assert figures.compared(query) == (date(2024, 1, 1), date(2024, 1, 31))
    assert asked.filters == query.filters
    assert not asked.dimensions


def test_a_listing_adds_up_by_type():
    query = question(LEDGER, transaction_type="earn")
    now, before = figures.questions(query)
    assert str(before.query.date_from) == "2024-01-01"
    assert before.query.filters == now.query.filters
    found = figures.figures(
        query,
        (_tally({"earn": 30, "redeem": 5}), _tally({"earn": 20, "expire": 4})),
        Edition(),
    )
    assert [(f.label, f.value, f.before, f.change) for f in found] == [
        ("earn", "30", "20", "+50.0%"),
        ("redeem", "5", "0", ""),
        ("expire", "0", "4", "-100.0%"),
    ]


def _tally(points):
    return answer(
        [
            {"transaction_type": kind, "rows": 1, "points_amount": Decimal(amount)}
            for kind, amount in points.items()
        ]
    )


def drawn(query, rows, edition=None):
    """The picture of a question, opened."""
    section, asked = pictured(query)
    made = picture.picture(section, asked, answer(rows), edition or Edition())
    opened = Image.open(io.BytesIO(made))
    opened.load()
    return opened


def colours(opened):
    return {colour for _count, colour in opened.convert("RGB").getcolors(10**6)}


def test_the_picture_is_a_png_that_shows_the_rows():
    rising, flat = (
        drawn(question(), sales(29)),
        drawn(question(), sales(29, lambda _: 1)),
    )
    assert (rising.format, rising.size) == ("PNG", (720, 340))
    assert (113, 75, 103) in colours(
        rising
    )  # the first colour of the workbook's charts
    assert rising.tobytes() != flat.tobytes()


def test_one_day_is_a_dot_and_no_rows_are_no_picture():
    assert (113, 75, 103) in colours(drawn(question(), sales(1)))
    section, asked = pictured(question())
    assert picture.picture(section, asked, answer(), Edition()) == b""


def test_the_period_before_is_drawn_where_it_was_asked_for():
    opened = drawn(question(compare="previous_period"), sales(29))
    assert {(113, 75, 103), (31, 158, 137)} <= colours(opened)


def test_columns_stand_beside_each_other():
    rows = [
        {
            "date": row["date"],
            "points_earned": Decimal(5),
            "points_redeemed": Decimal(3),
        }
        for row in sales(8)
    ]
    measures = "points_earned,points_redeemed"
    opened = drawn(question("points/activity", measures=measures), rows)
    assert {(113, 75, 103), (31, 158, 137)} <= colours(opened)


@pytest.mark.parametrize("name", ["$x^2$ and $", "", "<b>&amp;", "x" * 500, "é 🎁"])
@pytest.mark.filterwarnings("ignore:Glyph")
def test_names_are_texts_whatever_they_hold(name):
    rows = [{"transaction_type": name, "rows": 1, "points_amount": Decimal(5)}]
    assert drawn(question(LEDGER), rows).size == (720, 340)


def test_a_picture_is_told_in_words():
    section, asked = pictured(question())
    told = picture.described(section, asked, INDONESIAN)
    assert told == "Over time: Amount, 1 Feb 2024 – 29 Feb 2024"


def test_every_report_has_a_picture():
    assert {*SECTIONS} == {*REPORTS}
    assert all(pictured(question(slug))[0].chart for slug in REPORTS)

import csv
import io
import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from openpyxl import load_workbook

from ..core.database import sql
from ..core.settings import Settings
from ..core.stores.fragments import buckets, days
from ..core.stores.partitions import ensure
from .common import FACTS, Fact, ReportingCase

REPORT = "/api/v1/reports/promotions/performance"
YEARS = {"date_from": "2023-01-01", "date_to": "2024-12-31"}
HOSTILE = '=HYPERLINK("http://evil","x") <b>\''


class RestCase(HttpCase, ReportingCase):
    """The facts of :mod:`common`, rolled up; callers with keys; no other services."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add(*FACTS, Fact("50", "2024-01-01", HOSTILE, 1, 7, (("1", "0"),)))
        cls.add(Fact("99", "2024-01-01", "Other", 1, 7, (("9", "0"),), company="b"))
        for company in cls.companies.values():
            cls.roll_up(company)
        cls.reader = cls.user("rest_reader")
        cls.key_of_reader = cls.api_key(cls.reader)

    def setUp(self):
        super().setUp()
        pipeline = type(self.env["loyalty.reporting.pipeline"])
        # Tests ask more often than people do; limits are test_guard's.
        self.settings = Settings(rate_limit=0, auth_failures=0)
        self.startPatcher(patch.object(pipeline, "_settings", lambda _: self.settings))

    @classmethod
    def roll_up(cls, company):
        cr = cls.env.cr
        cr.execute(
            "SELECT DISTINCT date_trunc('month', date)::date FROM promotion_order_data"
        )
        ensure(cr, "promotion_performance_data", [m for (m,) in cr.fetchall()])
        cr.execute(
            sql("stores/sql/rebuild.sql", **buckets(), **days()),
            {"company_id": company.id, "load_id": 1},
        )

    @classmethod
    def api_key(cls, user):
        expires = datetime.now() + timedelta(days=1)
        keys = cls.env["res.users.apikeys"].with_user(user).sudo()
        return keys._generate(None, "test", expires)

    def get(self, key=None, url=REPORT, headers=None, **parameters):
        headers = dict(headers or {})
        if key is not False:
            headers["Authorization"] = f"Bearer {key or self.key_of_reader}"
        query = "&".join(f"{name}={value}" for name, value in parameters.items())
        return self.url_open(f"{url}?{query}", headers=headers)

    def data(self, **parameters):
        answer = self.get(**{**YEARS, **parameters})
        self.assertEqual(answer.status_code, 200, answer.text)
        return json.loads(answer.text, parse_float=Decimal)

    def assert_problem(self, answer, status, *words):
        self.assertEqual(answer.status_code, status, answer.text)
        self.assertEqual(answer.headers["Content-Type"], "application/problem+json")
        problem = answer.json()
        self.assertEqual(problem["status"], status)
        for word in words:
            self.assertIn(word, problem["detail"])


@tagged("post_install", "-at_install")
class TestRest(RestCase):
    """The promotion report over HTTP, as API.md fixes it."""

    def test_a_row_has_the_fields_of_the_contract(self):
        answer = self.data(group_by="year", per_page="1")
        self.assertEqual(
            list(answer["data"][0]),
            [
                "program_id",
                "program_name",
                "date",
                "total_transactions",
                "total_amount",
                "total_discount",
                "avg_transaction_value",
                "conversion_rate",
            ],
        )
        self.assertEqual(answer["pagination"]["page"], 1)
        self.assertEqual(answer["pagination"]["per_page"], 1)

    def test_figures_are_those_of_the_facts(self):
        [row] = [
            row
            for row in self.data(group_by="year")["data"]
            if row["program_name"] == "Spring" and row["date"] == "2024-01-01"
        ]
        self.assertEqual(row["total_transactions"], 2)
        self.assertEqual(row["total_amount"], Decimal("0.02"))
        self.assertEqual(row["total_discount"], Decimal("0.01"))
        self.assertEqual(row["avg_transaction_value"], Decimal("0.01"))
        self.assertAlmostEqual(row["conversion_rate"], Decimal(1) / 3, places=15)

    def test_money_keeps_its_decimals(self):
        self.assertIn('"total_amount": 100.10', self.get(**YEARS, group_by="day").text)

    def test_hours_are_instants(self):
        rows = self.data(group_by="hour")["data"]
        self.assertEqual(rows[0]["hour"], "2023-12-31T12:00:00Z")

    def test_a_week_is_labelled_by_its_monday(self):
        [row, *_] = self.data(group_by="week", date_from="2024-01-31")["data"]
        self.assertEqual(row["date"], "2024-01-29")

    def test_chosen_measures_come_in_the_order_asked_for(self):
        row = self.data(group_by="year", measures="unique_customers,total_qty")["data"][
            0
        ]
        self.assertEqual(list(row)[3:], ["unique_customers", "total_qty"])

    def test_pages_concatenate_to_the_whole(self):
        whole = self.data(group_by="day")
        pages = [
            self.data(group_by="day", page=page, per_page=2)["data"]
            for page in range(1, 2 + whole["pagination"]["total"] // 2)
        ]
        self.assertEqual(sum(pages, []), whole["data"])

    def test_another_company_is_not_there(self):
        names = {row["program_name"] for row in self.data(group_by="year")["data"]}
        self.assertIn("Spring", names)
        self.assertNotIn("Other", names)
        other = self.companies["b"].id
        self.assert_problem(self.get(**YEARS, company_id=other), 404, str(other))

    def test_an_unknown_program_and_one_of_another_company_are_the_same(self):
        self.env.cr.execute(
            "SELECT external_id FROM loyalty_reporting_program WHERE name = 'Other'"
        )
        [foreign] = self.env.cr.fetchone()
        answers = [self.get(**YEARS, program_id=n).json() for n in (foreign, 987654)]
        for answer in answers:
            self.assertEqual(answer["status"], 404)
            del answer["request_id"]
            answer["detail"] = answer["detail"].replace(str(foreign), "987654")
        self.assertEqual(*answers)

    def test_each_bad_parameter_is_named(self):
        for name, value in (
            ("date_from", "2025-01-01"),
            ("date_from", "2024-02-30"),
            ("date_to", "yesterday"),
            ("group_by", "decade"),
            ("program_id", "one"),
            ("per_page", "0"),
            ("per_page", "1000000000"),
            ("page", "-1"),
            ("measures", "total_amuont"),
            ("format", "pdf"),
            ("company_id", "x"),
            ("colour", "red"),
        ):
            with self.subTest(name=name, value=value):
                answer = self.get(**{**YEARS, name: value})
                self.assert_problem(answer, 400)
                self.assertEqual(answer.json()["parameter"], name)

    def test_without_a_valid_key_nobody_gets_in(self):
        self.assert_problem(self.get(key=False, **YEARS), 401, "API key")
        self.assert_problem(self.get(key="wrong", **YEARS), 401, "API key")

    def test_a_user_without_our_group_is_refused(self):
        nobody = self.user("rest_nobody", group=None)
        self.assert_problem(self.get(key=self.api_key(nobody), **YEARS), 403, "group")

    def test_a_session_of_the_same_site_is_let_in_and_no_other(self):
        self.reader.password = "rest_reader"
        self.authenticate("rest_reader", "rest_reader")
        same = {"Sec-Fetch-Site": "same-origin"}
        self.assertEqual(self.get(key=False, headers=same, **YEARS).status_code, 200)
        cross = {"Sec-Fetch-Site": "cross-site"}
        self.assert_problem(self.get(key=False, headers=cross, **YEARS), 401)

    def test_unknown_addresses_and_methods_answer_in_the_apis_own_form(self):
        self.assert_problem(self.get(url="/api/v1/nothing"), 404, "/api/v1/reports")
        self.assert_problem(self.get(url="/api/v1/reports/none"), 404, "none")
        headers = {"Authorization": f"Bearer {self.key_of_reader}"}
        answer = self.url_open(REPORT, data={"a": "b"}, headers=headers)
        self.assert_problem(answer, 405)
        self.assertIn("GET", answer.headers["Allow"])

    def test_services_that_are_away_do_not_matter(self):
        expected = self.data(group_by="year")["data"]
        self.settings = replace(
            Settings(),
            clickhouse_url="clickhouse://nobody:secret@127.0.0.1:1/none",
            redis_url="redis://127.0.0.1:1/0",
        )
        self.env.cr.execute("UPDATE loyalty_reporting_clickhouse SET watermark = 1")
        answer = self.data(group_by="year")
        self.assertEqual(answer["data"], expected)
        self.assertEqual(answer["meta"]["store"], "postgresql")

    def test_the_workbook_holds_texts_numbers_and_definitions(self):
        answer = self.get(**YEARS, group_by="year", format="xlsx")
        book = load_workbook(io.BytesIO(answer.content))
        rows = list(book["Data"].iter_rows(values_only=True))
        hostile = next(row for row in rows if row[1] == HOSTILE)
        self.assertEqual(hostile[3:6], (1, 1, 0))
        cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
        self.assertFalse([c for c in cells if c.data_type == "f" or c.hyperlink])
        self.assertIn("Transactions", [r[0].value for r in book["Definitions"]])

    def test_the_workbook_s_totals_and_sections_are_the_report_s(self):
        asked = {**YEARS, "measures": "total_transactions,unique_customers"}
        answer = self.get(**asked, group_by="month", format="xlsx")
        book = load_workbook(io.BytesIO(answer.content))
        totals = self.data(**asked, totals="true")["totals"]
        found = {r[0]: r[1] for r in book["Summary"].iter_rows(values_only=True)}
        self.assertEqual(found["Transactions"], totals["total_transactions"])
        self.assertEqual(found["Customers"], totals["unique_customers"])
        self.assertEqual(found["Made by"], "rest_reader")
        programs = self.data(**asked, group_by="period")["data"]
        lines = list(book["By program"].iter_rows(min_row=2, values_only=True))
        shown = {line[1]: line[2:] for line in lines}
        for row in programs:
            expected = (row["total_transactions"], row["unique_customers"])
            self.assertEqual(shown[row["program_name"]], expected)

    def test_the_workbook_speaks_the_user_s_language(self):
        self.env["res.lang"]._activate_lang("id_ID")
        self.reader.lang = "id_ID"
        answer = self.get(**YEARS, group_by="year", format="xlsx")
        book = load_workbook(io.BytesIO(answer.content))
        self.assertEqual(book.sheetnames[0], "Ringkasan")
        self.assertEqual(book["Ringkasan"]["A1"].value, "Kinerja promosi")
        self.assertEqual(book["Data"]["C2"].number_format, "dd/mm/yyyy")

    def test_csv_begins_with_a_mark_where_excel_wants_one(self):
        plain, marked = (
            self.get(**YEARS, group_by="year", format="csv", bom=bom).content
            for bom in ("false", "true")
        )
        self.assertEqual(marked, b"\xef\xbb\xbf" + plain)
        answer = self.get(**YEARS, format="csv", bom="yes")
        self.assert_problem(answer, 400, "bom")

    def test_lines_of_text_hold_the_whole_report_and_no_formula(self):
        for asked in ({"format": "csv"}, {"headers": {"Accept": "text/csv"}}):
            answer = self.get(**YEARS, group_by="year", per_page="1", **asked)
            self.assertEqual(answer.headers["Content-Type"], "text/csv; charset=utf-8")
            head, *rows = csv.reader(io.StringIO(answer.content.decode()))
            self.assertEqual(head[:3], ["program_id", "program_name", "date"])
            self.assertEqual(
                len(rows), self.data(group_by="year")["pagination"]["total"]
            )
            self.assertIn(f"'{HOSTILE}", [row[1] for row in rows])
        answer = self.get(**YEARS, group_by="year", format="ndjson")
        rows = [
            json.loads(line, parse_float=Decimal) for line in answer.text.splitlines()
        ]
        self.assertEqual(rows, self.data(group_by="year")["data"])

    def test_what_changes_of_a_company_shows_in_the_next_answer(self):
        company, other = self.companies["a"], self.companies["b"]
        reader = self.env["loyalty.reporting.reader"].with_user(self.reader)
        currency = self.env["res.currency"].create({"name": "XTS", "symbol": "X"})
        self.data()
        company.loyalty_reporting_tz = "Asia/Jakarta"
        self.assertEqual(self.data()["meta"]["time_zone"], "Asia/Jakarta")
        company.currency_id = currency
        self.assertEqual(self.data()["meta"]["currency"], "XTS")
        self.assertEqual(reader._company({}).digits, 2)
        currency.rounding = 1
        self.assertEqual(reader._company({}).digits, 0)
        self.data(company_id=company.id)
        other.user_ids |= self.reader
        self.data(company_id=other.id)
        self.reader.company_ids -= other
        answer = self.get(**YEARS, company_id=other.id)
        self.assert_problem(answer, 404)


@tagged("post_install", "-at_install")
class TestCatalogue(RestCase):
    """The list of reports, and that all that it promises can be asked."""

    def test_all_that_is_promised_is_answered(self):
        reports = self.get(url="/api/v1/reports").json()["data"]
        slugs = {report["slug"] for report in reports}
        self.assertLessEqual(
            {"promotions/performance", "membership/analytics", "points/transactions"},
            slugs,
        )
        for report in reports:
            with self.subTest(report["slug"]):
                href = report["href"]
                plain = self.get(url=href, **YEARS)
                self.assertEqual(plain.status_code, 200, plain.text)
                self.assertEqual(plain.json()["meta"]["basis"], report["basis"])
                for file_format in ("xlsx", "csv", "ndjson"):
                    answer = self.get(url=href, **YEARS, format=file_format)
                    self.assertEqual(answer.status_code, 200, answer.text)
                for dimension in report.get("dimensions", ()):
                    measures = ",".join(
                        m["name"]
                        for m in report["measures"]
                        if dimension["name"] not in m["not_by"]
                    )
                    for grain in report["group_by"]:
                        asked = {"group_by": grain, "dimensions": dimension["name"]}
                        answer = self.get(url=href, **YEARS, measures=measures, **asked)
                        self.assertEqual(answer.status_code, 200, answer.text)

    def test_rows_may_be_told_apart_by_other_dimensions(self):
        whole = self.data(group_by="year", dimensions="")["data"]
        self.assertEqual([row["date"] for row in whole], ["2023-01-01", "2024-01-01"])
        parts = self.data(group_by="year", dimensions="channel,program")["data"]
        for row in whole:
            self.assertEqual(
                row["total_amount"],
                sum(p["total_amount"] for p in parts if p["date"] == row["date"]),
            )
        self.assertIn("channel", parts[0])

    def test_what_is_not_there_is_named(self):
        answer = self.get(**YEARS, dimensions="colour")
        self.assert_problem(answer, 400, "no dimension 'colour'")
        points = "/api/v1/reports/points/transactions"
        answer = self.get(url=points, **YEARS, transaction_type="gift")
        self.assert_problem(answer, 400, "'gift' is none of earn, redeem")
        answer = self.get(url=points, **YEARS, group_by="day")
        self.assert_problem(answer, 400, "There is no parameter group_by")

    def test_it_is_for_readers_only(self):
        self.assert_problem(self.get(key=False, url="/api/v1/reports"), 401)
        stranger = self.user("rest_stranger", group=None)
        answer = self.get(key=self.api_key(stranger), url="/api/v1/reports")
        self.assert_problem(answer, 403)

    def test_a_parameter_given_twice_is_named(self):
        for name, values in (("company_id", ("1", "2")), ("format", ("csv", "json"))):
            asked = {**YEARS, name: f"{values[0]}&{name}={values[1]}"}
            answer = self.get(**asked)
            self.assertEqual(answer.status_code, 400, answer.text)
            self.assertEqual(answer.json()["parameter"], name)
        answer = self.get(**YEARS, company_id="9" * 5000)
        self.assert_problem(answer, 400, "company_id")

    def test_pages_link_to_each_other(self):
        answer = self.get(**YEARS, group_by="year", per_page="2", page="2")
        links = answer.links
        self.assertEqual(set(links), {"first", "prev", "next", "last"})
        following = self.url_open(
            links["next"]["url"],
            headers={"Authorization": f"Bearer {self.key_of_reader}"},
        )
        self.assertEqual(following.json()["pagination"]["page"], 3)
        first = self.get(**YEARS, group_by="year", per_page="2")
        self.assertNotIn("prev", first.links)

    def test_what_did_not_change_is_not_sent_again(self):
        first = self.get(**YEARS)
        self.assertTrue(first.headers["ETag"])
        known = {"If-None-Match": first.headers["ETag"]}
        again = self.get(**YEARS, headers=known)
        self.assertEqual((again.status_code, again.content), (304, b""))
        other = self.get(**YEARS, group_by="year", headers=known)
        self.assertEqual(other.status_code, 200)

import json
import os
import resource
import subprocess
import unittest
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from unittest.mock import patch

from odoo.tests import tagged
from playwright.sync_api import sync_playwright

from .test_rest import YEARS, RestCase

URL = "/api/v1/graphql"
GRAPHIQL = "/api/v1/graphiql"
PROPER = "application/graphql-response+json"
PERIOD = 'dateFrom: "2023-01-01", dateTo: "2024-12-31"'
AUDITS = Path(__file__).parent / "graphql_audits.js"
CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip


@contextmanager
def unlimited_memory():
    """Let programs that a test starts reserve addresses: Odoo limits them for itself."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class GraphqlCase(RestCase):
    """The facts of REST's tests, asked for by GraphQL."""

    def post(self, document, key=None, headers=None, raw=None, **more):
        """Send a document, or ``raw`` bytes; ``key`` False is a caller without one."""
        headers = {"Content-Type": "application/json", "Accept": PROPER} | (
            headers or {}
        )
        if key is not False:
            headers["Authorization"] = f"Bearer {key or self.key_of_reader}"
        body = json.dumps({"query": document, **more}) if raw is None else raw
        return self.url_open(URL, data=body, headers=headers)

    def answered(self, document, **more):
        answer = self.post(document, **more)
        self.assertEqual(answer.status_code, 200, answer.text)
        found = json.loads(answer.text, parse_float=Decimal)
        self.assertNotIn("errors", found)
        return found["data"]

    def assert_error(self, answer, status, code, *words):
        """Return the problem of the only error of an answer."""
        self.assertEqual(answer.status_code, status, answer.text)
        [error] = answer.json()["errors"]
        self.assertEqual(error["extensions"]["code"], code)
        problem = error["extensions"]["problem"]
        self.assertEqual(problem["detail"], error["message"])
        for word in words:
            self.assertIn(word, error["message"])
        return problem


@tagged("post_install", "-at_install")
class TestGraphql(GraphqlCase):
    """The same figures, rights and errors as by REST."""

    def test_the_contracts_query_has_rests_figures(self):
        rows = self.answered(
            f"""{{ promotionPerformance({PERIOD}, groupBy: MONTH) {{
                programId programName date totalTransactions totalAmount totalDiscount
                avgTransactionValue conversionRate }} }}"""
        )["promotionPerformance"]
        expected = self.data(group_by="month")["data"]
        self.assertTrue(expected)
        for row, rest in zip(rows, expected, strict=True):
            self.assertEqual(int(row.pop("programId")), rest.pop("program_id"))
            self.assertEqual([*row.values()], [*rest.values()])

    def test_every_report_has_rests_figures_and_pages(self):
        reports = self.answered(
            "{reports{slug connection columns{name field} measures{name field notBy}"
            " dimensions{name fields}}}"
        )["reports"]
        self.assertGreater(len(reports), 3)
        for report in reports:
            with self.subTest(report["slug"]):
                self._assert_equal_to_rest(report)

    def _assert_equal_to_rest(self, report):
        columns = report["columns"] + report["measures"]
        names = {c["field"]: c["name"] for c in columns if c["name"] != "hour"}
        # An enum's values are written otherwise, and what compares is not asked for.
        names.pop("transactionType", None)
        names = {f: n for f, n in names.items() if not n.startswith("previous_")}
        asked = {**YEARS, "per_page": "50"}
        if report["measures"]:
            asked["measures"] = ",".join(m["name"] for m in report["measures"])
            asked["dimensions"] = ",".join(self._asked_by(report))
        rest = json.loads(
            self.get(url=f"/api/v1/reports/{report['slug']}", **asked).text,
            parse_float=Decimal,
        )
        page = self.answered(
            f"{{ page: {report['connection']}({PERIOD}, perPage: 50"
            f"{self._all_dimensions(report)}) {{ nodes {{ {' '.join(names)} }}"
            " pagination { total } meta { basis timeZone currency tier } } }"
        )["page"]
        self.assertEqual(page["pagination"]["total"], rest["pagination"]["total"])
        for name in ("basis", "currency", "tier"):
            self.assertEqual(page["meta"][name], rest["meta"][name])
        for row, expected in zip(page["nodes"], rest["data"], strict=True):
            for field, name in names.items():
                value = expected[name]
                is_key = name.endswith("_id") and value is not None
                self.assertEqual(row[field], str(value) if is_key else value)

    def _all_dimensions(self, report):
        values = ", ".join(self._asked_by(report)).upper()
        return f", dimensions: [{values}]" if values else ""

    def _asked_by(self, report):
        """Those that all measures can be told apart by."""
        refused = {name for m in report["measures"] for name in m["notBy"]}
        return [d["name"] for d in report["dimensions"] if d["name"] not in refused]

    def test_money_keeps_its_decimals(self):
        answer = self.post(
            f"{{promotionPerformance({PERIOD}, groupBy: DAY) {{totalAmount}}}}"
        )
        self.assertIn('"totalAmount": 100.10', answer.text)

    def test_another_company_is_not_there(self):
        other = self.companies["b"].id
        document = f"""query($company: ID) {{ promotionPerformance({PERIOD}, groupBy: YEAR,
            companyId: $company) {{ programName }} }}"""
        names = str(self.answered(document))
        self.assertIn("Spring", names)
        self.assertNotIn("Other", names)
        answer = self.post(document, variables={"company": other})
        problem = self.assert_error(answer, 200, "NOT_FOUND", str(other))
        self.assertEqual((problem["status"], problem["parameter"]), (404, "company_id"))

    def test_an_unknown_program_and_one_of_another_company_are_the_same(self):
        self.env.cr.execute(
            "SELECT external_id FROM loyalty_reporting_program WHERE name = 'Other'"
        )
        [foreign] = self.env.cr.fetchone()
        answers = [
            self.post(
                f'{{promotionPerformance({PERIOD}, groupBy: DAY, programId: "{number}")'
                "{date}}"
            ).text.replace(str(foreign), "987654")
            for number in (foreign, 987654)
        ]
        self.assertIn("NOT_FOUND", answers[0])
        self.assertEqual(*answers)

    def test_a_report_that_one_may_not_read_is_forbidden_and_others_are_answered(self):
        seller = self.user("graphql_promotions", group="promotions")
        answer = self.post(
            f"""{{ promotionPerformanceConnection({PERIOD}) {{ nodes {{ date }} }}
                pointsActivityConnection({PERIOD}) {{ nodes {{ date }} }} }}""",
            key=self.api_key(seller),
        )
        problem = self.assert_error(answer, 200, "FORBIDDEN", "points/activity")
        self.assertEqual(problem["status"], 403)
        data = answer.json()["data"]
        self.assertTrue(data["promotionPerformanceConnection"]["nodes"])
        self.assertIsNone(data["pointsActivityConnection"])

    def test_a_stranger_is_refused_before_any_document_is_read(self):
        stranger = self.user("graphql_stranger", group=None)
        answer = self.post("{", key=self.api_key(stranger))
        self.assert_error(answer, 403, "FORBIDDEN", "group")

    def test_an_error_in_one_field_does_not_spoil_the_next(self):
        document = f"""{{ bad: promotionPerformanceConnection({PERIOD}, programId: "x")
            {{ nodes {{ date }} }} good: promotionPerformanceConnection({PERIOD})
            {{ nodes {{ date }} }} }}"""
        answer = self.post(document)
        self.assert_error(answer, 200, "BAD_USER_INPUT", "program_id")
        self.assertTrue(answer.json()["data"]["good"]["nodes"])

    def test_limits_follow_the_settings(self):
        self.settings = replace(
            self.settings, graphql_depth=1, graphql_introspection=0, graphql_bytes=200
        )
        answer = self.post("{reports{slug}}")
        self.assert_error(answer, 400, "LIMIT_EXCEEDED", "2 fields deep")
        answer = self.post("{__schema{description}}")
        self.assert_error(answer, 400, "GRAPHQL_VALIDATION_FAILED", "introspection")
        answer = self.post("{__typename}" + " " * 200)
        self.assert_error(answer, 413, "BAD_REQUEST", "200 bytes")


@tagged("post_install", "-at_install")
class TestGraphqlHttp(GraphqlCase):
    """How requests come and answers go; who is let in."""

    def test_without_a_valid_key_nobody_gets_in(self):
        for key in (False, "wrong"):
            answer = self.post("{__typename}", key=key)
            self.assert_error(answer, 401, "UNAUTHENTICATED", "API key")
            self.assertEqual(answer.headers["WWW-Authenticate"], "Bearer")

    def test_a_session_needs_proof_that_a_page_of_ours_asks(self):
        self.reader.password = "rest_reader"
        self.authenticate("rest_reader", "rest_reader")

        def status(headers):
            return self.post("{__typename}", key=False, headers=headers).status_code

        self.assertEqual(status({}), 403)
        self.assertEqual(status({"Sec-Fetch-Site": "none"}), 403)
        self.assertEqual(status({"Sec-Fetch-Site": "cross-site"}), 401)
        self.assertEqual(status({"Sec-Fetch-Site": "same-site"}), 401)
        self.assertEqual(status({"Sec-Fetch-Site": "same-origin"}), 200)
        page = self.url_open(GRAPHIQL).text
        token = page.partition('name="csrf-token" content="')[2].partition('"')[0]
        self.assertEqual(status({"X-CSRF-Token": token}), 200)
        forged = ("1" if token[0] == "0" else "0") + token[1:]
        for wrong in ("x", "é", forged):
            self.assertEqual(status({"X-CSRF-Token": wrong.encode()}), 403)
        for form in ("text/plain", "application/x-www-form-urlencoded"):
            headers = {"Sec-Fetch-Site": "same-origin", "Content-Type": form}
            self.assertEqual(status(headers), 415)

    def test_other_methods_are_told_which_there_are(self):
        key = {"Authorization": f"Bearer {self.key_of_reader}"}
        for method in ("PUT", "DELETE", "PATCH"):
            answer = self.url_open(URL, method=method, headers=key)
            self.assert_error(answer, 405, "BAD_REQUEST")
            self.assertEqual(answer.headers["Allow"], "GET, HEAD, POST")
        answer = self.get(url=URL, query="mutation{a}")
        self.assert_error(answer, 405, "BAD_REQUEST")
        self.assertEqual(answer.headers["Allow"], "POST")

    def test_an_address_may_ask(self):
        answer = self.get(url=URL, query="{__typename}")
        self.assertEqual(answer.json(), {"data": {"__typename": "Query"}})
        again = self.get(
            url=URL, query="{__typename}",
            headers={"If-None-Match": answer.headers["ETag"]},
        )  # fmt: skip
        self.assertEqual((again.status_code, again.content), (304, b""))

    def test_statuses_follow_the_media_type(self):
        for document in ("{", "{nothing}"):
            answer = self.post(document)
            self.assertEqual(answer.status_code, 400)
            self.assertEqual(answer.headers["Content-Type"], f"{PROPER}; charset=utf-8")
            answer = self.post(document, headers={"Accept": "application/json"})
            self.assertEqual(answer.status_code, 200)
            self.assertIn("errors", answer.json())
        answer = self.post("{__typename}", headers={"Accept": "text/html"})
        self.assert_error(answer, 406, "BAD_REQUEST", PROPER)

    def test_hostile_requests_are_refused_with_words(self):
        for raw in (b"", b"\xff", b"[" * 99_000, b"[]", b'{"query": "\\ud800"}', b"{}"):
            answer = self.post("", raw=raw)
            self.assertEqual(answer.status_code, 400, answer.text)
            [error] = answer.json()["errors"]
            self.assertTrue(error["extensions"]["problem"]["parameter"])
        answer = self.post("", raw=b"[" * 100_001)
        self.assert_error(answer, 413, "BAD_REQUEST")
        answer = self.post("", raw=iter([b"[" * 60_000] * 3))
        self.assertIn(answer.status_code, (400, 411, 413))
        for document in (
            "{reports" * 300,
            "{" + " ".join(f"a{n}: reports {{ slug }}" for n in range(30)) + "}",
            "{reports{" + "slug " * 1000 + "}}",
        ):
            answer = self.post(document)
            self.assertEqual(answer.status_code, 400, answer.text)

    def test_what_is_misspelt_is_hinted_at(self):
        for document, hint in (
            (
                f"{{promotionPerformance({PERIOD}, groupBy: DAY) {{totalAmuont}}}}",
                "Amount",
            ),
            (f"{{promotionPerformance({PERIOD}, groupBy: DAYS) {{date}}}}", "'DAY'"),
        ):
            answer = self.post(document)
            self.assertIn(hint, answer.json()["errors"][0]["message"])
        answer = self.post(
            "query($d: DateTime!) {promotionPerformance(dateFrom: $d, dateTo: $d, "
            "groupBy: DAY) {date}}",
            variables={"d": 5},
        )
        self.assert_error(answer, 400, "BAD_USER_INPUT", "$d", "2024-01-31")

    def test_faults_of_ours_do_not_show_our_insides(self):
        reader = type(self.env["loyalty.reporting.reader"])
        fault = RuntimeError("password=hunter2")
        with (
            patch.object(reader, "_answer", side_effect=fault),
            self.assertLogs("odoo.addons.loyalty_reporting", "ERROR") as logs,
        ):
            answer = self.post(
                f"{{promotionPerformanceConnection({PERIOD}) {{nodes{{date}}}}}}"
            )
        self.assert_error(answer, 200, "INTERNAL_SERVER_ERROR")
        self.assertNotIn("hunter2", answer.text)
        self.assertIn("hunter2", str(logs.output))

    def test_the_reference_implementations_audits_are_content(self):
        if "LR_GRAPHQL_HTTP" not in os.environ:
            raise unittest.SkipTest("npm is not installed")
        with self.allow_requests(), unlimited_memory():
            done = subprocess.run(
                ["node", AUDITS],
                env={
                    **os.environ,
                    "URL": self.base_url() + URL,
                    "KEY": self.key_of_reader,
                    "COOKIE": f"test_request_key={self.http_request_key}",
                },
                capture_output=True,
                text=True,
                timeout=300,
                check=False,
            )
        self.assertEqual(done.returncode, 0, done.stderr)
        audits = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertGreater(len(audits), 60)
        self.assertEqual([a for a in audits if a["status"] != "ok"], [])


@tagged("post_install", "-at_install")
class TestGraphiql(GraphqlCase):
    """The page on which people try it."""

    def test_it_is_for_those_who_may_read(self):
        answer = self.url_open(GRAPHIQL, allow_redirects=False)
        self.assertEqual(answer.status_code, 303)
        self.assertIn("/web/login", answer.headers["Location"])
        self.user("graphiql_stranger", group=None).password = "graphiql_stranger"
        self.authenticate("graphiql_stranger", "graphiql_stranger")
        self.assertEqual(self.url_open(GRAPHIQL).status_code, 403)

    def test_it_loads_nothing_from_elsewhere(self):
        self.reader.password = "rest_reader"
        self.authenticate("rest_reader", "rest_reader")
        page = self.url_open(GRAPHIQL)
        policy = page.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        for word in ("http", "*", "unsafe"):
            self.assertNotIn(word, policy)
        files = [part.partition('"')[0] for part in page.text.split('="/')[1:]]
        self.assertGreater(len(files), 5)
        for name in files:
            self.assertEqual(self.url_open(f"/{name}").status_code, 200, name)

    def test_it_asks_and_shows_the_answer_in_a_browser(self):
        if "LR_CHROMIUM" not in os.environ:
            raise unittest.SkipTest("Chromium is not installed")
        self.reader.password = "rest_reader"
        session = self.authenticate("rest_reader", "rest_reader")
        with self.allow_requests(), unlimited_memory(), sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ["LR_CHROMIUM"], args=CHROMIUM
            )
            context = browser.new_context()
            cookies = {
                "session_id": session.sid, "test_request_key": self.http_request_key
            }  # fmt: skip
            context.add_cookies(
                [
                    {"name": name, "value": value, "url": self.base_url()}
                    for name, value in cookies.items()
                ]
            )
            page, complaints = context.new_page(), []
            page.on(
                "console", lambda m: m.type == "error" and complaints.append(m.text)
            )
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto(self.base_url() + GRAPHIQL)
            page.get_by_label("Execute query").click()
            page.get_by_label("Result Window").get_by_text(
                "promotionPerformance"
            ).wait_for()
            page.get_by_label("Show Documentation Explorer").click()
            page.get_by_text("Root Types").wait_for()
            page.get_by_label("Open settings dialog").click()
            page.get_by_text("Clear data").wait_for()
            if "LR_SCREENSHOT" in os.environ:
                page.screenshot(path=os.environ["LR_SCREENSHOT"])
            browser.close()
        self.assertEqual(complaints, [])

from unittest.mock import patch

import jsonschema
from odoo.tests import tagged
from openapi_spec_validator import validate

from ..core.events.intake import Intake, Verdict
from ..core.queries import REPORTS
from .test_rest import YEARS, RestCase

EVENTS = "/api/v1/events"


@tagged("post_install", "-at_install")
class TestOpenapi(RestCase):
    """The document is valid, and what is answered is what it says."""

    def setUp(self):
        super().setUp()
        self.document = self.get(url="/api/v1/openapi.json").json()

    def assert_documented(self, answer, path, method="get"):
        responses = self.document["paths"][path][method]["responses"]
        known = responses[str(answer.status_code)]
        if "$ref" in known:
            known = self.document["components"]["responses"][str(answer.status_code)]
        content = known["content"]
        for name, header in known.get("headers", {}).items():
            if header["required"]:
                self.assertIn(name, answer.headers)
        kind = answer.headers["Content-Type"].partition(";")[0]
        schema = {**content[kind]["schema"], "components": self.document["components"]}
        jsonschema.validate(answer.json(), schema)

    def reports(self):
        """Return the (path, names of parameters → parameter) of all reports."""
        for path, methods in self.document["paths"].items():
            if path.startswith("/api/v1/reports/"):
                yield path, {p["name"]: p for p in methods["get"]["parameters"]}

    def test_it_is_valid_and_all_that_it_names_is_there(self):
        validate(self.document)
        tags = {tag["name"] for tag in self.document["tags"]}
        for methods in self.document["paths"].values():
            for operation in methods.values():
                self.assertLessEqual(set(operation["tags"]), tags)

    def test_it_describes_what_is_answered_to_every_grain_and_measure(self):
        for path, named in self.reports():
            asked = dict(YEARS)
            if "measures" in named:
                report = REPORTS[path.removeprefix("/api/v1/reports/")]
                refused = {name for m in report.measures for name in m.not_by}
                for name in ("measures", "dimensions"):
                    known = named[name]["schema"]["items"]["enum"]
                    asked[name] = ",".join(n for n in known if n not in refused)
            grains = named.get("group_by", {"schema": {"enum": [""]}})["schema"]["enum"]
            for grain in grains:
                more = {"group_by": grain, "totals": "true"} if grain else {}
                if grain not in ("", "hour"):
                    more["compare"] = "previous_year"
                with self.subTest(path=path, grain=grain):
                    answer = self.get(url=path, **asked, **more)
                    self.assertEqual(answer.status_code, 200, answer.text)
                    self.assert_documented(answer, path)

    def test_its_examples_are_answers_that_it_allows(self):
        for path, _named in self.reports():
            content = self.document["paths"][path]["get"]["responses"]["200"]["content"]
            known = content["application/json"]
            schema = {**known["schema"], "components": self.document["components"]}
            jsonschema.validate(known["example"], schema)

    def test_a_page_behind_a_cursor_is_as_it_says(self):
        path = "/api/v1/reports/promotions/performance"
        seen = []
        cursor = ""
        while cursor is not None:
            answer = self.get(**YEARS, per_page=2, cursor=cursor)
            self.assert_documented(answer, path)
            seen += answer.json()["data"]
            cursor = answer.json()["pagination"].get("next_cursor")
        self.assertEqual(seen, self.get(**YEARS).json()["data"])

    def test_errors_are_as_it_says(self):
        path = "/api/v1/reports/promotions/performance"
        for asked in ({"date_to": "x"}, {"program_id": 987654}):
            self.assert_documented(self.get(**{**YEARS, **asked}), path)
        self.assert_documented(self.get(key=False, **YEARS), path)

    def test_only_the_readers_own_reports_are_in_it(self):
        reader = self.user("openapi_points", group="points")
        answer = self.get(key=self.api_key(reader), url="/api/v1/openapi.json")
        paths = answer.json()["paths"]
        self.assertIn("/api/v1/reports/points/transactions", paths)
        self.assertNotIn("/api/v1/reports/promotions/performance", paths)

    def test_a_method_that_is_not_there_is_told_from_an_unknown_address(self):
        answer = self.get(url=EVENTS)
        self.assert_problem(answer, 405)
        self.assertEqual(answer.headers["Allow"], "POST")
        self.assert_problem(self.get(url="/api/v1/nothing"), 404)

    def test_verdicts_are_as_it_says(self):
        self.env["loyalty.reporting.source"].create(
            {
                "name": "Web shop",
                "code": "openapi_shop",
                "type": "push",
                "sender_ids": self.reader.ids,
            }
        )
        verdicts = [
            Verdict(("/s", "1"), b"", "accepted"),
            Verdict((None, None), b"", "refused", "why not"),
        ]
        self.startPatcher(patch.object(Intake, "receive", lambda *_: verdicts))
        headers = {
            "Content-Type": "application/json",
            "Authorization": f"Bearer {self.key_of_reader}",
        }
        answer = self.url_open(EVENTS, data=b"[{}, {}]", headers=headers)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assert_documented(answer, EVENTS, "post")

from datetime import date
from urllib.parse import parse_qs, urlsplit

from odoo.exceptions import ValidationError
from odoo.tests import Form, tagged

from .common import Fact, ReportingCase


@tagged("post_install", "-at_install")
class TestExport(ReportingCase):
    """The wizard asks the REST report for a spreadsheet."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.add(
            Fact("1", "2023-12-31", "Spring", lines=(("1", "0"),)),
            Fact("2", "2024-02-01", "Spring", lines=(("1", "0"),)),
            Fact("3", "2025-01-01", "Spring", lines=(("1", "0"),), company="b"),
        )
        cls.reader = cls.user("reader")

    def export(self, **values):
        return (
            self.env["loyalty.reporting.export"].with_user(self.reader).create(values)
        )

    def url(self, **values):
        action = self.export(**values).action_download()
        parts = urlsplit(action["url"])
        return parts.path, {k: v for k, [v] in parse_qs(parts.query).items()}

    def test_it_proposes_the_range_of_the_company_s_data(self):
        with Form(self.env["loyalty.reporting.export"].with_user(self.reader)) as form:
            self.assertEqual(form.date_from, date(2023, 12, 31))
            self.assertEqual(form.date_to, date(2024, 2, 1))

    def test_without_data_it_proposes_today(self):
        self.env.cr.execute("DELETE FROM promotion_order_data")
        self.assertEqual(self.export().date_from, date.today())

    def test_it_opens_the_report_as_a_spreadsheet(self):
        path, query = self.url(group_by="week")
        self.assertEqual(path, "/api/v1/reports/promotions/performance")
        self.assertEqual(
            query,
            {
                "date_from": "2023-12-31",
                "date_to": "2024-02-01",
                "group_by": "week",
                "format": "xlsx",
                "company_id": str(self.companies["a"].id),
            },
        )

    def test_a_program_is_named_by_its_identifier_at_the_source(self):
        program = self.env["loyalty.reporting.program"].browse(
            self.key("program", "Spring")
        )
        _path, query = self.url(program_key=program.id)
        self.assertEqual(query["program_id"], str(program.external_id))

    def test_the_first_day_is_not_after_the_last(self):
        with self.assertRaises(ValidationError):
            self.export(date_from="2024-01-02", date_to="2024-01-01")

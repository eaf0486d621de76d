import re
from decimal import Decimal

from lxml import html
from odoo.tests import tagged

from .common import measures_of
from .mailing import LEDGER, MAILED, MailCase
from .members import MembersCase

_SPACE = re.compile(r"\s+")
FEBRUARY = [fact for fact in MAILED if fact.day.startswith("2024-02")]
JANUARY = [fact for fact in MAILED if fact.day.startswith("2024-01")]

# Day, type and points.
BOOKED = (
    ("2024-01-31", "earn", Decimal("100")),
    ("2024-02-01", "earn", Decimal("100.50")),
    ("2024-02-10", "earn", Decimal("50")),
    ("2024-02-29", "redeem", Decimal("40")),
)


@tagged("post_install", "-at_install")
class TestSubscriptionMail(MailCase, MembersCase):
    """What is received: opened, and compared with the facts."""

    def figures(self):
        """Return {label: (value, before, change)} as the mail's table shows them."""
        rows = html.fromstring(self.html()).xpath("//tbody/tr")
        cells = [[_SPACE.sub(" ", td.text_content()).strip() for td in r] for r in rows]
        return {label: tuple(values) for label, *values in cells}

    def test_the_text_has_the_figures_beside_those_of_the_period_before(self):
        sending = self.sent(self.subscribe())
        self.assertEqual(sending.state, "done", sending.message)
        now, before = measures_of(FEBRUARY), measures_of(JANUARY)
        shown = self.figures()
        self.assertEqual(
            shown["Amount"], (f"{now['amount']:.2f} USD", "160.00 USD", "+50.0%")
        )
        self.assertEqual(now["amount"], Decimal("240.00"))
        self.assertEqual(
            shown["Transactions"],
            (
                str(now["total_transactions"]),
                str(before["total_transactions"]),
                "+50.0%",
            ),
        )
        self.assertEqual(shown["Discount"][0], f"{now['discount']:.2f} USD")
        self.assertIn("Feb 1, 2024 – Feb 29, 2024", self.message["Subject"])
        self.assertIn("Jan 1, 2024 – Jan 31, 2024", self.text())
        self.assertIn("240.00", self.text())

    def test_the_workbook_has_the_figures_of_the_text(self):
        self.sent(self.subscribe())
        name, _content = self.file()
        self.assertEqual(name, "promotions_performance_2024-02-01_2024-02-29.xlsx")
        book = self.workbook()
        total = {row[0]: row[1] for row in book["Summary"].iter_rows(values_only=True)}
        self.assertAlmostEqual(total["Amount"], 240.00, places=6)
        self.assertEqual(self.figures()["Amount"][0], f"{total['Amount']:.2f} USD")
        head, *lines = book["Data"].iter_rows(values_only=True)
        rows = [dict(zip(head, line, strict=True)) for line in lines]
        spring = [row for row in rows if row["Program"] == "Spring"]
        expected = measures_of([fact for fact in FEBRUARY if fact.program == "Spring"])
        found = sum(Decimal(str(row["Amount"])) for row in spring)
        self.assertEqual(found, expected["amount"])

    def test_the_picture_is_shown_in_the_text_and_told_to_who_does_not_see_it(self):
        self.sent(self.subscribe())
        name, picture = self.chart()
        self.assertEqual(picture.format, "PNG")
        self.assertGreater(picture.width, 600)
        self.assertGreater(len(picture.convert("RGB").getcolors(10**6)), 5)
        [image] = html.fromstring(self.html()).xpath("//img")
        self.assertEqual(image.get("src"), f"cid:{name}")
        self.assertIn("Over time: Amount", image.get("alt"))
        related = [
            p for p in self.message.walk() if p.get_content_subtype() == "related"
        ]
        self.assertEqual(len(related), 1)

    def test_the_log_says_when_what_went_to_whom(self):
        subscription = self.subscribe(
            recipient_ids=(self.subscriber | self.colleague).ids
        )
        sending = self.sent(subscription)
        self.assertEqual(
            sorted(self.box.recipients),
            ["colleague@example.com", "subscriber@example.com"],
        )
        self.assertEqual(str(sending.date_from), "2024-02-01")
        self.assertEqual(str(sending.date_to), "2024-02-29")
        self.assertIn("mail_colleague", sending.recipients)
        self.assertEqual(sending.rows, 3)
        self.assertFalse(sending.message)
        log = self.env["loyalty.reporting.export.log"].search(
            [("request_id", "=", f"mail {sending.id}")]
        )
        self.assertEqual((log.user_id, log.rows), (self.subscriber, 3))

    def test_nothing_of_it_stays_behind(self):
        before = self.env["ir.attachment"].search_count([])
        sending = self.sent(self.subscribe())
        self.assertFalse(sending._mails())
        self.assertEqual(self.env["ir.attachment"].search_count([]), before)

    def test_a_csv_is_attached_where_it_was_asked_for(self):
        asked = {"group_by": ["month"], "dimensions": [""], "bom": ["true"]}
        self.sent(self.subscribe(file_format="csv", asked=asked))
        name, content = self.file()
        self.assertTrue(name.endswith(".csv"))
        head, line = content.decode("utf-8-sig").splitlines()
        row = dict(zip(head.split(","), line.split(","), strict=True))
        self.assertEqual(row["total_amount"], "240.00")

    def test_a_listing_is_mailed_with_what_its_types_add_up_to(self):
        for row in BOOKED:
            self.book(1, *row)
        self.env.flush_all()
        sending = self.sent(self.subscribe(report=LEDGER, asked={}))
        self.assertEqual(sending.state, "done", sending.message)
        self.assertEqual(
            self.figures(),
            {
                "earn": ("150.5", "100", "+50.5%"),
                "redeem": ("40", "0", ""),
            },
        )
        head, *lines = self.workbook()["Data"].iter_rows(values_only=True)
        place = head.index("Points")
        points = [line[place] for line in lines if line[head.index("Type")]]
        self.assertEqual(sorted(points), [40, 50, 100.5])

    def test_an_empty_period_is_told(self):
        sending = self.sent(self.subscribe(period="last_year"))
        self.assertEqual((sending.state, sending.rows), ("done", 0))
        self.assertIn("There are no rows in this period", self.html())
        self.assertIsNone(self.chart())

    def test_it_speaks_the_language_of_the_subscription(self):
        self.env["res.lang"]._activate_lang("id_ID")
        self.env["ir.module.module"]._load_module_terms(
            ["loyalty_reporting"], ["id_ID"]
        )
        self.sent(self.subscribe(lang="id_ID"))
        self.assertIn("1 Feb 2024 – 29 Feb 2024", self.message["Subject"])
        shown = self.figures()
        self.assertEqual(shown["Jumlah"], ("240,00 USD", "160,00 USD", "+50,0%"))
        self.assertIn("Sebelumnya", self.html())
        self.assertIn("Ringkasan", self.workbook().sheetnames)

    def test_what_is_too_large_is_under_the_own_exports_of_who_may_read_it(self):
        self.env["ir.config_parameter"].set_param("base.default_max_email_size", "0.07")
        subscription = self.subscribe(
            recipient_ids=(self.subscriber | self.colleague).ids
        )
        sending = self.sent(subscription)
        self.assertEqual(sending.state, "done", sending.message)
        bodies = {
            m["To"]: m.get_body(("html",)).get_content() for m in self.box.messages
        }
        [own] = [body for to, body in bodies.items() if "subscriber@" in to]
        [others] = [body for to, body in bodies.items() if "colleague@" in to]
        self.assertIn("export_job_action", own)
        self.assertNotIn("export_job_action", others)
        self.assertIn("mail_subscriber", others)
        for message in self.box.messages:
            self.assertFalse([*message.iter_attachments()])
        jobs = self.env["loyalty.reporting.export.job"].search([])
        self.assertEqual(
            jobs.user_id & (self.subscriber | self.colleague), self.subscriber
        )

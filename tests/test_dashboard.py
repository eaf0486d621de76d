"""The dashboard's figures, to whom they are shown, and who hears of new ones."""

from datetime import date
from unittest.mock import patch

import simplejson
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..core.errors import BadQuery, NotFound, StoreError
from ..core.stores import announcements
from ..models.loyalty_reporting_announcement import CHANNEL
from .common import FACTS
from .test_rest import RestCase

ROUTE = "/loyalty_reporting/dashboard"
DAYS = {"date_from": "2023-12-31", "date_to": "2024-02-05"}


@tagged("post_install", "-at_install")
class TestDashboard(RestCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls.user("dashboard_user")
        cls.points_only = cls.user("dashboard_points", group="points")

    def ask(self, given, user=None):
        model = self.env["loyalty.reporting.dashboard"].with_user(user or self.manager)
        answer = model._dashboard({"company_id": self.companies["a"].id, **given})
        return simplejson.loads(simplejson.dumps(answer), use_decimal=True)

    def test_its_figures_are_those_of_the_reports(self):
        totals = self.ask(DAYS)["panels"]["programs"]["totals"]
        # One fact more than FACTS: an order of 1.00, see RestCase.
        amount = sum(fact.amount for fact in FACTS) + 1
        self.assertEqual(totals["total_amount"], amount)
        sales = {fact.order for fact in FACTS if fact.is_sale}
        self.assertEqual(totals["total_transactions"], len(sales) + 1)

    def test_it_is_filtered_by_the_records_chosen(self):
        spring = self.key("program", "Spring")
        answer = self.ask({**DAYS, "programs": [spring]})
        rows = answer["panels"]["programs"]["data"]
        self.assertEqual([row["program_name"] for row in rows], ["Spring"])
        self.assertEqual(answer["programs"], [row["program_id"] for row in rows])

    def test_without_a_period_it_shows_the_last_facts(self):
        answer = self.ask({})
        self.assertEqual(answer["date_to"], "2024-02-05")
        self.assertEqual(answer["last_day"], "2024-02-05")

    def test_a_word_is_a_period_in_the_companys_zone(self):
        answer = self.ask({"period": "today"})
        self.assertEqual(answer["date_from"], answer["today"])
        date.fromisoformat(answer["today"])

    def test_another_company_is_as_one_that_there_is_not(self):
        theirs = self.companies["b"].id
        for number in (theirs, 2**30):
            with self.assertRaises(NotFound):
                self.ask({"company_id": number})

    def test_who_may_read_points_gets_the_panels_of_points(self):
        panels = self.ask(DAYS, self.points_only)["panels"]
        self.assertEqual({*panels}, {"points", "points_over_time"})

    def test_who_may_read_nothing_is_refused(self):
        with self.assertRaises(AccessError):
            self.ask(DAYS, self.user("dashboard_nobody", group=None))

    def test_a_panel_that_fails_says_why_and_the_others_are_there(self):
        reader = type(self.env["loyalty.reporting.reader"])
        answer_of = reader._answer

        def failing(self, query):
            if query.report.slug == "points/activity":
                raise StoreError("The report took longer than 30 s.")
            return answer_of(self, query)

        with patch.object(reader, "_answer", failing):
            answer = self.ask(DAYS)
        error = {"error": "The report took longer than 30 s."}
        self.assertEqual(answer["panels"]["points"], error)
        self.assertTrue(answer["panels"]["programs"]["data"])

    def test_a_fault_in_what_is_asked_is_named(self):
        for given in ({"programs": "1"}, {"stores": [True]}, {"company_id": "1"}):
            with self.assertRaises(BadQuery) as caught:
                self.ask({**DAYS, **given})
            self.assertEqual(caught.exception.parameter, *given)

    def test_the_browser_gets_it_with_its_session(self):
        self.manager.password = "dashboard_user"
        self.authenticate("dashboard_user", "dashboard_user")
        found = self.url_open(ROUTE, json={"params": DAYS}).json()["result"]
        self.assertIn("data", found["panels"]["programs"])

    def test_without_a_session_nobody_gets_it(self):
        found = self.url_open(ROUTE, json={"params": DAYS}).json()
        self.assertEqual(found["error"]["data"]["problem"]["status"], 401)


@tagged("post_install", "-at_install")
class TestAnnouncement(RestCase):
    def channels(self, user, asked=(CHANNEL,)):
        websocket = self.env["ir.websocket"].with_user(user)
        with patch(
            "odoo.addons.bus.models.ir_websocket.wsrequest", self.session_of(user)
        ):
            return websocket._build_bus_channel_list([*asked])

    def session_of(self, user):
        class Request:
            class session:  # noqa: N801 (as Odoo has it)
                uid = user.id

        return Request

    def ours(self, user, **options):
        found = self.channels(user, **options)
        return [channel for channel in found if CHANNEL in str(channel)]

    def test_readers_hear_of_their_own_companies_alone(self):
        for group in ("user", "points", "membership", "promotions"):
            reader = self.user(f"hears_{group}", group=group)
            self.assertEqual(self.ours(reader), [(self.companies["a"], CHANNEL)])

    def test_who_may_read_nothing_hears_nothing(self):
        self.assertEqual(self.ours(self.user("hears_not", group=None)), [])

    def test_who_does_not_ask_hears_nothing(self):
        reader = self.user("asks_not")
        self.assertEqual(self.ours(reader, asked=()), [])

    def test_a_name_stands_for_no_company(self):
        reader = self.user("forges")
        theirs = f"{(self.companies['b'], CHANNEL)}"
        self.assertEqual(self.ours(reader, asked=[theirs]), [theirs])
        self.assertIsInstance(theirs, str)

    def test_a_message_names_families_and_holds_no_figure(self):
        company = self.companies["a"]
        changed = (7, {company.id: ["points", "promotions"]})
        bus = type(self.env["bus.bus"])
        with (
            patch.object(announcements, "take", return_value=changed),
            patch.object(bus, "_sendone") as sent,
        ):
            self.env["loyalty.reporting.announcement"]._announce(announcements.LOAD)
        [((channel, kind, message), _options)] = sent.call_args_list
        self.assertEqual(
            (channel[0].id, channel[1], kind), (company.id, CHANNEL, CHANNEL)
        )
        self.assertEqual(
            message,
            {
                "company_id": company.id,
                "families": ["points", "promotions"],
                "known": {"load": 7},
            },
        )

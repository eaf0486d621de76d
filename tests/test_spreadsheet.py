import base64
import json

from odoo.exceptions import AccessError, ValidationError
from odoo.tests import HttpCase, new_test_user, tagged

from .common import FACTS, Fact
from .members import MembersCase

NAMES = ("promotions", "membership", "points")
PREFIX = "loyalty_reporting"
# Fields of filters that a relation of the filter's model matches.
TYPES = {"relation": "many2one", "text": "char", "date": "date"}


@tagged("post_install", "-at_install")
class TestSpreadsheet(MembersCase):
    """The spreadsheet dashboards name what exists, and show who may read it what they may."""

    def dashboard(self, name, user=None):
        return self.env.ref(f"{PREFIX}.spreadsheet_dashboard_{name}").with_user(
            user or self.env.user
        )

    def document(self, name):
        return json.loads(self.dashboard(name).sudo().spreadsheet_data)

    def visible(self, user):
        """Return which of our dashboards a user sees, by name of their group."""
        shown = self.env["spreadsheet.dashboard"].with_user(user).search([])
        return {name for name in NAMES if self.dashboard(name) in shown}

    def sources(self, name):
        """Return (model, fields that are asked, fields that filters match) of a file."""
        document = self.document(name)
        for pivot in document["pivots"].values():
            fields = [measure["fieldName"] for measure in pivot["measures"]]
            fields += [row["fieldName"] for row in pivot["rows"]]
            yield pivot["model"], fields, pivot["fieldMatching"]
        for figure in document["sheets"][0]["figures"]:
            if "metaData" in figure["data"]:
                asked = figure["data"]["metaData"]
                fields = [by.partition(":")[0] for by in asked["groupBy"]]
                matching = figure["data"]["fieldMatching"]
                yield asked["resModel"], [asked["measure"], *fields], matching

    def totals(self, name, user):
        """Return what a user reads in the totals of each pivot: {(model, measure): value}."""
        found = {}
        for pivot in self.document(name)["pivots"].values():
            model = self.env[pivot["model"]].with_user(user)
            specs = [
                f"{m['fieldName']}:{model._fields[m['fieldName']].aggregator}"
                for m in pivot["measures"]
            ]
            rows = [
                row["fieldName"]
                + (f":{row['granularity']}" if "granularity" in row else "")
                for row in pivot["rows"]
            ]
            sets = [[], rows] if rows else [[]]
            [[total], *_groups] = model.formatted_read_grouping_sets([], sets, specs)
            found |= {(pivot["model"], spec): total[spec] for spec in specs}
        return found

    def add_everything(self):
        self.add(*FACTS)
        self.day(
            7, "2024-01-10", "Silver", transactions=1, spending=10, member_change=1
        )
        self.book(70, "2024-01-10", "earn", 100)
        self.roll_up()

    def test_every_field_exists_and_filters_match_fields_of_their_type(self):
        for name in NAMES:
            types = {
                asked["id"]: TYPES[asked["type"]]
                for asked in self.document(name)["globalFilters"]
            }
            for model, fields, matching in self.sources(name):
                self.assertFalse(set(fields) - set(self.env[model]._fields), model)
                for asked, match in matching.items():
                    field = self.env[model]._fields[match["chain"]]
                    self.assertEqual(field.type, match["type"], (model, asked))
                    self.assertEqual(field.type, types[asked], (model, asked))

    def test_a_filter_of_records_matches_fields_of_its_model(self):
        for name in NAMES:
            models = {
                asked["id"]: asked["modelName"]
                for asked in self.document(name)["globalFilters"]
                if asked["type"] == "relation"
            }
            for model, _fields, matching in self.sources(name):
                for asked in models.keys() & matching.keys():
                    field = self.env[model]._fields[matching[asked]["chain"]]
                    self.assertEqual(field.comodel_name, models[asked])

    def test_every_measure_is_one_of_a_pivot(self):
        for name in NAMES:
            for model, [measure, *_others], _matching in self.sources(name):
                self.assertTrue(self.env[model]._fields[measure].aggregator)

    def test_odoo_refuses_a_file_with_a_field_that_does_not_exist(self):
        document = self.document("points")
        document["pivots"]["1"]["measures"][0]["fieldName"] = "no_such_points"
        data = base64.b64encode(json.dumps(document).encode())
        with self.assertRaisesRegex(ValidationError, "no_such_points"):
            self.dashboard("points").write({"spreadsheet_binary_data": data})

    def test_what_figures_open_can_be_opened_by_who_sees_them(self):
        for name in NAMES:
            reader = self.user(f"reads {name}", group=name)
            visible = self.env["ir.ui.menu"].with_user(reader)._visible_menu_ids()
            document = self.document(name)
            menus = set(document["chartOdooMenusReferences"].values())
            self.assertTrue(menus)
            for menu in menus:
                self.assertIn(self.env.ref(menu).id, visible)
            for pivot in document["pivots"].values():
                action = self.env.ref(pivot["actionXmlId"])
                self.assertEqual(action.res_model, pivot["model"])

    def test_who_reads_one_kind_of_report_sees_its_dashboard_only(self):
        for name in NAMES:
            reader = self.user(f"reads {name}", group=name)
            self.assertEqual(self.visible(reader), {name})
            for other in set(NAMES) - {name}:
                with self.assertRaises(AccessError):
                    self.dashboard(other, reader).read(["spreadsheet_data"])

    def test_users_see_all_of_them_and_strangers_none(self):
        self.assertEqual(self.visible(self.user("reader")), set(NAMES))
        self.assertEqual(self.visible(self.user("stranger", group=None)), set())

    def test_nobody_changes_them_but_who_manages_dashboards(self):
        manager = self.user("manager", group="manager")
        with self.assertRaises(AccessError):
            self.dashboard("points", manager).write({"name": "Mine"})

    def test_every_question_is_answered_to_who_may_ask_it(self):
        self.add_everything()
        for name in NAMES:
            totals = self.totals(name, self.user(f"reads {name}", group=name))
            self.assertTrue(any(totals.values()), totals)

    def test_of_another_company_nothing_is_read(self):
        self.add_everything()
        for name in NAMES:
            other = self.user(f"other of {name}", company="b", group=name)
            self.assertFalse(any(self.totals(name, other).values()))

    def test_without_figures_of_the_company_samples_are_shown(self):
        self.add(Fact("9", "2024-01-01", "Spring", lines=(("1", "0"),), company="b"))
        for name in NAMES:
            reader = self.user(f"reads {name}", group=name)
            self.assertTrue(self.dashboard(name, reader)._dashboard_is_empty())
            sample = self.dashboard(name, reader)._get_sample_dashboard()
            self.assertEqual(sample["sheets"][0]["name"], "Dashboard")
        self.add_everything()
        for name in NAMES:
            reader = self.user(f"also reads {name}", group=name)
            self.assertFalse(self.dashboard(name, reader)._dashboard_is_empty())

    def test_the_menu_opens_the_dashboard(self):
        for name in NAMES:
            menu = self.env.ref(f"{PREFIX}.spreadsheet_dashboard_{name}_menu")
            self.assertEqual(
                menu.action.params, {"dashboard_id": self.dashboard(name).id}
            )


@tagged("post_install", "-at_install")
class TestSpreadsheetRoute(HttpCase):
    """What the browser gets of a dashboard."""

    def fetch(self, name, login):
        self.authenticate(login, login)
        dashboard = self.env.ref(f"{PREFIX}.spreadsheet_dashboard_{name}")
        return self.url_open(f"/spreadsheet/dashboard/data/{dashboard.id}")

    def test_it_is_given_to_who_may_read_it_only(self):
        group = f"{PREFIX}.group_loyalty_reporting_points"
        new_test_user(self.env, "points_only", groups=f"base.group_user,{group}")
        self.assertIn("snapshot", self.fetch("points", "points_only").json())
        self.assertEqual(self.fetch("promotions", "points_only").status_code, 403)

    def test_its_texts_are_translated_as_those_of_this_addon(self):
        dashboard = self.env.ref(f"{PREFIX}.spreadsheet_dashboard_points")
        self.assertEqual(dashboard._get_dashboard_translation_namespace(), PREFIX)

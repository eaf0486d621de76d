from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from ..core.settings import Settings
from ..core.stores.migrate import files, migrate
from ..hooks import created, uninstall_hook

OURS = (
    "^(fact_|promotion_|mv_promotion_|membership_|customer_(order|day)_|point_"
    "|customer_(month|spend)$|card_(state|past|lot|horizon|month)$|archived_"
    "|loyalty_reporting_)"
)


@tagged("post_install", "-at_install")
class TestInstallation(TransactionCase):
    """The addon comes whole and leaves nothing behind."""

    def objects(self):
        """Return the names of tables, views, sequences and functions of ours."""
        self.env.cr.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
            " AND relkind IN ('r', 'p', 'v', 'm', 'S') AND relname ~ %(ours)s"
            " UNION SELECT proname FROM pg_proc"
            " WHERE pronamespace = 'public'::regnamespace AND proname ~ %(ours)s",
            {"ours": OURS},
        )
        return {name for (name,) in self.env.cr.fetchall()}

    def test_the_schema_is_there_and_complete(self):
        self.assertLessEqual({name for _kind, name in created()}, self.objects())
        self.assertEqual(migrate(self.env.cr), [])

    def test_an_update_applies_what_is_missing(self):
        last = files("postgres")[-1].name
        uninstall_hook(self.env)
        self.assertEqual(migrate(self.env.cr)[-1], last)
        self.assertLessEqual({name for _kind, name in created()}, self.objects())

    def test_uninstalling_leaves_nothing_but_odoo_s_own_tables(self):
        self.env["ir.config_parameter"].set_param("loyalty_reporting.neutralized", "1")
        # A month amid its way into the archive is no partition any more.
        month = "point_analytics_data_200103"
        self.env.cr.execute(f"CREATE TABLE {month} (LIKE point_analytics_data)")
        uninstall_hook(self.env)
        models = [
            model
            for name, model in self.env.registry.items()
            if name.startswith("loyalty.reporting.") and model._auto
        ]
        own = {model._table for model in models}
        fields = (field for model in models for field in model._fields.values())
        own |= {field.relation for field in fields if field.type == "many2many"}
        # Odoo drops the tables that its ORM made, and their sequences.
        left = {name.removesuffix("_id_seq") for name in self.objects()}
        self.assertLessEqual(left, own)
        self.assertNotIn("loyalty_reporting_schema", self.objects())
        self.assertFalse(
            self.env["ir.config_parameter"].search(
                [("key", "like", "loyalty_reporting.")]
            )
        )

    def test_uninstalling_says_what_stays_elsewhere_without_passwords(self):
        settings = Settings(
            clickhouse_url="clickhouse://u:hush@copy.example:9000/loyalty",
            redis_url="redis://:hush@cache.example/0",
            stream_url="kafka://u:hush@events.example/topic",
        )
        pipeline = self.env.registry["loyalty.reporting.pipeline"]
        with (
            patch.object(pipeline, "_settings", lambda _self: settings),
            self.assertLogs("odoo.addons.loyalty_reporting.hooks", "WARNING") as logs,
        ):
            uninstall_hook(self.env)
        said = " ".join(logs.output)
        for host in ("copy.example", "cache.example", "events.example"):
            self.assertIn(host, said)
        self.assertNotIn("hush", said)

    def test_every_model_is_documented_and_described(self):
        for name, model in self.env.registry.items():
            if name.startswith(("loyalty.reporting.", "promotion.")):
                self.assertNotEqual(model._description, name)

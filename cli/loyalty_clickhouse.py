"""``odoo-bin loyalty_clickhouse rebuild -d DATABASE``: the copy in ClickHouse.

Odoo loads a command without its addon: only absolute imports work here.
"""

import sys

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config

ACTIONS = {"push": "_push", "rebuild": "_rebuild"}


class Loyalty_Clickhouse(Command):  # noqa: N801 (the file's name decides)
    """Push to ClickHouse what is new, or rebuild it from PostgreSQL."""

    def run(self, args):
        """Run ``push`` or ``rebuild``; the exit status is 1 if it failed."""
        if not args or args[0] not in ACTIONS:
            sys.exit(
                f"Usage: {self.prog} {'|'.join(ACTIONS)} -d DATABASE [-c odoo.conf]"
            )
        config.parse_config([*args[1:], "--no-http"], setup_logging=True)
        databases = config["db_name"]
        if len(databases) != 1:
            sys.exit("Name one database: -d DATABASE")
        with Registry(databases[0]).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            result = getattr(env["loyalty.reporting.pipeline"], ACTIONS[args[0]])()
        rows = f"{result.counts.rows_loaded} rows."
        sys.stdout.write(f"{result.state}: {rows} {result.message}".strip() + "\n")
        if result.state != "done":
            sys.exit(1)

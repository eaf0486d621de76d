"""What Odoo cannot know by itself when the addon goes."""

import re
import shutil

from odoo.tools import SQL

from .core.sources.odoo import triggers
from .core.stores.migrate import files

_CREATED = re.compile(
    r"^CREATE (TABLE|SEQUENCE|FUNCTION|VIEW|MATERIALIZED VIEW) (\w+)", re.MULTILINE
)


def uninstall_hook(env):
    """Drop all that the pipeline's schema files created, with the data in it.

    And all that stands on Odoo's own tables.
    """
    triggers.drop(env.cr)
    for kind, name in reversed(created()):
        env.cr.execute(
            SQL("DROP %s IF EXISTS %s CASCADE", SQL(kind), SQL.identifier(name))
        )
    env.cr.execute("DROP TABLE IF EXISTS loyalty_reporting_schema")
    shutil.rmtree(env["loyalty.reporting.export.job"]._folder().path(""), True)
    env["ir.config_parameter"].sudo().search(
        [("key", "=like", "loyalty_reporting.%")]
    ).unlink()


def created():
    """Return (kind, name) of each database object, in the order of creation."""
    return [
        found
        for file in files("postgres")
        for found in _CREATED.findall(file.read_text(encoding="utf-8"))
    ]

"""What commands share: the environment of the database that their options name.

No command has its name, as theirs begin with a letter. They load it by its path: Odoo loads
a command without its addon, where no import finds what lies beside it.
"""

import sys
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config


@contextmanager
def environment(args):
    """Give the superuser's environment in the one database that Odoo's options name."""
    config.parse_config([*args, "--no-http"], setup_logging=True)
    databases = config["db_name"]
    if len(databases) != 1:
        sys.exit("Name one database: -d DATABASE")
    with Registry(databases[0]).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {})


def told(result):
    """Return how a run ended, in a line."""
    return f"{result.state}: {result.message}".rstrip(" :") + "\n"

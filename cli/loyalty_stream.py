"""``odoo-bin loyalty_stream -d DATABASE [source]``: load events while they come.

Odoo loads a command without its addon: only absolute imports work here.
"""

import signal
import sys
import threading

from odoo import SUPERUSER_ID, api
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class Loyalty_Stream(Command):  # noqa: N801 (the file's name decides)
    """Load the events of a stream into the reports until it is told to end."""

    def run(self, args):
        """Run until SIGTERM or SIGINT; the exit status is 1 if it failed.

        The first argument may be the code of the source; by default it is the only
        active one of type stream.
        """
        code = args.pop(0) if args and not args[0].startswith("-") else None
        config.parse_config([*args, "--no-http"], setup_logging=True)
        databases = config["db_name"]
        if len(databases) != 1:
            sys.exit("Name one database: -d DATABASE")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: stop.set())
        with Registry(databases[0]).cursor() as cr:
            env = api.Environment(cr, SUPERUSER_ID, {})
            consume = env["loyalty.reporting.pipeline"]._consumer(_source(env, code))
        sys.stdout.write("loyalty_stream: loading events until SIGTERM\n")
        sys.stdout.flush()
        # No transaction of ours stays open while events are awaited.
        result = consume(stop=stop)
        rows = f"{result.counts.rows_loaded} rows."
        sys.stdout.write(f"{result.state}: {rows} {result.message}".strip() + "\n")
        if result.state == "failed":
            sys.exit(1)


def _source(env, code):
    domain = [("type", "=", "stream")]
    found = env["loyalty.reporting.source"].search(
        [*domain, ("code", "=", code)] if code else domain
    )
    if len(found) != 1:
        known = ", ".join(env["loyalty.reporting.source"].search(domain).mapped("code"))
        sys.exit(f"Name one active source of type stream: {known or 'there is none'}")
    return found

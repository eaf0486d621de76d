"""``odoo-bin loyalty_grpc -d DATABASE``: the reports over gRPC.

Odoo loads a command without its addon: only absolute imports work here.
"""

import signal
import sys
import threading

from odoo import SUPERUSER_ID, api, sql_db
from odoo.cli import Command
from odoo.modules.registry import Registry
from odoo.tools import config


class Loyalty_Grpc(Command):  # noqa: N801 (the file's name decides)
    """Serve the reports over gRPC until it is told to end."""

    def run(self, args):
        """Run until SIGTERM or SIGINT; a wrong setting ends it at once."""
        config.parse_config([*args, "--no-http"], setup_logging=True)
        databases = config["db_name"]
        if len(databases) != 1:
            sys.exit("Name one database: -d DATABASE")
        stop = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_signal: stop.set())
        server = _server(databases[0])
        server.start()
        _say(f"loyalty_grpc: serving at port {server.port} until SIGTERM")
        stop.wait()
        server.stop()
        sql_db.close_all()
        _say("loyalty_grpc: stopped")


def _server(database):
    """Return the server of a database.

    Its modules are loaded first: with them comes what the imports need.
    """
    with Registry(database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        if "loyalty.reporting.pipeline" not in env:
            sys.exit(f"Loyalty Reporting is not installed in {database}.")
        settings = env["loyalty.reporting.pipeline"]._settings()
    # pylint: disable=import-outside-toplevel
    from odoo.addons.loyalty_reporting.controllers import grpc_sessions  # noqa: PLC0415
    from odoo.addons.loyalty_reporting.core.api.grpc import server  # noqa: PLC0415
    from odoo.addons.loyalty_reporting.core.errors import (  # noqa: PLC0415
        ConfigurationError,
    )

    sessions = grpc_sessions.Sessions(database)
    try:
        return server.Server(
            settings, sessions, grpc_sessions.document_of, sessions.answers
        )
    except ConfigurationError as error:
        sys.exit(str(error))


def _say(words):
    sys.stdout.write(words + "\n")
    sys.stdout.flush()

"""``odoo-bin loyalty_erasure list|run -d DATABASE``: erasures that are not done.

Odoo loads a command without its addon: only absolute imports work here.
"""

import sys
from pathlib import Path

from odoo.cli import Command
from odoo.modules import load_script

database = load_script(str(Path(__file__).with_name("_database.py")), "_database")
ACTIONS = ("list", "run")


class Loyalty_Erasure(Command):  # noqa: N801 (the file's name decides)
    """List erasures that are not done, or go on with them until they are."""

    def run(self, args):
        """Do it; the exit status is 1 if one could not be done."""
        if not args or args[0] not in ACTIONS:
            sys.exit(
                f"Usage: {self.prog} {'|'.join(ACTIONS)} -d DATABASE [-c odoo.conf]"
            )
        action, *args = args
        with database.environment(args) as env:
            unfinished = env["loyalty.reporting.erasure"].search(
                [("state", "!=", "done")], order="id"
            )
            if action == "list":
                sys.stdout.write("".join(map(_listed, unfinished)))
                return
            numbers = unfinished.ids
            erase = env["loyalty.reporting.pipeline"]._eraser()
        # No transaction of ours stays open for the hours that this may take.
        states = [_erased(erase, number) for number in numbers]
        if any(state != "done" for state in states):
            sys.exit(1)


def _listed(erasure):
    asked = f"{erasure.requested_at:%Y-%m-%d %H:%M}"
    return f"{erasure.id}\t{asked}\t{erasure.state}\t{erasure.message or ''}\n"


def _erased(erase, number):
    """Go on with an erasure, and say how it ended. Returns the state."""
    result = erase(number)
    sys.stdout.write(f"Erasure {number}: {database.told(result)}")
    sys.stdout.flush()
    return result.state

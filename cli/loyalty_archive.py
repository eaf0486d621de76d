"""``odoo-bin loyalty_archive list|run|verify|restore|claim [YYYY-MM …] -d DATABASE``.

Odoo loads a command without its addon: only absolute imports work here.
"""

import re
import sys
from datetime import date
from pathlib import Path

from odoo.cli import Command
from odoo.modules import load_script

database = load_script(str(Path(__file__).with_name("_database.py")), "_database")
ACTIONS = ("list", "run", "verify", "restore", "claim")
# What is not done to months.
WHOLE = ("run", "claim")


class Loyalty_Archive(Command):  # noqa: N801 (the file's name decides)
    """List, verify and restore archived months, archive what is due, take archives over."""

    def run(self, args):
        """Do it; the exit status is 1 if it failed.

        Months are named as 2017-03; none are all of them, but for ``restore``.
        """
        if not args or args[0] not in ACTIONS:
            sys.exit(
                f"Usage: {self.prog} {'|'.join(ACTIONS)} [YYYY-MM …] -d DATABASE"
                " [-c odoo.conf]"
            )
        action, *args = args
        months, args = _months(action, args)
        with database.environment(args) as env:
            archive = env["loyalty.reporting.archive"]
            known = archive.search([]).mapped("month")
            for month in sorted({*months} - {*known}):
                sys.exit(f"{month:%Y-%m} was never archived.")
            if action == "list":
                sys.stdout.write(_listed(archive, months))
                return
            chosen = [] if action in WHOLE else [months or known]
            result = getattr(archive, f"_{action}")(*chosen)
        sys.stdout.write(database.told(result))
        if result.state not in ("done", "partial"):
            sys.exit(1)


def _months(action, args):
    """Return (the first days of the months that are named, the other arguments)."""
    months = []
    while args and re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", args[0]):
        months.append(date.fromisoformat(f"{args.pop(0)}-01"))
    if args and not args[0].startswith("-"):
        sys.exit(f"{args[0]} is no month: name it as 2017-03.")
    if action == "restore" and not months:
        sys.exit("Name the months to restore, as 2017-03.")
    if action in WHOLE and months:
        sys.exit(f"{action} is for all months that it concerns: name none.")
    return months, args


def _listed(archive, months):
    domain = [("month", "in", months)] if months else []
    lines = [
        f"{month.month:%Y-%m}\t{month.tier}\t{file.table_name}\t{file.rows}\t{int(file.bytes)}"
        f"\t{month.generation}\t{month.state}\t{month.location}/{file.path}\n"
        for month in archive.search(domain, order="month, tier desc")
        for file in month.file_ids
    ]
    return "".join(
        ["month\ttier\ttable\trows\tbytes\tgeneration\tstate\tfile\n", *lines]
    )

"""The dashboard in Chromium beside a list of Odoo's own: how soon it can be used."""

import os
import statistics
import time
from itertools import count

from .. import machine
from ..browser import chromium, window
from . import demo
from .live import session_of

ROUNDS = int(os.environ.get("ROUNDS", "5"))
LIST = ("action-base.action_res_users", ".o_list_renderer .o_data_row")
TILES = ".o_loyalty_tile_value"
# Periods that nobody asked for yet: each is a year that begins on another day.
DAYS = count(1)


def main():
    """Milliseconds until a page can be used: the dashboard, and Odoo's list of users."""
    os.environ["LIVE"] = "0"
    known = demo.running().demo_variables()
    session, url = session_of(known), known["ODOO_URL"]
    with chromium(machine.ensure_chromium()) as browser:
        measured = {}
        for _round in range(ROUNDS + 1):
            context = window(browser, url, session.session)
            asked = _dashboard()
            for label, (path, ready) in {
                "list of users, new browser": LIST,
                "list of users": LIST,
                "dashboard, never asked": asked,
                "dashboard, asked before": asked,
            }.items():
                found = _opened(context, f"{url}/odoo/{path}", ready)
                measured.setdefault(label, []).append(found)
            context.close()
            context = window(browser, url, session.session)
            found = _opened(context, f"{url}/odoo/{asked[0]}", asked[1])
            measured.setdefault("dashboard, new browser", []).append(found)
            context.close()
    measured = {label: found[1:] for label, found in measured.items()}  # warmed up
    base = measured["list of users"]
    for label, found in measured.items():
        ratio = statistics.median(a / b for a, b in zip(found, base, strict=True))
        print(f"{label:28} {statistics.median(found):7.0f} ms   ratio {ratio:5.2f}")


def _dashboard():
    day = next(DAYS)
    month, number = divmod(day, 28)
    begin = f"2016-{month + 1:02}-{number + 1:02}"
    return f"loyalty-dashboard?date_from={begin}&date_to=2017-12-31", TILES


def _opened(context, address, ready):
    """Return milliseconds until a page shows what it is for."""
    page = context.new_page()
    begun = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.locator(ready).first.wait_for()
    milliseconds = 1000 * (time.perf_counter() - begun)
    page.close()
    return milliseconds

"""Pictures of the addon for its page and README, taken from the running demo.

``make screenshots`` writes ``static/description/screen_<name>.png``;
``make screenshots NAMES="dashboard sources"`` only these, ``TO=<folder>`` elsewhere.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page

from . import environment, machine
from .bench import demo
from .browser import chromium, window
from .errors import SetupError

FOLDER = Path(__file__).resolve().parent.parent / "static" / "description"
YEAR = "date_from=2017-01-01&date_to=2017-12-31"


def _settled(page: Page) -> None:
    """Wait for Odoo to have asked all it asks for, and for charts to have grown."""
    page.locator(".o_action_manager > *, .modal").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)


def _dashboard(page: Page) -> None:
    page.locator(".o_loyalty_tile").first.wait_for()


def _wizard(page: Page) -> None:
    page.locator(".modal .o_form_view").wait_for()


@dataclass(frozen=True)
class Shot:
    """A picture.

    ``path``: within the web client; ``ready``: waits for what it must show, or brings it
    about; ``window``: Playwright's options.
    """

    name: str
    path: str
    ready: Callable[[Page], None] = _settled
    window: dict | None = None


SHOTS = (
    Shot("dashboard", f"loyalty-dashboard?{YEAR}", _dashboard),
    Shot(
        "dashboard_narrow",
        f"loyalty-dashboard?{YEAR}",
        _dashboard,
        {"viewport": {"width": 420, "height": 900}},
    ),
    Shot("promotions", "promotion-performance"),
    Shot("membership", "membership-analytics"),
    Shot("points", "point-activity"),
    Shot("export", "action-loyalty_reporting.loyalty_reporting_export_action", _wizard),
    Shot("sources", "action-loyalty_reporting.loyalty_reporting_source_action"),
    Shot("runs", "action-loyalty_reporting.loyalty_reporting_run_action"),
    Shot(
        "reconciliation",
        "action-loyalty_reporting.loyalty_reporting_reconciliation_action",
    ),
    Shot(
        "dead_letters", "action-loyalty_reporting.loyalty_reporting_dead_letter_action"
    ),
    Shot("clickhouse", "action-loyalty_reporting.loyalty_reporting_clickhouse_action"),
    Shot("settings", "action-loyalty_reporting.res_config_settings_action"),
)


def main(names: list[str]) -> None:
    """Take the pictures named, or all of them.

    :raises SetupError: a name that is none, or the demo does not run
    """
    known = {shot.name: shot for shot in SHOTS}
    if unknown := set(names) - set(known):
        raise SetupError(f"no such picture: {' '.join(sorted(unknown))}")
    serving = demo.running()
    url = environment.odoo_url(serving.instance, serving.state)
    folder = Path(os.environ.get("TO") or FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    with chromium(machine.ensure_chromium()) as browser:
        session = _session(browser, url)
        for name in names or known:
            shot = known[name]
            context = window(browser, url, session, **(shot.window or {}))
            page = context.new_page()
            page.goto(f"{url}/odoo/{shot.path}")
            shot.ready(page)
            _settled(page)
            page.screenshot(path=folder / f"screen_{name}.png")
            context.close()
            print(f"{folder / f'screen_{name}.png'} written", flush=True)


def _session(browser, url: str) -> str:
    """Log in as a user does; the session's cookie."""
    page = browser.new_page()
    page.goto(f"{url}/web/login")
    page.fill("input[name=login]", environment.LOGIN)
    page.fill("input[name=password]", environment.PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/odoo**", timeout=90_000)
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    page.close()
    return cookies["session_id"]


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(f"screenshots: {error}")

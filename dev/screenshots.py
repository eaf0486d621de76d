"""Pictures of the addon for its page and README, taken from the running demo.

``make screenshots`` writes ``static/description/screen_<name>.png`` and the banner;
``make screenshots NAMES="dashboard sources"`` only these, ``TO=<folder>`` elsewhere.
"""

import os
import sys
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page

from . import environment, machine
from .bench import demo
from .browser import chromium, window
from .errors import SetupError

FOLDER = Path(__file__).resolve().parent.parent / "static" / "description"
YEAR = "date_from=2017-01-01&date_to=2017-12-31"
OURS = "action-loyalty_reporting.loyalty_reporting_"
COLOURS = 256
BANNER = """
<body style="margin:0;width:1120px;height:560px;background:#714b67;color:#fff;
  font-family:system-ui,'DejaVu Sans',sans-serif;overflow:hidden;position:relative">
<img src="{icon}" style="position:absolute;left:48px;top:44px;width:96px">
<h1 style="position:absolute;left:168px;top:30px;font-size:54px;margin:0">{name}</h1>
<p style="position:absolute;left:170px;top:100px;font-size:25px;margin:0">{summary}</p>
<img src="{picture}" style="position:absolute;left:48px;top:176px;width:1024px;
  border-radius:10px;box-shadow:0 8px 30px rgba(0,0,0,.45)">
"""


def _settled(page: Page) -> None:
    """Wait for Odoo to have asked all it asks for, and for charts to have grown."""
    page.locator(".o_action_manager > *, .modal").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(1500)


def _dashboard(page: Page) -> None:
    page.locator(".o_loyalty_tile").first.wait_for()


def _spreadsheet(page: Page) -> None:
    page.locator(".o-spreadsheet").wait_for()
    page.wait_for_load_state("networkidle")


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
    Shot("promotions", "promotion-performance"),
    Shot("membership", "membership-analytics"),
    Shot(
        "spreadsheet",
        "action-loyalty_reporting.spreadsheet_dashboard_promotions_action",
        _spreadsheet,
    ),
    Shot("export", f"{OURS}export_action"),
    Shot("sources", f"{OURS}source_action"),
    Shot("runs", f"{OURS}run_action"),
    Shot("settings", "action-loyalty_reporting.res_config_settings_action"),
    Shot("first_steps", "loyalty-first-steps"),
)
NAMES = (*(shot.name for shot in SHOTS), "banner")


def main(names: list[str]) -> None:
    """Take the pictures named, or all of them.

    :raises SetupError: a name that is none, or the demo does not run
    """
    if unknown := set(names) - set(NAMES):
        raise SetupError(f"no such picture: {' '.join(sorted(unknown))}")
    os.environ["LIVE"] = "0"
    serving = demo.running()
    known = serving.demo_variables()
    folder = Path(os.environ.get("TO") or FOLDER)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = set(names or NAMES)
    with chromium(machine.ensure_chromium()) as browser:
        session = _session(browser, known["ODOO_URL"])
        for shot in (shot for shot in SHOTS if shot.name in wanted):
            context = window(browser, known["ODOO_URL"], session, **(shot.window or {}))
            page = context.new_page()
            page.goto(f"{known['ODOO_URL']}/odoo/{shot.path}")
            _settled(page)
            shot.ready(page)
            _settled(page)
            page.screenshot(path=_path(folder, shot.name))
            context.close()
            _written(_path(folder, shot.name))
        if "banner" in wanted:
            _banner(browser, folder)


def _path(folder: Path, name: str) -> Path:
    return folder / f"screen_{name}.png"


def _written(path: Path) -> None:
    """Make a picture small: a page has few colours."""
    Image.open(path).convert("RGB").quantize(COLOURS).save(path, optimize=True)
    print(f"{path} written", flush=True)


def _session(browser: Browser, url: str) -> str:
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


def _banner(browser: Browser, folder: Path) -> None:
    """The addon's name above its dashboard, as the apps page shows it."""
    page = browser.new_page(viewport={"width": 1120, "height": 560})
    page.set_content(
        BANNER.format(
            icon=_inline(FOLDER / "icon.png"),
            picture=_inline(_path(folder, "dashboard")),
            name="Loyalty Reporting",
            summary="Promotions, membership and points: live, and right to the cent",
        )
    )
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / "banner.png")
    page.close()
    _written(folder / "banner.png")


def _inline(path: Path) -> str:
    return f"data:image/png;base64,{b64encode(path.read_bytes()).decode()}"


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except SetupError as error:
        sys.exit(f"screenshots: {error}")

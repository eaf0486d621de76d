"""Pictures of the addon for its page and README, taken from the running demo.

``make screenshots`` writes ``static/description/screen_<name>.png`` and the banner;
``make screenshots NAMES="dashboard sources"`` only these, ``TO=<folder>`` elsewhere.
"""

import os
import sys
from base64 import b64encode
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

from PIL import Image
from playwright.sync_api import Browser, Page, TimeoutError

from . import environment, machine
from .bench import demo
from .browser import chromium, window
from .errors import SetupError
from .odoo_client import Client
from .till import PRODUCT, Till, contact, shop

FOLDER = Path(__file__).resolve().parent.parent / "static" / "description"
YEAR = "date_from=2017-01-01&date_to=2017-12-31"
OURS = "action-loyalty_reporting.loyalty_reporting_"
COLOURS = 256
# Milliseconds in which charts grow and dialogs come.
CALM = 1500
# Milliseconds after which a page is taken to be quiet.
PATIENCE = 10_000
# A customer of the history, and its last day.
CUSTOMER, LAST_DAY = 7, "2017-12-31"
BANNER = """
<body style="margin:0;width:1120px;height:560px;background:#714b67;color:#fff;
  font-family:system-ui,'DejaVu Sans',sans-serif;overflow:hidden;position:relative">
<img src="{icon}" style="position:absolute;left:48px;top:44px;width:96px">
<h1 style="position:absolute;left:168px;top:30px;font-size:54px;margin:0">{name}</h1>
<p style="position:absolute;left:170px;top:100px;font-size:25px;margin:0">{summary}</p>
<img src="{picture}" style="position:absolute;left:48px;top:176px;width:1024px;
  border-radius:10px;box-shadow:0 8px 30px rgba(0,0,0,.45)">
"""


def _settled(page: Page, _odoo: Client | None = None) -> None:
    """Wait for Odoo to have asked all it asks for.

    Playwright hears of the websocket's worker that it is asked for, and not always of its end.
    """
    page.locator(".o_action_manager > *, .modal").first.wait_for()
    with suppress(TimeoutError):
        page.wait_for_load_state("networkidle", timeout=PATIENCE)


def _dashboard(page: Page, _odoo: Client) -> None:
    page.locator(".o_loyalty_tile").first.wait_for()
    _settled(page)


def _spreadsheet(page: Page, _odoo: Client) -> None:
    page.locator(".o-spreadsheet").wait_for()
    _settled(page)


def _till(page: Page, odoo: Client) -> None:
    """A customer's standing at the till, at the end of the history."""
    till = Till(SimpleNamespace(page=page, url=odoo.url), shop(odoo))
    till.ask_as_of(LAST_DAY)
    till.choose(contact(odoo, CUSTOMER))
    page.locator(".product", has_text=PRODUCT).click()
    till.open_standing()
    till.read()
    # What Odoo said of its search for the customer.
    page.locator(".o_notification").first.wait_for(state="detached")


@dataclass(frozen=True)
class Shot:
    """A picture.

    ``path``: within the web client; ``ready``: function of the page and of Odoo, waits for
    what it must show, or brings it about; ``window``: Playwright's options.
    """

    name: str
    path: str
    ready: Callable[[Page, Client], None] = _settled
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
    Shot("till", "loyalty", _till, {"viewport": {"width": 1200, "height": 800}}),
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
    url, database = known["ODOO_URL"], environment.DEMO_DATABASE
    odoo = Client(url, database, environment.LOGIN, environment.PASSWORD)
    with chromium(machine.ensure_chromium()) as browser:
        for shot in (shot for shot in SHOTS if shot.name in wanted):
            context = window(browser, url, odoo.session, **(shot.window or {}))
            page = context.new_page()
            page.goto(f"{url}/odoo/{shot.path}")
            shot.ready(page, odoo)
            page.wait_for_timeout(CALM)
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

"""A browser in front of a running Odoo that has the engine's whole history.

``make test`` starts it with a database of its own; by hand, the variables of the demo do:
``set -a; eval "$(make -s env)"; set +a``.
"""

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
for path in (ROOT, ROOT / "tests", ROOT / "tests" / "integration"):
    if str(path) not in sys.path:
        sys.path.insert(0, str(path))

from screen import Screen  # noqa: E402
from till_fixtures import partner, till, till_config  # noqa: E402, F401

from dev.browser import chromium, window  # noqa: E402
from dev.odoo_client import Client  # noqa: E402

# What Odoo itself misses: a file of optional background effects, not packaged by Debian.
HARMLESS = ("selfie_segmentation",)


@pytest.fixture(scope="session")
def odoo():
    """Odoo as the administrator, over JSON-RPC."""
    return Client(os.environ["ODOO_URL"], os.environ["ODOO_DB"], "admin", "admin")


@pytest.fixture(scope="session")
def browser():
    """A Chromium without windows."""
    if "LR_CHROMIUM" not in os.environ:
        pytest.skip("Chromium is not installed")
    with chromium(os.environ["LR_CHROMIUM"]) as browser:
        yield browser


@pytest.fixture
def open_screen(browser, odoo):
    """Function that logs a user in, in a window of their own; returns a :class:`Screen`.

    A screen that complained in the console fails its test, unless it says that it may.
    """
    screens = []

    def open_as(client=odoo, **options):
        context = window(browser, client.url, client.session, **options)
        screen = Screen(context.new_page(), client.url)
        screens.append(screen)
        return screen

    yield open_as
    complaints = []
    for screen in screens:
        complaints += screen.complaints
        screen.page.context.close()
    complaints = [c for c in complaints if not any(word in c for word in HARMLESS)]
    assert complaints == []


@pytest.fixture
def screen(open_screen):
    """The administrator's screen."""
    return open_screen()


@pytest.fixture(scope="session")
def user_of(odoo):
    """Function that returns a user of one of our groups, such as ``points``."""

    def user_of_group(group):
        login = f"screens_{group}"
        values = {
            "name": f"Screens {group}",
            "login": login,
            "password": login,
            "group_ids": [
                odoo.ref("base.group_user"),
                odoo.ref(f"loyalty_reporting.group_loyalty_reporting_{group}"),
            ],
        }
        if not odoo.call("res.users", "search", [["login", "=", login]]):
            odoo.call("res.users", "create", [values])
        return Client(odoo.url, odoo.database, login, login)

    return user_of_group

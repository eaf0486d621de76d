"""A Chromium without windows, in which a user of Odoo is logged in."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, sync_playwright

_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
# Milliseconds: Odoo makes its scripts and styles when the first page asks for them.
_PATIENCE = 90_000


@contextmanager
def chromium(program: str) -> Iterator[Browser]:
    """``program``: its path."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=_OPTIONS)
        yield browser
        browser.close()


def window(browser: Browser, url: str, session: str, **options) -> BrowserContext:
    """A window of its own in which ``session`` (the cookie's value) is logged in.

    ``options``: Playwright's, such as ``viewport``.
    """
    usual = {"viewport": {"width": 1400, "height": 900}, "locale": "en-US"}
    context = browser.new_context(**{**usual, **options})
    context.set_default_timeout(_PATIENCE)
    context.set_default_navigation_timeout(_PATIENCE)
    context.add_cookies([{"name": "session_id", "value": session, "url": url}])
    return context

"""A page in the browser: where it is, what it complained of, and who could not use it."""

import os
from pathlib import Path

import pytest

SERIOUS = ("serious", "critical")
# Of Odoo itself: the field of its autocomplete says more than its role allows.
OF_ODOO = (".o-autocomplete--input",)


class Screen:
    """One window of a logged-in user.

    :ivar page: Playwright's page
    :ivar complaints: what the page wrote into the console as errors, until now
    """

    def __init__(self, page, url):
        self.page, self.url = page, url
        self.complaints = []
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self._asked = set()
        page.on("request", self._asks)
        page.on("requestfinished", self._is_told)
        page.on("requestfailed", self._is_told)

    def go(self, path):
        """Open an address of the web client, such as ``loyalty``; waits for its content."""
        self.page.goto(f"{self.url}/odoo/{path}")
        self.page.locator(".o_action_manager > *, .modal").first.wait_for()

    def settle(self):
        """Wait until the page has asked nothing for half a second, or ten seconds.

        Parts of Odoo may ask on and on: what a test needs beyond that it waits for itself.
        Playwright's own "networkidle" never comes: it does not hear that the script of the
        websocket's worker has come.
        """
        quiet, steps = 0, 100
        while quiet < 5 and steps:
            self.page.wait_for_timeout(100)
            quiet = 0 if self._asked else quiet + 1
            steps -= 1

    def _asks(self, request):
        if "/bus/websocket_worker_bundle" not in request.url:
            self._asked.add(request)

    def _is_told(self, request):
        self._asked.discard(request)

    def forget_complaints(self):
        """What was complained of was meant to be, such as a server that is away."""
        self.complaints.clear()

    def picture(self, name):
        """Write a picture into the folder LR_SCREENSHOTS, if there is one."""
        if folder := os.environ.get("LR_SCREENSHOTS"):
            self.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)

    def faults(self, selector):
        """Return what axe-core finds seriously wrong within a selector, as sentences."""
        if "LR_AXE" not in os.environ:
            pytest.skip("axe-core is not installed: npm is missing")
        if not self.page.evaluate("typeof axe !== 'undefined'"):
            self.page.add_script_tag(path=os.environ["LR_AXE"])
        looked_at = {"include": [selector], "exclude": [[one] for one in OF_ODOO]}
        found = self.page.evaluate("looked_at => axe.run(looked_at)", looked_at)
        return [
            f"{fault['id']}: {fault['help']}: {node['html'][:200]}"
            for fault in found["violations"]
            if fault["impact"] in SERIOUS
            for node in fault["nodes"]
        ]

    def _heard(self, message):
        if message.type == "error":
            self.complaints.append(f"{message.text} {message.location.get('url', '')}")

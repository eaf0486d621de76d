"""A till of Odoo's Point of Sale, as a cashier uses it."""

import json
from contextlib import suppress

from playwright.sync_api import TimeoutError

STANDING = "/api/v1/standing"
CONFIG, METHOD, PRODUCT = "Loyalty till", "Loyalty terminal", "Loyalty product"
NARROW = {"viewport": {"width": 390, "height": 780}, "has_touch": True}


def ensure(odoo, model, name, **values):
    """Return the number of the record of that name, made if need be."""
    known = odoo.call(model, "search", [["name", "=", name]])
    return known[0] if known else odoo.call(model, "create", {"name": name, **values})


def shop(odoo):
    """Return the number of a till with one way of paying and one product, open."""
    [bank, *_] = odoo.call("account.journal", "search", [["type", "=", "bank"]])
    method = ensure(odoo, "pos.payment.method", METHOD, journal_id=bank)
    ensure(
        odoo, "product.product", PRODUCT, available_in_pos=True, list_price=10,
        type="consu", taxes_id=[[5, 0, 0]],
    )  # fmt: skip
    config = ensure(odoo, "pos.config", CONFIG, payment_method_ids=[[6, 0, [method]]])
    odoo.call("pos.config", "open_ui", [config])
    domain = [["config_id", "=", config], ["state", "=", "opening_control"]]
    if sessions := odoo.call("pos.session", "search", domain):
        odoo.call("pos.session", "set_opening_control", sessions, 0, "")
    return config


def contact(odoo, household):
    """Return the contact of a customer of the history, by the engine's number."""
    domain = [["ref", "=", str(household)]]
    [partner] = odoo.call("res.partner", "search_read", domain, ["name"])
    return partner


class Till:
    """A page with the Point of Sale.

    :param screen: what has the ``page`` of a logged-in user and Odoo's ``url``
    :ivar asked: bodies of the questions about standings, so far
    :ivar popup: where the standing is shown
    """

    def __init__(self, screen, config):
        self.page, self.screen = screen.page, screen
        self.asked = []
        self.page.on("request", self._sent)
        self.page.goto(f"{screen.url}/pos/ui/{config}")
        self.popup = self.page.locator(".o_loyalty_standing")
        self.button = self.page.locator(".product-screen .o_loyalty_standing_button")
        register = self.page.locator(".open-register-btn")
        register.or_(self.page.locator(".product-screen")).first.wait_for(
            timeout=90_000
        )
        if register.is_visible():
            register.click()
        self.page.locator(".product-screen").wait_for()

    def choose(self, partner, is_known=False):
        """Make a contact the order's customer.

        :param is_known: the till has met him before, and asks no server
        """
        self.page.locator(".set-partner").first.click()
        dialog = self.page.locator(".modal")
        search = dialog.locator("input")
        # A narrow till opens the field by its icon.
        search.or_(dialog.locator(".fa-search")).first.wait_for()
        if not search.is_visible():
            dialog.locator(".fa-search").click()
        search.fill(partner["name"])
        row = self.page.locator(f".partner-info[data-id='{partner['id']}']")
        if not is_known:
            with suppress(TimeoutError):
                row.wait_for(timeout=1500)
            if not row.count():
                search.press("Enter")
        for _attempt in range(5):
            # The list is drawn anew when the server has found more: a click may get lost.
            row.click()
            with suppress(TimeoutError):
                dialog.wait_for(state="detached", timeout=10_000)
                return
        dialog.wait_for(state="detached")

    def open_standing(self):
        """Press the button; return the popup."""
        self.button.click()
        self.popup.wait_for()
        return self.popup

    def read(self):
        """Wait until the popup shows a standing; ask again while the server is busy."""
        told = self.popup.locator(".o_loyalty_standing_as_of")
        trouble = self.popup.locator(".o_loyalty_standing_trouble")
        for _attempt in range(5):
            told.or_(trouble).first.wait_for()
            if not trouble.is_visible():
                break
            self.popup.locator(".o_loyalty_standing_again").click()
        told.wait_for()

    def shown(self, parts):
        """Return what the popup says, in the shape of ``standing_texts.expected``."""
        self.read()
        bar = self.popup.get_by_role("progressbar")
        percent = bar.get_attribute("aria-valuenow") if bar.count() else None
        return {name: self.texts(name) for name in parts}, percent

    def close(self):
        self.page.keyboard.press("Escape")
        self.popup.wait_for(state="detached")

    def texts(self, name):
        """Return the texts of the parts of the popup with that name."""
        found = self.popup.locator(f".o_loyalty_standing_{name}").all_inner_texts()
        return [" ".join(text.split()) for text in found]

    def text(self, name):
        [text] = self.texts(name)
        return text

    def ask_as_of(self, day):
        """Have the page's questions be about the end of a business day."""

        def ask(route):
            body = route.request.post_data_json
            body["params"]["as_of"] = day
            route.continue_(post_data=json.dumps(body))

        self.page.route(f"**{STANDING}", ask)

    def answer(self, result=None, status=200, problem=None, text=None):
        """Have the page's questions answered as told, by no server."""
        error = {"code": 0, "message": "", "data": {"problem": {"status": problem}}}
        body = {"result": result} if problem is None else {"error": error}
        self.page.route(
            f"**{STANDING}",
            lambda route: route.fulfill(status=status, body=text or json.dumps(body)),
        )

    def sell(self, warnings=0):
        """Put the product into the basket, and have it paid.

        :param warnings: dialogs of Odoo's own that are to be confirmed on the way
        """
        self.page.locator(".product", has_text=PRODUCT).click()
        self.page.locator(".pay-order-button").click()
        self.page.locator(".paymentmethod", has_text=METHOD).click()
        self.page.locator(".payment-screen .next").click()
        for _warning in range(warnings):
            self.page.locator(".modal-footer .btn-primary").click()
        self.page.locator(".receipt-screen").wait_for()

    def new_order(self):
        self.page.locator(".receipt-screen .validation").click()
        self.page.locator(".product-screen").wait_for()

    def _sent(self, request):
        if request.url.endswith(STANDING):
            self.asked.append(request.post_data_json["params"])

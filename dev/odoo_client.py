"""Odoo over JSON-RPC, as a user: for setting up what a test or a bench shows, and reading it back."""

from functools import cached_property

import requests

TIMEOUT = 120


class Client:
    """A user's session.

    :param url: of the server
    """

    def __init__(self, url, database, login, password):
        self.url, self.database, self.login = url, database, login
        self._http = requests.Session()
        answer = self.post(
            "/web/session/authenticate",
            {"db": database, "login": login, "password": password},
        )
        self.uid = answer["uid"]

    @cached_property
    def session(self):
        """The session's cookie, with which a browser is logged in."""
        return self._http.cookies["session_id"]

    def post(self, path, params):
        """Return the result of a JSON-RPC route; an error is raised with its message."""
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        found = self._http.post(self.url + path, json=body, timeout=TIMEOUT).json()
        if "error" in found:
            raise RuntimeError(found["error"]["data"]["message"])
        # A method that returns nothing has none.
        return found.get("result")

    def call(self, model, method, *arguments, **options):
        """Return what a public method of a model returns."""
        params = {"model": model, "method": method, "args": arguments}
        return self.post("/web/dataset/call_kw", {**params, "kwargs": options})

    def ref(self, xml_id):
        """Return the number of a record."""
        module, _dot, name = xml_id.partition(".")
        domain = [["module", "=", module], ["name", "=", name]]
        [found] = self.call("ir.model.data", "search_read", domain, ["res_id"])
        return found["res_id"]

    def install_language(self, code):
        """Have a language, such as ``id_ID``, to be chosen by users."""
        if self.call("res.lang", "search", [["code", "=", code]]):
            return
        domain = [["code", "=", code], ["active", "=", False]]
        languages = self.call("res.lang", "search", domain)
        wizard = {"lang_ids": [[6, 0, languages]], "overwrite": False}
        number = self.call("base.language.install", "create", wizard)
        self.call("base.language.install", "lang_install", [number])

    def report(self, slug, **parameters):
        """Return the REST answer of a report, as a session's page gets it."""
        address = f"{self.url}/api/v1/reports/{slug}"
        answer = self._http.get(address, params=parameters, timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()

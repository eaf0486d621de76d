"""A cached REST report beside a plain authenticated Odoo route of the same bytes."""

import os
import signal
import socket
import statistics
import subprocess
import threading
import time
from contextlib import contextmanager
from urllib.parse import urlencode, urlsplit

import requests

from ..ports import LOOPBACK, choose
from . import demo
from .pages import REPORT, YEAR

CLIENTS = int(os.environ.get("CLIENTS", "16"))
SECONDS = int(os.environ.get("SECONDS", "8"))
ROUNDS = int(os.environ.get("ROUNDS", "3"))
# An addon that needs no installation: Odoo loads it server-wide.
_MANIFEST = '{"name": "Plain route", "license": "LGPL-3", "depends": ["web"]}'
_CONTROLLER = """
import os
from odoo import http

BODY = open(os.environ["PLAIN_BODY"], "rb").read()


class Plain(http.Controller):
    @http.route("/plain/report", type="http", auth="bearer", readonly=True,
                save_session=False)
    def report(self, **_given):
        return http.request.make_response(
            BODY, headers=[("Content-Type", "application/json; charset=utf-8")])
"""


def main():
    """Requests a second and milliseconds of 16 clients: ours, and a plain route."""
    serving = demo.running()
    known = serving.demo_variables()
    key = known["ODOO_API_KEY"]
    headers = {"Authorization": f"Bearer {key}"}
    asked = f"{REPORT}?{urlencode({**YEAR, 'per_page': 100})}"
    body = requests.get(known["ODOO_URL"] + asked, headers=headers, timeout=60)
    body.raise_for_status()
    with _server(serving, body.content) as url:
        plain = requests.get(f"{url}/plain/report", headers=headers, timeout=60)
        assert plain.content == body.content
        for path in ("/plain/report", asked):
            _load(url, path, key)  # each worker imports what it needs at first use
        ratios = []
        for _round in range(ROUNDS):
            plain, ours = (_load(url, p, key) for p in ("/plain/report", asked))
            ratios.append(ours["rate"] / plain["rate"])
            _say("plain route", plain)
            _say("REST, cached", ours)
    print(f"ratio {statistics.median(ratios):.2f}, the median of {ROUNDS}")


def _say(label, found):
    print(
        f"{label:14} {found['rate']:6.0f} requests/s   p50 {found['p50']:6.1f} ms   "
        f"p99 {found['p99']:6.1f} ms   {found['failed']} failed",
        flush=True,
    )


@contextmanager
def _server(serving, body):
    """Run another Odoo on the demo's database, with the plain route; yield its URL."""
    folder, port = serving.odoo.folder / "bench", choose()
    addon = folder / "loyalty_plain_route"
    addon.mkdir(parents=True, exist_ok=True)
    (addon / "__manifest__.py").write_text(_MANIFEST)
    (addon / "__init__.py").write_text(_CONTROLLER)
    (folder / "body").write_bytes(body)
    addons = (*serving.odoo.source.addons, serving.odoo.addons, folder)
    command = serving.odoo.command(
        f"--config={serving.odoo.rc}",
        f"--addons-path={','.join(map(str, addons))}",
        "--load=base,rpc,web,loyalty_plain_route",
        f"--http-port={port}",
        f"--gevent-port={choose()}",
        "--workers=2",
        "--max-cron-threads=0",
        "--log-level=warn",
    )
    variables = {
        **serving.variables,
        **serving.odoo.env(),
        "PLAIN_BODY": str(folder / "body"),
        "LOYALTY_REPORTING_RATE_LIMIT": "0",
    }
    process = subprocess.Popen(command, env={**os.environ, **variables})
    try:
        url = f"http://{LOOPBACK}:{port}"
        _await(url)
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


def _await(url):
    for _attempt in range(240):
        try:
            if requests.get(f"{url}/web/health", timeout=5).ok:
                return
        except requests.RequestException:
            time.sleep(0.5)
    raise SystemExit("The server of the bench did not start.")


def _load(url, path, key):
    """Ask as CLIENTS clients do for SECONDS; each request has a connection."""
    parts = urlsplit(url)
    request = (
        f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Authorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    ).encode()
    times, failed = [], []
    until = time.perf_counter() + SECONDS

    def client():
        while (begun := time.perf_counter()) < until:
            with socket.create_connection((parts.hostname, parts.port), 60) as at:
                at.sendall(request)
                first = at.recv(65536)
                while at.recv(65536):
                    pass
            times.append(time.perf_counter() - begun)
            if not first.startswith((b"HTTP/1.1 200", b"HTTP/1.0 200")):
                failed.append(first[:40])

    threads = [threading.Thread(target=client) for _number in range(CLIENTS)]
    begun = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    cuts = statistics.quantiles(times, n=100)
    return {
        "rate": len(times) / (time.perf_counter() - begun),
        "p50": cuts[49] * 1000,
        "p99": cuts[98] * 1000,
        "failed": len(failed),
    }

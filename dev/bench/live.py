"""Open dashboards while the replay runs: how soon they follow, and what they cost."""

import json
import os
import random
import re
import statistics
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime

import redis
import requests
import websocket

from .. import environment, machine
from ..browser import chromium, window
from ..odoo_client import Client
from ..services.odoo import CONSUMER
from . import demo
from .visible import STREAM

CLIENTS = int(os.environ.get("CLIENTS", "200"))
SECONDS = int(os.environ.get("SECONDS", "40"))
ROUTE = "/loyalty_reporting/dashboard"
CHANNEL = "loyalty_reporting"
# A store that sells nothing but what is sent here: what the replay sells goes on beside.
STORE = 990_001
PATIENCE = 60
# As dashboard_model.js: seconds between two refreshes, and times the last one took; and
# within which each asks at a moment of its own.
PAUSE, REST, SPREAD = 0.5, 5, 2
_WATCH = """
    selector => {
      window.seen = [];
      const look = () => {
        const text = document.querySelector(selector)?.innerText;
        if (text !== undefined && text !== window.seen.at(-1)?.[1])
          window.seen.push([Date.now() / 1000, text]);
      };
      look();
      new MutationObserver(look).observe(document.body,
        {childList: true, subtree: true, characterData: true});
    }
"""


def main():
    """Seconds from XADD to the figure on the screen and on other open dashboards."""
    os.environ["LOYALTY_REPORTING_RATE_LIMIT"] = "0"  # they are all of one user
    serving = demo.running(workers=2)
    serving.keeper.stop(CONSUMER)
    serving.keeper.start(serving.odoo.consumer(serving.keeper, serving.variables))
    known = serving.demo_variables()
    with closing(redis.Redis.from_url(known["REDIS_URL"])) as client:
        store, already = _open_store(client, known)
        asked = {"period": "last_7_days", "stores": [store], "company_id": 1}
        with _page(known, store) as page, _dashboards(known, asked) as dashboards:
            begun = time.monotonic()
            sent = _sell(client)
            _await(dashboards, already + SECONDS)
            seconds = time.monotonic() - begun
            seen = page.evaluate("window.seen")
    _say(sent, already, seen, dashboards)
    asked_for = sum(one.asked for one in dashboards)
    refused = sum(one.refused for one in dashboards)
    print(
        f"{CLIENTS} dashboards asked {asked_for} times in {seconds:.0f} s; "
        f"{refused} times the server closed the connection"
    )


def _say(sent, already, seen, dashboards):
    shown = [(at, int(re.sub(r"\D", "", text) or 0)) for at, text in seen]
    late = [
        next((at for at, count in shown if count > already + n), None)
        for n in range(len(sent))
    ]
    _line(
        "on the screen in Chromium",
        [b - a for a, b in zip(sent, late, strict=True) if b],
    )
    followed = [
        at - sent[n] for one in dashboards for n, at in one.followed(already, len(sent))
    ]
    _line(f"answers to {len(dashboards)} websocket clients", followed)
    print(
        f"{len([b for b in late if b is None])} of {len(sent)} sales not on the screen"
    )


def _line(label, late):
    late = sorted(late)
    p95 = late[int(len(late) * 0.95)] if late else float("nan")
    p50 = statistics.median(late) if late else float("nan")
    print(f"{label:36} {len(late):6} p50 {p50:5.2f} s   p95 {p95:5.2f} s", flush=True)


# ---------------------------------------------------------------- what is sold


def _open_store(client, known):
    """Sell something in our store; return (its record here, sales that are counted)."""
    _send(client, "first")
    session = session_of(known)
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        found = session.call(
            "loyalty.reporting.shop", "search", [["external_id", "=", STORE]]
        )
        if found:
            asked = {"period": "last_7_days", "stores": found, "company_id": 1}
            if count := _count(session.post(ROUTE, asked)):
                return found[0], count
        time.sleep(0.5)
    raise SystemExit("The consumer did not load what was sent.")


def _sell(client):
    """Sell something each second; return when."""
    sent = []
    for _number in range(SECONDS):
        sent.append(time.time())
        _send(client, f"{sent[-1]:.3f}")
        time.sleep(1)
    return sent


def _send(client, name):
    now = datetime.now(UTC).isoformat()
    number = time.time_ns() // 1000
    key = f"bench-live-{number}-{name}"
    order = {
        "id": key, "ordered_at": now, "state": "done", "company_id": 1,
        "partner_id": None, "store_id": STORE, "channel": "pos", "currency": "USD",
        "amount_total": 10, "version": 1,
    }  # fmt: skip
    line = {
        "id": number, "order_id": key, "line_no": 1, "program_id": 1001,
        "product_id": 11, "qty": 1, "amount": 10, "discount": 1, "points_earned": 0,
        "points_redeemed": 0, "version": 1,
    }  # fmt: skip
    event = {
        "specversion": "1.0", "id": key, "source": "/bench", "subject": key,
        "type": "engine.order.processed.v1", "time": now,
        "data": {"order": order, "lines": [line], "evaluations": [], "points": []},
    }  # fmt: skip
    client.xadd(STREAM, {"event": json.dumps(event)})


# ---------------------------------------------------------------- who looks at it


def session_of(known):
    """Return the session of the demo's administrator."""
    return Client(
        known["ODOO_URL"], known["ODOO_DB"], environment.LOGIN, environment.PASSWORD
    )


class _Dashboard(threading.Thread):
    """What an open page does: hears that figures changed, and asks for them."""

    def __init__(self, known, cookie, asked):
        super().__init__(daemon=True)
        self._url, self._asked = known["ODOO_URL"], asked
        self._cookies = {"session_id": cookie}
        self._socket = self._subscribed()
        self.asked, self.refused, self.counts, self.is_stopped = 0, 0, [], False

    def _subscribed(self):
        address = self._url.replace("http", "ws", 1) + "/websocket"
        found = _connected(address, self._cookies["session_id"], self._url)
        channels = {"channels": [CHANNEL], "last": 0}
        found.send(json.dumps({"event_name": "subscribe", "data": channels}))
        return found

    def run(self):
        rest_until, took = 0, 0.1
        while not self.is_stopped:
            if not self._hears():
                continue
            moment = random.random() * min(REST * took, SPREAD)
            time.sleep(max(moment, rest_until - time.monotonic()))
            begun = time.monotonic()
            count = self._look()
            self.counts.append((time.time(), count))
            took = time.monotonic() - begun
            rest_until = time.monotonic() + max(PAUSE, REST * took)

    def followed(self, already, number):
        """Yield (number of a sale, when this page had it)."""
        for n in range(number):
            at = next((at for at, count in self.counts if count > already + n), None)
            if at:
                yield n, at

    def _hears(self):
        try:
            notices = json.loads(self._socket.recv())
        except websocket.WebSocketTimeoutException:
            return False
        except (websocket.WebSocketException, OSError, ValueError):
            # The server closed it: as a page, connect again, and look what was missed.
            self._socket = self._subscribed()
            return True
        return any(notice["message"]["type"] == CHANNEL for notice in notices)

    def _look(self):
        self.asked += 1
        body = {"jsonrpc": "2.0", "method": "call", "params": self._asked}
        while True:
            try:
                # Odoo's workers keep no connection open.
                answer = requests.post(
                    self._url + ROUTE, json=body, cookies=self._cookies, timeout=120
                )
                return _count(answer.json()["result"])
            except (requests.RequestException, ValueError):
                # Too many at once: a page asks again, too.
                self.refused += 1
                time.sleep(PAUSE)

    def close(self):
        self.is_stopped = True
        self.join(PATIENCE)
        self._socket.close()


def _connected(address, cookie, origin):
    """Connect; a server that is busy with others is tried again, as pages do."""
    for _attempt in range(PATIENCE):
        try:
            return websocket.create_connection(
                address, cookie=f"session_id={cookie}", origin=origin, timeout=5
            )
        except (websocket.WebSocketException, OSError):
            time.sleep(1)
    raise SystemExit("The websocket's server takes no connection.")


@contextmanager
def _dashboards(known, asked):
    cookie = session_of(known).session
    found = [_Dashboard(known, cookie, asked) for _number in range(CLIENTS)]
    for one in found:
        one.start()
    try:
        yield found
    finally:
        for one in found:
            one.is_stopped = True
        for one in found:
            one.close()


@contextmanager
def _page(known, store):
    """The dashboard in Chromium, which notes what its tile shows."""
    url, cookie = known["ODOO_URL"], session_of(known).session
    with chromium(machine.ensure_chromium()) as browser:
        page = window(browser, url, cookie).new_page()
        page.goto(f"{url}/odoo/loyalty-dashboard?period=last_7_days&stores={store}")
        tile = "[data-measure=total_transactions] .o_loyalty_tile_value"
        page.locator(tile).wait_for()
        page.locator(".o_loyalty_is_live").wait_for()
        page.evaluate(_WATCH, tile)
        yield page


def _await(dashboards, count):
    """Wait until all of them have all sales."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if all(one.counts and one.counts[-1][1] >= count for one in dashboards):
            return
        time.sleep(0.1)
    print("Not all dashboards have all sales.")


def _count(answer):
    totals = answer["panels"]["programs"].get("totals") or {}
    return totals.get("total_transactions") or 0

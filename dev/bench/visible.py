"""From an event to the REST report: how late an order is visible to an analyst."""

import json
import os
from contextlib import closing
from itertools import islice

import redis
import requests

from .. import environment
from ..instance import Instance, start_services
from ..locks import exclusive
from ..services.odoo import CONSUMER
from ..serving import Serving
from ..setup import install
from . import history, stream

RATE = int(os.environ.get("RATE", "2000"))
SECONDS = int(os.environ.get("SECONDS", "10"))
STREAM = "engine.events"
REPORT = "/api/v1/reports/promotions/performance"


def main():
    """Milliseconds from XADD to the REST report, at RATE orders a second."""
    history.build_engine()
    sold = list(islice(stream.orders(), RATE * (SECONDS + 1)))
    demo = _odoo()
    with closing(redis.Redis.from_url(demo["REDIS_URL"])) as client:
        watch = stream.Watch(_Report(demo, sold).visible)
        warming, steady = sold[:RATE], sold[RATE:]
        stream.send(client, STREAM, [text for _key, text in warming])
        watch.sent(warming[-1][0])
        watch.wait()
        late, rate = stream.watched(watch, client, STREAM, steady, RATE)
    stream.say_latency(late, rate)


def _odoo():
    """Have an Odoo of the bench's own run, with a consumer; return its variables."""
    setup = install()
    instance = Instance("bench", setup.paths)
    # It asks as often as it can, which callers may not.
    unlimited = {"LOYALTY_REPORTING_RATE_LIMIT": "0"}
    os.environ.update(LIVE="0", FRESH="1", **unlimited)
    with exclusive(instance.lock, "the bench"):
        known = start_services(instance, setup.programs)
        serving = Serving(setup, instance, known, environment.DEMO_DATABASE)
        serving.up()
        serving.keeper.stop(CONSUMER)
        serving.keeper.start(serving.odoo.consumer(serving.keeper, serving.variables))
    return serving.demo_variables()


class _Report:
    """The sales that the report counts, beside those that were sent."""

    def __init__(self, demo, sold):
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {demo['ODOO_API_KEY']}"
        self._url = demo["ODOO_URL"] + REPORT
        self._count, days = {}, set()
        counted = 0
        for key, text in sold:
            data = json.loads(text)["data"]
            if data["order"]["state"] == "done" and key not in self._count:
                counted += len({line["program_id"] for line in data["lines"]})
            self._count[key] = counted
            days.add(data["order"]["ordered_at"][:10])
        self._asked = {
            "date_from": min(days), "date_to": max(days), "group_by": "year",
            "measures": "total_transactions", "per_page": 1000,
        }  # fmt: skip
        self._before = self._counted()

    def visible(self, keys):
        """Return those of the orders that the report counts."""
        counted = self._counted() - self._before
        return [key for key in keys if self._count[key] <= counted]

    def _counted(self):
        answer = self._session.get(self._url, params=self._asked, timeout=60)
        answer.raise_for_status()
        return sum(row["total_transactions"] for row in answer.json()["data"])

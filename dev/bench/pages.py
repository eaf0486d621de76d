"""Latency of the REST report on the running demo: a year by day."""

import shlex
import statistics
import subprocess
import sys
import time
from pathlib import Path

import redis
import requests

ROUNDS = 40
REPORT = "/api/v1/reports/promotions/performance"
YEAR = {"date_from": "2017-01-01", "date_to": "2017-12-31", "group_by": "day"}
REPOSITORY = Path(__file__).parents[2]


def main():
    """Milliseconds, p50 and p95, of first and repeated answers; pages of 100 rows."""
    demo = _demo()
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {demo['ODOO_API_KEY']}"
    url = demo["ODOO_URL"] + REPORT
    cache = redis.Redis.from_url(demo["REDIS_URL"])
    for label, more in (
        ("year by day", {}),
        ("with customers", {"measures": "total_amount,unique_customers"}),
    ):
        first, repeated = [], []
        for _round in range(ROUNDS):
            for key in cache.scan_iter("loyalty_reporting:*"):
                cache.delete(key)
            first.append(_get(session, url, {**YEAR, **more}))
            repeated.append(_get(session, url, {**YEAR, **more}))
        _say(f"{label}, first", first)
        _say(f"{label}, repeated", repeated)


def _demo():
    """Have the demo run, and return what ``make env`` prints."""
    command = [sys.executable, "-m", "dev"]
    subprocess.run([*command, "up"], check=True, cwd=REPOSITORY)
    printed = subprocess.run(
        [*command, "env"], check=True, cwd=REPOSITORY, capture_output=True, text=True
    ).stdout
    words = (line.partition("=") for line in shlex.split(printed) if "=" in line)
    return {name: value for name, _sign, value in words}


def _get(session, url, parameters):
    started = time.perf_counter()
    answer = session.get(url, params=parameters, timeout=60)
    answer.raise_for_status()
    return time.perf_counter() - started


def _say(label, seconds):
    cuts = statistics.quantiles(seconds, n=20)
    p50, p95 = cuts[9] * 1000, cuts[18] * 1000
    print(f"{label:26} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms", flush=True)

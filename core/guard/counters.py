"""What happened how often: counted in memory, added up in Redis after each request.

With Redis the totals are right over all worker processes and hosts, and outlive them;
without it each process has totals of its own. Prometheus' files for several processes
were no simpler: one file for each worker that ever lived, and none for two hosts.
"""

import json
import threading
from bisect import bisect_left
from dataclasses import dataclass

from . import trace
from .shared import Away

# Upper bounds of durations, in seconds.
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


@dataclass(frozen=True)
class Metric:
    """Something that is counted.

    :param name: in Prometheus, without ``_total``
    :param labels: names of what it is told apart by
    :param bounds: of a histogram its upper bounds
    """

    name: str
    documentation: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()


METRICS = {
    "request": Metric(
        "loyalty_reporting_request_duration_seconds",
        "Requests of the API, until the last byte of the answer.",
        ("method", "route", "status"),
        BOUNDS,
    ),
    "rows": Metric("loyalty_reporting_rows", "Rows answered.", ("report",)),
    "answer": Metric(
        "loyalty_reporting_answers",
        "Answers of reports, by the store that gave them.",
        ("report", "store"),
    ),
    "cache_hit": Metric(
        "loyalty_reporting_cache_hits", "Answers that were in the cache."
    ),
    "cache_miss": Metric(
        "loyalty_reporting_cache_misses", "Answers that were not in the cache."
    ),
    "rate_limited": Metric(
        "loyalty_reporting_rate_limited", "Requests refused, by the policy.", ("policy",)
    ),
    "auth_failure": Metric(
        "loyalty_reporting_auth_failures", "Requests with a key that is not valid."
    ),
    "key_checked": Metric(
        "loyalty_reporting_keys_checked",
        "Keys that were checked in full, being unknown to the process.",
    ),
    "export": Metric(
        "loyalty_reporting_exports", "Files made, by how they ended.",
        ("format", "state"),
    ),
}  # fmt: skip


class Tally:
    """What this process counted and did not hand over yet, for each database."""

    def __init__(self):
        self._amounts = {}
        self._awaited = set()
        self._lock = threading.Lock()

    def await_taking(self, database):
        """Tell whether nobody said yet to take what is there of a database later on."""
        with self._lock:
            is_first = database not in self._awaited
            self._awaited.add(database)
            return is_first

    def add(self, database, amounts):
        """Add {series: amount}."""
        with self._lock:
            mine = self._amounts.setdefault(database, {})
            for series, amount in amounts.items():
                mine[series] = mine.get(series, 0) + amount

    def take(self, database):
        """Return {series: amount} of a database, and begin anew."""
        with self._lock:
            self._awaited.discard(database)
            return self._amounts.pop(database, {})

    def look(self, database):
        """Return {series: amount} of a database."""
        with self._lock:
            return dict(self._amounts.get(database, {}))


_tally = Tally()
# Seconds; what a process that is killed counted in these is lost.
_SOON = 1


def count(name, amount=1, **labels):
    """Count something of :data:`METRICS` for the database of the current request."""
    metric = METRICS[name]
    _add({_series(name, metric, labels, "total"): amount})
    if current := trace.current():
        counted = current.facts.setdefault("counted", {})
        counted[name] = counted.get(name, 0) + amount


def observe(name, value, **labels):
    """Put a value into a histogram of :data:`METRICS`."""
    metric = METRICS[name]
    place = bisect_left(metric.bounds, value)
    bound = metric.bounds[place] if place < len(metric.bounds) else "+Inf"
    _add(
        {
            _series(name, metric, labels, f"le {bound}"): 1,
            _series(name, metric, labels, "sum"): value,
        }
    )


def hand_over(shared, namespace):
    """Add to the totals in Redis what was counted; while it is away, keep it.

    :param shared: :class:`~core.guard.shared.Shared`
    :param namespace: what sets databases that share a Redis apart
    """
    _hand_over(shared, namespace, _database())


def hand_over_soon(shared, namespace):
    """Do so within a second, once for all that is counted until then.

    With every request, it would take as long as the limit and the cache together.
    """
    database = _database()
    if shared.is_configured and _tally.await_taking(database):
        timer = threading.Timer(_SOON, _hand_over, (shared, namespace, database))
        timer.daemon = True
        timer.start()


def _hand_over(shared, namespace, database):
    amounts = _tally.take(database)

    def add(redis):
        # All or nothing: what failed half-way would be counted twice.
        pipeline = redis.pipeline(transaction=True)
        for series, amount in amounts.items():
            pipeline.hincrbyfloat(_key(namespace), series, amount)
        pipeline.execute()

    if amounts:
        try:
            shared.call(add)
        except Away:
            _tally.add(database, amounts)


def totals(shared, namespace):
    """Return {series: total} of the current request's database.

    :raise Away: Redis has the totals, and does not answer
    """
    hand_over(shared, namespace)
    if not shared.is_configured:
        return _tally.look(_database())
    found = shared.call(lambda redis: redis.hgetall(_key(namespace)))
    return {series.decode(): float(total) for series, total in found.items()}


def parts(series):
    """Return (name in :data:`METRICS`, values of its labels, kind) of a series."""
    name, labels, kind = json.loads(series)
    return name, labels, kind


def _series(name, metric, labels, kind):
    return json.dumps([name, [str(labels[label]) for label in metric.labels], kind])


def _add(amounts):
    _tally.add(_database(), amounts)


def _database():
    current = trace.current()
    return current.database if current else ""


def _key(namespace):
    return f"loyalty_reporting:counters:{namespace}"

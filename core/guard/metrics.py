"""Counters and gauges as Prometheus reads them."""

import os

from ..errors import ConfigurationError
from .counters import METRICS, parts

OPENMETRICS = "application/openmetrics-text"


def render(totals, gauges, accept, is_shared):
    """Return (body, Content-Type) of a scrape.

    :param totals: {series: total} of :func:`~core.guard.counters.totals`; None: they
        cannot be read now, and are left out: a guess would look like a reset
    :param gauges: list of (name, documentation, {labels: value}); labels are a tuple of
        (name, value)
    :param accept: the Accept header: OpenMetrics if it is named, else the older text
    :param is_shared: the totals are those of all processes; else they get a label
        ``process``, as each scrape meets another one
    :raise ConfigurationError: the library is not installed
    """
    core, exposition, openmetrics = _library()
    registry = core.CollectorRegistry(auto_describe=False)
    more = {} if is_shared else {"process": str(os.getpid())}
    families = [*_gauges(core, gauges), *_counted(core, totals or {}, more)]
    families.append(_up(core, totals is not None))
    registry.register(_Families(families))
    chosen = openmetrics if OPENMETRICS in accept else exposition
    return chosen.generate_latest(registry), chosen.CONTENT_TYPE_LATEST


class _Families:
    """A collector of what is ready."""

    def __init__(self, families):
        self._families = families

    def collect(self):
        return self._families


def _gauges(core, gauges):
    for name, documentation, values in gauges:
        labels = [label for label, _value in next(iter(values), ())]
        family = core.GaugeMetricFamily(name, documentation, labels=labels)
        for named, value in values.items():
            family.add_metric([text for _label, text in named], value)
        yield family


def _up(core, is_up):
    return core.GaugeMetricFamily(
        "loyalty_reporting_counters_up",
        "Whether the counters could be read.",
        value=int(is_up),
    )


def _counted(core, totals, more):
    found = {}
    for series, total in totals.items():
        name, labels, kind = parts(series)
        if name in METRICS and len(labels) == len(METRICS[name].labels):
            found.setdefault(name, {}).setdefault(tuple(labels), {})[kind] = total
    for name, metric in METRICS.items():
        labels = [*metric.labels, *more]
        values = found.get(name, {})
        if metric.bounds:
            yield _histogram(core, metric, labels, values, more)
            continue
        family = core.CounterMetricFamily(
            metric.name, metric.documentation, labels=labels
        )
        if not metric.labels:
            values = values or {(): {"total": 0}}
        for named, kinds in sorted(values.items()):
            family.add_metric([*named, *more.values()], kinds["total"])
        yield family


def _histogram(core, metric, labels, values, more):
    family = core.HistogramMetricFamily(
        metric.name, metric.documentation, labels=labels
    )
    for named, kinds in sorted(values.items()):
        seen, buckets = 0, []
        for bound in (*map(str, metric.bounds), "+Inf"):
            seen += kinds.get(f"le {bound}", 0)
            buckets.append((bound, seen))
        family.add_metric([*named, *more.values()], buckets, kinds.get("sum", 0))
    return family


def _library():
    try:
        from prometheus_client import core, exposition  # noqa: PLC0415 (as needed)
        from prometheus_client.openmetrics import (  # noqa: PLC0415
            exposition as openmetrics,
        )
    except ImportError as e:
        raise ConfigurationError(
            "Metrics need a library: pip install prometheus-client."
        ) from e
    return core, exposition, openmetrics

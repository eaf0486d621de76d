"""Is the service fit to answer? PostgreSQL must be there; the others only help."""

from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from ..database import sql
from ..stores.migrate import files
from . import connections
from .probes import Probes, State

READY, DEGRADED, UNAVAILABLE = "ready", "degraded", "unavailable"
_REDIS = ("redis", "rediss", "unix")
PROBES = Probes()


def state(cr):
    """Return what PostgreSQL knows of the pipeline's state, as a dict; instants are UTC."""
    cr.execute(sql("guard/pipeline.sql"))
    names = [column.name for column in cr.description]
    return dict(zip(names, cr.fetchone(), strict=True))


def history(cr):
    """Return how the pipeline's jobs went, as a dict; instants are UTC.

    ``runs``: (job, source, instant of the last success); ``lags``: (job, source,
    seconds); ``letters``: (source, open dead letters).
    """
    cr.execute(sql("guard/last_runs.sql"))
    rows = cr.fetchall()
    cr.execute(
        "SELECT source_name, count(*) FROM loyalty_reporting_dead_letter"
        " WHERE state = 'open' GROUP BY source_name ORDER BY source_name"
    )
    return {
        "runs": [(job, source, at) for job, source, at, _lag in rows if at],
        "lags": [
            (job, source, lag) for job, source, _at, lag in rows if lag is not None
        ],
        "letters": cr.fetchall(),
    }


def services(settings, streams=()):
    """Return {name: :class:`~core.guard.probes.Finding`} of the services beside it.

    :param streams: (source, address, name, group) of streams that are read
    """
    redis_url, clickhouse_url = settings.redis_url, settings.clickhouse_url
    if redis_url or streams:
        connections.load("redis")
    if clickhouse_url:
        connections.load("clickhouse_driver")
    probes = {
        "redis": redis_url and partial(connections.redis, redis_url),
        "clickhouse": clickhouse_url
        and partial(connections.clickhouse, clickhouse_url),
    }
    for source, url, *stream in streams:
        if urlsplit(url).scheme in _REDIS:
            probes[f"stream {source}"] = partial(connections.redis_stream, url, *stream)
    key = (redis_url, clickhouse_url, *streams)
    return PROBES.ask(key, {name: probe or None for name, probe in probes.items()})


def report(found, findings, late_after, now=None):
    """Return the document for anybody.

    :param found: :func:`state`
    :param findings: :func:`services`
    :param late_after: seconds after which data count as late; 0: never
    """
    now = now or datetime.now(UTC).replace(tzinfo=None)
    is_current = found["schema"] == files("postgres")[-1].name
    freshness = _freshness(found["data_as_of"], late_after, now)
    states = {name: finding.state.value for name, finding in findings.items()}
    return {
        "status": _status(is_current, freshness, states.values()),
        "dependencies": {"postgresql": State.UP.value, **states},
        "schema": "current" if is_current else "outdated",
        "data": freshness,
    }


def details(found, findings):
    """Return what managers are told besides.

    :param found: :func:`state` and :func:`history` together
    """
    return {
        "data_as_of": _text(found["data_as_of"]),
        "load_id": found["load_id"],
        "clickhouse_watermark": found["watermark"],
        "clickhouse_problem": found["problem"],
        "schema_version": found["schema"],
        "postgresql_version": found["version"],
        "open_dead_letters": dict(found["letters"]),
        "services": {n: f.details for n, f in findings.items() if f.details},
        "last_success": [
            {"job": job, "source": source, "at": _text(at)}
            for job, source, at in found["runs"]
        ],
        "lag_seconds": [
            {"job": job, "source": source, "seconds": seconds}
            for job, source, seconds in found["lags"]
        ],
    }


def away(reason):
    """Return the document while PostgreSQL cannot be reached."""
    return {
        "status": UNAVAILABLE,
        "dependencies": {"postgresql": State.AWAY.value},
        "detail": reason,
    }


def gauges(found, has_copy):
    """Return the gauges of a scrape; see :func:`~core.guard.metrics.render`.

    :param found: :func:`state` and :func:`history` together
    :param has_copy: a ClickHouse is configured
    """
    prefix = "loyalty_reporting"
    letters = {(("source", s),): n for s, n in found["letters"]} or {
        (("source", ""),): 0
    }
    runs = {_named(job, source): _epoch(at) for job, source, at in found["runs"]}
    lags = {_named(job, source): lag for job, source, lag in found["lags"]}
    yield (f"{prefix}_dead_letters_open", "Rows that wait for somebody.", letters)
    yield (f"{prefix}_last_success_timestamp_seconds", "End of the last run.", runs)
    yield (f"{prefix}_source_lag_seconds", "Lag of a source at its last run.", lags)
    yield (f"{prefix}_load_id", "Number of the last load.", {(): found["load_id"]})
    if found["data_as_of"]:
        as_of = {(): _epoch(found["data_as_of"])}
        yield (f"{prefix}_data_as_of_timestamp_seconds", "Data are complete to.", as_of)
    if has_copy:
        behind = max(0, found["load_id"] - found["watermark"])
        yield (f"{prefix}_watermark_lag_loads", "Not in ClickHouse yet.", {(): behind})


def _named(job, source):
    return (("job", job), ("source", source))


def _epoch(instant):
    return instant.replace(tzinfo=UTC).timestamp()


def _freshness(as_of, late_after, now):
    if as_of is None:
        return "none yet"
    is_late = late_after and (now - as_of).total_seconds() > late_after
    return "late" if is_late else "fresh"


def _status(is_current, freshness, states):
    if not is_current:
        return UNAVAILABLE
    if freshness == "late" or State.AWAY.value in states:
        return DEGRADED
    return READY


def _text(instant):
    return instant and instant.isoformat(timespec="seconds") + "Z"

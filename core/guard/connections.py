"""Is a service there, and which one? Each function returns details or raises.

Drivers are imported when they are needed: not every installation has all services.
"""

from contextlib import suppress
from importlib import import_module

from ..errors import ConfigurationError
from ..settings import redact

_SECONDS = 1
_MALFORMED = "The address of Redis is no valid URL: it should read redis://:password@host:6379/0."


def engine(dsn, seconds=_SECONDS):
    """Return the version of the engine's PostgreSQL, which offers what is read.

    :raise ReportingError: it cannot be reached, or lacks a table or column; by a sentence
    """
    from ..sources.engine_pg import EnginePgSource  # noqa: PLC0415 (loads the driver)

    source = EnginePgSource(dsn, timeout=seconds)
    if faults := source.check():
        raise ConfigurationError(" ".join(faults))
    return {"version": source.version(), "address": redact(dsn)}


def redis(url, seconds=_SECONDS):
    """Return the version of a Redis."""
    server = _redis_client(url, seconds).info("server")
    return {"version": server["redis_version"], "address": redact(url)}


def redis_stream(url, name, group, seconds=_SECONDS):
    """Return how far a group of consumers has read a stream."""
    client = _redis_client(url, seconds)
    groups = client.xinfo_groups(name) if client.exists(name) else []
    mine = next((g for g in groups if g["name"] == group.encode()), None)
    if mine is None:
        return {"reason": "Nobody has read it yet.", "address": redact(url)}
    return {
        "lag": mine.get("lag"),
        "pending": mine["pending"],
        "consumers": mine["consumers"],
        "address": redact(url),
    }


def clickhouse(url, seconds=_SECONDS):
    """Return the version of a ClickHouse, of a cluster also how many nodes answer."""
    from ..stores import servers  # noqa: PLC0415 (only where it is used)

    with servers.opened(url, timeout=seconds, connect_timeout=seconds) as there:
        [(version,)] = there.execute("SELECT version()")
        found = {"version": version, "address": redact(url)}
        if there.where.cluster:
            found["nodes"] = f"{len(there.nodes)} of {len(there.where.nodes)}"
    return found


def load(library):
    """Have a driver ready before time is taken: loading it may take a second."""
    with suppress(ImportError):
        import_module(library)


def _redis_client(url, seconds):
    import redis as driver  # noqa: PLC0415 (only where it is configured)

    try:
        return driver.Redis.from_url(
            url, socket_timeout=seconds, socket_connect_timeout=seconds
        )
    except ValueError:
        # The driver quotes the address, and with it the password.
        raise ConfigurationError(_MALFORMED) from None

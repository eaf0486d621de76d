"""Settings, read once: environment first, then a mapping such as ``odoo.conf``."""

import os
import re
from dataclasses import dataclass, fields
from urllib.parse import urlsplit

from .errors import ConfigurationError

PREFIX = "loyalty_reporting_"
# Options that follow ``?`` in an address of Kafka.
_SECRET = re.compile(r"((?:^|&)[^=&]*(?:password|secret)[^=&]*=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, repr=False)
class Settings:
    """Where the services are and how patient we are with them.

    :param engine_dsn: the engine's PostgreSQL, ``postgresql://…``; read only
    :param clickhouse_url: ``clickhouse://user:password@host:9000/database``, or
        empty: every report is then answered by PostgreSQL
    :param redis_url: ``redis://…``, or empty: no cache
    :param cache_ttl: seconds a cached answer lives at most
    :param first_load_workers: connections that load a first history side by side
    :param chunk_documents: documents in one transaction of an ordinary load
    :param source_timeout: seconds a statement may take in the source's database
    :param query_timeout: seconds a report's query may take
    :param export_timeout: seconds that all rows of a report may take
    :param export_days: days for which the file of a long export is kept
    :param stream_url: ``redis://…`` or ``kafka://host:port/topic``, or empty: events
        are not read
    :param stream_name: the stream's key in Redis, or the topic
    :param stream_group: the consumer group; empty: one of this database's own
    :param stream_events: events in one load
    :param stream_event_bytes: an event that is larger is refused
    :param is_neutralized: this is a copy for tests: nothing outside may be reached
    """

    engine_dsn: str = ""
    clickhouse_url: str = ""
    redis_url: str = ""
    cache_ttl: int = 300
    first_load_workers: int = 2
    chunk_documents: int = 3000
    source_timeout: int = 600
    query_timeout: int = 30
    export_timeout: int = 600
    export_days: int = 7
    stream_url: str = ""
    stream_name: str = "engine.events"
    stream_group: str = ""
    stream_events: int = 4000
    stream_event_bytes: int = 1_000_000
    is_neutralized: bool = False

    @classmethod
    def read(cls, options=None):
        """Build from ``LOYALTY_REPORTING_*`` variables, else from ``options``.

        :raise ConfigurationError: a number is none
        """
        options = options or {}
        values = {}
        for f in fields(cls):
            if f.name == "is_neutralized":
                continue
            name = PREFIX + f.name
            raw = os.environ.get(name.upper()) or options.get(name)
            if raw not in (None, "", False):
                values[f.name] = _converted(name, f.type, raw)
        return cls(**values)

    def __repr__(self):
        """Show hosts, never passwords."""
        shown = (f"{f.name}={redact(getattr(self, f.name))!r}" for f in fields(self))
        return f"Settings({', '.join(shown)})"


def source_url(code, options=None):
    """Return the address of one source, if it has one of its own, else an empty text.

    :param code: the source's; its variable is ``LOYALTY_REPORTING_SOURCE_<CODE>_URL``
    """
    name = f"{PREFIX}source_{re.sub(r'[^a-z0-9]+', '_', code.lower())}_url"
    return os.environ.get(name.upper()) or (options or {}).get(name) or ""


def _converted(name, kind, raw):
    try:
        return kind(raw)
    except ValueError:
        raise ConfigurationError(
            f"The setting {name} must be a whole number, not {raw!r:.50}."
        ) from None


def redact(value):
    """Return a URL without its password; anything else unchanged."""
    if not isinstance(value, str) or "://" not in value:
        return value
    parts = urlsplit(value)
    parts = parts._replace(query=_SECRET.sub(r"\1***", parts.query))
    if parts.password is None:
        return parts.geturl()
    user = f"{parts.username}:***@" if parts.username else "***@"
    return parts._replace(netloc=user + parts.netloc.rpartition("@")[2]).geturl()

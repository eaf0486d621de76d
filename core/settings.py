"""Settings, read once: environment first, then a mapping such as ``odoo.conf``."""

import os
import re
from dataclasses import dataclass, fields
from functools import cache
from urllib.parse import urlsplit

from .errors import ConfigurationError

PREFIX = "loyalty_reporting_"
# Settings that are secrets as a whole.
SECRETS = ("metrics_token", "erasure_secret")
# No variable says it: a copy of a database does.
_OF_THE_DATABASE = "is_neutralized"
_SWITCHES = {"1": True, "true": True, "0": False, "false": False}
# Up to the last @: of a password in which # or / is not written %23 or %2F, too.
_PASSWORD = re.compile(r"(://[^:/?#@]*:).*@")
# Options that follow ``?`` in an address of Kafka.
_SECRET = re.compile(r"((?:^|&)[^=&]*(?:password|secret)[^=&]*=)[^&]*", re.IGNORECASE)


@dataclass(frozen=True, repr=False)
class Settings:
    """Where the services are and how patient we are with them.

    :param engine_dsn: the engine's PostgreSQL, ``postgresql://…``; read only
    :param clickhouse_url: ``clickhouse://user:password@host:9000/database``, of a
        cluster with all its hosts and ``?cluster=name``, or
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
    :param graphql_depth: fields within fields of a GraphQL document
    :param graphql_fields: fields at its top, under whatever alias
    :param graphql_tokens: tokens of it
    :param graphql_cost: rows times fields that it may ask for
    :param graphql_rows: rows of a bare list; more is an error
    :param graphql_bytes: bytes of a request
    :param graphql_introspection: may the schema be asked for? 0 or 1
    :param rate_limit: requests a minute of one API key, or of one user's sessions; 0: no
        limit
    :param rate_burst: of these, how many may come at once; 0: all
    :param auth_failures: wrong keys a minute from one address, until unknown keys from
        there are refused unread; 0: no limit
    :param cors_origins: origins whose pages may read the API, separated by commas
    :param metrics_token: a bearer token that may read the metrics and nothing else
    :param erasure_secret: the key of the digests by which erased persons are known; the
        same as long as the data live, and in no database
    :param late_after: seconds after which health calls the data late; 0: never
    :param clickhouse_cost: what PostgreSQL's planner expects to cost less than that, in
        its own units, PostgreSQL answers; 0: ClickHouse answers whatever it can
    :param clickhouse_rows: rows that ClickHouse may answer; 0: no limit
    :param clickhouse_bytes: bytes that one query may read there; 0: no limit
    :param clickhouse_memory: bytes of memory that one query may take there; 0: the
        server's limit
    :param grpc_address: where ``odoo-bin loyalty_grpc`` listens, ``host:port``
    :param grpc_tls_certificate: file of its certificate chain (PEM); likewise
        ``grpc_tls_key``, and ``grpc_tls_client_ca``, with which clients need a
        certificate of their own
    :param grpc_insecure: listen without TLS also where others can reach it
    :param grpc_reflection: tell clients what the .proto holds
    :param grpc_workers: calls that work at once
    :param grpc_max_concurrent: calls that work or wait; more are refused
    :param grpc_message_bytes: a request that is larger is refused
    :param grpc_grace: seconds that running calls have to end when the server stops
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
    graphql_depth: int = 8
    graphql_fields: int = 20
    graphql_tokens: int = 1000
    graphql_cost: int = 100_000
    graphql_rows: int = 1000
    graphql_bytes: int = 100_000
    graphql_introspection: int = 1
    rate_limit: int = 600
    rate_burst: int = 0
    auth_failures: int = 30
    cors_origins: str = ""
    metrics_token: str = ""
    erasure_secret: str = ""
    late_after: int = 900
    clickhouse_cost: int = 20_000
    clickhouse_rows: int = 2_000_000
    clickhouse_bytes: int = 0
    clickhouse_memory: int = 0
    grpc_address: str = "127.0.0.1:50051"
    grpc_tls_certificate: str = ""
    grpc_tls_key: str = ""
    grpc_tls_client_ca: str = ""
    grpc_insecure: bool = False
    grpc_reflection: bool = False
    grpc_workers: int = 8
    grpc_max_concurrent: int = 100
    grpc_message_bytes: int = 1_000_000
    grpc_grace: int = 10
    is_neutralized: bool = False

    @classmethod
    def read(cls, options=None):
        """Build from ``LOYALTY_REPORTING_*`` variables, else from ``options``.

        :raise ConfigurationError: a number or a switch is none
        """
        options = options or {}
        values = {}
        for f, name, variable in _sources():
            raw = os.environ.get(variable) or options.get(name)
            if raw not in (None, "", False):
                values[f.name] = _converted(name, f.type, raw)
        return cls(**values)

    def __repr__(self):
        """Show hosts, never passwords."""
        shown = (f"{f.name}={self._shown(f.name)!r}" for f in fields(self))
        return f"Settings({', '.join(shown)})"

    @property
    def clickhouse_limits(self):
        """What a report's query may take of ClickHouse, as settings of its own."""
        limits = {
            "max_result_rows": self.clickhouse_rows,
            "max_bytes_to_read": self.clickhouse_bytes,
            "max_memory_usage": self.clickhouse_memory,
        }
        # Half an answer is no answer: what goes over a limit is an error.
        modes = {"result_overflow_mode": "throw", "read_overflow_mode": "throw"}
        return {name: most for name, most in limits.items() if most} | modes

    def _shown(self, name):
        value = getattr(self, name)
        return "***" if name in SECRETS and value else redact(value)


@cache
def _sources():
    """Return (field, its option, its variable) of what is read: with every request."""
    names = [
        (f, PREFIX + f.name) for f in fields(Settings) if f.name != _OF_THE_DATABASE
    ]
    return tuple((f, name, name.upper()) for f, name in names)


def source_url(code, options=None):
    """Return the address of one source, if it has one of its own, else an empty text.

    :param code: the source's; its variable is ``LOYALTY_REPORTING_SOURCE_<CODE>_URL``
    """
    name = f"{PREFIX}source_{re.sub(r'[^a-z0-9]+', '_', code.lower())}_url"
    return os.environ.get(name.upper()) or (options or {}).get(name) or ""


def _converted(name, kind, raw):
    if kind is bool:
        return _switch(name, raw)
    try:
        return kind(raw)
    except ValueError:
        raise ConfigurationError(
            f"The setting {name} must be a whole number, not {raw!r:.50}."
        ) from None


def _switch(name, raw):
    """Return a switch, written as Odoo's own or as a number."""
    word = str(raw).lower()
    if word not in _SWITCHES:
        raise ConfigurationError(
            f"The setting {name} must be one of {', '.join(_SWITCHES)}, not {raw!r:.50}."
        )
    return _SWITCHES[word]


def redact(value):
    """Return a URL without its password; anything else unchanged."""
    if not isinstance(value, str) or "://" not in value:
        return value
    parts = urlsplit(_PASSWORD.sub(r"\1***@", value))
    return parts._replace(query=_SECRET.sub(r"\1***", parts.query)).geturl()

"""The connection to ClickHouse and its schema; what runs there is in ``push.py``.

The driver is imported late: an installation without ClickHouse does not need it.
"""

import hashlib
import re
import time
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from ..errors import ConfigurationError, StoreError
from .migrate import SCHEMA

_MALFORMED = (
    "The address of ClickHouse is no valid URL: it should read "
    "clickhouse://user:password@host:9000/database, or, for a cluster, "
    "clickhouse://user:password@host:9000,other:9000/database?cluster=name."
)
_PORTS = {"clickhouse": 9000, "clickhouses": 9440}
# What may be a name in a statement of ours.
_NAME = re.compile(r"[\w.-]+")
# A host that did not answer is asked last for so many seconds.
_LEFT_ALONE = 30
_failed = {}
# What servers say that have no session with their keeper: there is none, tables are read
# only, an error of the keeper's.
_KEEPERLESS = (225, 242, 999)


class Away(StoreError):
    """The server does not answer."""


@dataclass(frozen=True)
class Address:
    """What a URL of ClickHouse says.

    :ivar nodes: the URL with one host each, in the order in which they are asked
    :ivar place: hosts, ports and database, for messages
    :ivar driver_url: what the driver takes; it knows no cluster
    :ivar cluster: the name that the servers know the cluster by; empty: one server
    """

    nodes: tuple[str, ...]
    place: str
    driver_url: str
    database: str
    cluster: str

    @property
    def on_cluster(self):
        """Return what makes a statement one for all nodes."""
        return f" ON CLUSTER `{self.cluster}`" if self.cluster else ""


def address(url):
    """Return the :class:`Address` of a URL.

    :raise ConfigurationError: it is none
    """
    try:
        parts = urlsplit(url)
        user, at, hosts = parts.netloc.rpartition("@")
        found = [urlsplit(f"//{host}") for host in hosts.split(",")]
        usual = _PORTS[parts.scheme]
        places = [f"{h.hostname}:{h.port or usual}" for h in found]
        options = dict(parse_qsl(parts.query))
        cluster, database = options.pop("cluster", ""), unquote(parts.path[1:])
        # These two are written into statements, where there is a cluster.
        named = [cluster, database] if cluster else []
        if not (all(h.hostname for h in found) and all(map(_NAME.fullmatch, named))):
            raise ValueError(parts.scheme)
    except (KeyError, ValueError):
        # Whatever is said of a bad URL may hold a part of the password.
        raise ConfigurationError(_MALFORMED) from None
    one_each = (parts._replace(netloc=f"{user}{at}{h.netloc}") for h in found)
    return Address(
        nodes=tuple(one.geturl() for one in one_each),
        place=f"{', '.join(places)}{parts.path}",
        driver_url=parts._replace(query=urlencode(options)).geturl(),
        database=database or "default",
        cluster=cluster,
    )


@contextmanager
def client(url, *, timeout=30, connect_timeout=5, limits=None, check=None):
    """Open a connection to the first host that answers; one per thread, as the driver asks.

    :param url: ``clickhouse://user:password@host:port/database``, also several hosts
    :param timeout: seconds a query may take on the server
    :param connect_timeout: seconds to wait for a server
    :param limits: settings of ClickHouse for its queries, such as
        :attr:`core.settings.Settings.clickhouse_limits`
    :param check: function of a connection; raises what speaks against that server
    :raise Away: no server answers; the message names hosts and ports
    :raise StoreError: the server refused
    """
    driver = _driver()
    settings = {"max_execution_time": timeout, **(limits or {})}
    where, connection = _answering(
        driver, address(url), (connect_timeout, timeout + 10), settings, check
    )
    try:
        with explained(where.place):
            yield connection
    finally:
        connection.disconnect()


@contextmanager
def explained(place):
    """Say in our words what the driver raises.

    :param place: of the server that is asked, without secrets
    """
    errors = _driver().errors
    try:
        yield
    except errors.ServerException as e:
        reason = str(e.message or e).partition("Stack trace")[0].strip()
        if e.code in _KEEPERLESS:
            raise StoreError(
                f"ClickHouse at {place} does not reach its keeper, ZooKeeper or"
                f" ClickHouse Keeper ({reason:.200}). Nothing can be written until it"
                " does; the next run tries again."
            ) from e
        raise StoreError(f"ClickHouse at {place} refused: {reason:.300}") from e
    except (errors.Error, OSError, EOFError) as e:
        raise Away(
            f"ClickHouse at {place} cannot be reached ({_why(e)}); "
            "PostgreSQL answers until it is back."
        ) from e


def _why(error):
    # The driver tells of TLS by its text alone.
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return (
            "its certificate is not trusted: is its authority's the file of ca_certs?"
        )
    return type(error).__name__


def local(table):
    """Return what holds a node's rows of a table of facts, on a cluster."""
    return f"{table}_local"


def statements(name, suffix=""):
    """Return the statements of a file of the schema.

    :param suffix: sets the tables of a rebuild apart
    """
    text = (SCHEMA / "clickhouse" / name).read_text(encoding="utf-8")
    text = "\n".join(s for s in text.splitlines() if not s.lstrip().startswith("--"))
    found = text.replace("{suffix}", suffix).split(";")
    return [statement.strip() for statement in found if statement.strip()]


def schema_version(layout=""):
    """Return the digests of tables and views, 16 characters each.

    Tables made by another version are rebuilt; views are merely made again.

    :param layout: how the tables lie on a cluster; empty on one server
    """
    tables, views = (
        (SCHEMA / "clickhouse" / name).read_bytes()
        for name in ("tables.sql", "views.sql")
    )
    parts = (tables + layout.encode(), views)
    return "".join(hashlib.sha256(part).hexdigest()[:16] for part in parts)


def has_tables_of(schema, other):
    """Tell whether two versions have the same tables."""
    return schema[:16] == other[:16]


def _answering(driver, where, patience, settings, check):
    """Return (address, connection) of the first host that answers and may be asked."""
    failures = []
    nodes = [address(node) for node in where.nodes]
    for node in sorted(nodes, key=lambda n: time.monotonic() < _failed.get(n.place, 0)):
        try:
            connection = driver.Client.from_url(node.driver_url)
        except Exception:
            raise ConfigurationError(_MALFORMED) from None
        connection.settings.update(settings)
        try:
            with explained(node.place):
                _connect(connection.connection, *patience)
                if check:
                    check(connection)
            return node, connection
        except StoreError as e:
            connection.disconnect()
            failures.append(e)
            if isinstance(e, Away):
                _failed[node.place] = time.monotonic() + _LEFT_ALONE
    raise next((e for e in failures if not isinstance(e, Away)), _all(where, failures))


def _all(where, failures):
    if len(failures) == 1:
        return failures[0]
    return Away(
        f"None of ClickHouse's hosts {where.place} can be reached; "
        "PostgreSQL answers until one is back."
    )


def _connect(connection, patience, timeout):
    """Connect; a server that takes the connection and is silent is away, too."""
    connection.connect_timeout = connection.send_receive_timeout = patience
    connection.connect()
    connection.send_receive_timeout = timeout
    connection.socket.settimeout(timeout)


def _driver():
    try:
        import clickhouse_driver  # noqa: PLC0415 (only where it is configured)
    except ImportError as e:
        raise ConfigurationError(
            "ClickHouse is configured, but its driver is not installed: "
            "pip install 'clickhouse-driver[lz4,zstd]'."
        ) from e
    return clickhouse_driver

"""The connection to ClickHouse and its schema; what runs there is in ``push.py``.

The driver is imported late: an installation without ClickHouse does not need it.
"""

import hashlib
from contextlib import contextmanager
from urllib.parse import urlsplit

from ..errors import ConfigurationError, StoreError
from .migrate import SCHEMA

_MALFORMED = (
    "The address of ClickHouse is no valid URL: it should read "
    "clickhouse://user:password@host:9000/database."
)


class Away(StoreError):
    """The server does not answer."""


@contextmanager
def client(url, *, timeout=30, connect_timeout=5, limits=None):
    """Open a connection; one per thread, as the driver asks.

    :param url: ``clickhouse://user:password@host:port/database``
    :param timeout: seconds a query may take on the server
    :param connect_timeout: seconds to wait for the server
    :param limits: settings of ClickHouse for its queries, such as
        :attr:`core.settings.Settings.clickhouse_limits`
    :raise Away: the server does not answer; the message names host and port
    :raise StoreError: the server refused
    """
    driver = _driver()
    try:
        where = _place(url)
        connection = driver.Client.from_url(url)
    except Exception:
        # Whatever the driver says of a bad URL may hold a part of the password.
        raise ConfigurationError(_MALFORMED) from None
    connection.settings.update({"max_execution_time": timeout, **(limits or {})})
    try:
        _connect(connection.connection, connect_timeout, timeout + 10)
        yield connection
    except driver.errors.ServerException as e:
        reason = str(e.message or e).partition("Stack trace")[0].strip()
        raise StoreError(f"ClickHouse at {where} refused: {reason:.300}") from e
    except (driver.errors.Error, OSError, EOFError) as e:
        raise Away(
            f"ClickHouse at {where} cannot be reached ({type(e).__name__}); "
            "PostgreSQL answers until it is back."
        ) from e
    finally:
        connection.disconnect()


def create(connection, name, suffix=""):
    """Run a file of the schema; ``suffix`` sets the tables of a rebuild apart."""
    text = (SCHEMA / "clickhouse" / name).read_text(encoding="utf-8")
    text = "\n".join(s for s in text.splitlines() if not s.lstrip().startswith("--"))
    for statement in text.replace("{suffix}", suffix).split(";"):
        if statement.strip():
            connection.execute(statement)


def schema_version():
    """Return the digests of tables and views, 16 characters each.

    Tables made by another version are rebuilt; views are merely made again.
    """
    files = (SCHEMA / "clickhouse" / name for name in ("tables.sql", "views.sql"))
    return "".join(hashlib.sha256(f.read_bytes()).hexdigest()[:16] for f in files)


def has_tables_of(schema, other):
    """Tell whether two versions have the same tables."""
    return schema[:16] == other[:16]


def _connect(connection, patience, timeout):
    """Connect; a server that takes the connection and is silent is away, too."""
    connection.connect_timeout = connection.send_receive_timeout = patience
    connection.connect()
    connection.send_receive_timeout = timeout
    connection.socket.settimeout(timeout)


def _place(url):
    parts = urlsplit(url)
    if parts.scheme not in ("clickhouse", "clickhouses") or not parts.hostname:
        raise ValueError(parts.scheme)
    return f"{parts.hostname}:{parts.port or 9000}{parts.path}"


def _driver():
    try:
        import clickhouse_driver  # noqa: PLC0415 (only where it is configured)
    except ImportError as e:
        raise ConfigurationError(
            "ClickHouse is configured, but its driver is not installed: "
            "pip install 'clickhouse-driver[lz4,zstd]'."
        ) from e
    return clickhouse_driver

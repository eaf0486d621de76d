"""The connection to ClickHouse and its schema; what runs there is in ``push.py``.

The driver is imported late: an installation without ClickHouse does not need it.
"""

from contextlib import contextmanager
from urllib.parse import urlsplit

from ..errors import ConfigurationError, StoreError
from .migrate import SCHEMA


@contextmanager
def client(url, *, timeout=30, **settings):
    """Open a connection; one per thread, as the driver asks.

    :param url: ``clickhouse://user:password@host:port/database``
    :param timeout: seconds a query may take on the server
    :raise StoreError: the server is away or failed; the message names host and port
    """
    driver = _driver()
    where = _place(url)
    limits = {"max_execution_time": timeout, **settings}
    try:
        connection = driver.Client.from_url(url)
        connection.connection.connect_timeout = 5
        connection.connection.send_receive_timeout = timeout + 10
        connection.settings.update(limits)
    except (ValueError, TypeError, KeyError):
        raise ConfigurationError(
            "The address of ClickHouse is no valid URL: it should read "
            "clickhouse://user:password@host:9000/database."
        ) from None
    try:
        yield connection
    except driver.errors.ServerException as e:
        reason = str(e.message or e).partition("Stack trace")[0].strip()
        raise StoreError(f"ClickHouse at {where} refused: {reason:.300}") from e
    except (driver.errors.Error, OSError, EOFError) as e:
        raise StoreError(
            f"ClickHouse at {where} cannot be reached ({type(e).__name__}); "
            "PostgreSQL answers until it is back."
        ) from e
    finally:
        connection.disconnect()


def create_schema(connection, suffix=""):
    """Create what is missing; ``suffix`` sets the tables of a rebuild apart."""
    for statement in _statements("tables.sql", suffix=suffix):
        connection.execute(statement)
    for statement in _statements("common.sql"):
        connection.execute(statement)


def _statements(name, **fragments):
    text = (SCHEMA / "clickhouse" / name).read_text(encoding="utf-8")
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    text = "\n".join(lines).format(**fragments) if fragments else "\n".join(lines)
    return [s.strip() for s in text.split(";") if s.strip()]


def _place(url):
    parts = urlsplit(url)
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

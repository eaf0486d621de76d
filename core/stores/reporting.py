"""Connections to the reporting database, and its errors as ours."""

from contextlib import contextmanager

import psycopg2

from .. import database
from ..errors import ConfigurationError, StoreError


@contextmanager
def explained():
    """Turn errors of the reporting database into ours, without its secrets.

    :raise StoreError: it may work next time
    :raise ConfigurationError: the address must be changed
    """
    try:
        yield
    except psycopg2.ProgrammingError as e:
        if not database.is_bad_address(e):
            raise StoreError(f"The reporting database failed: {str(e).strip()}") from e
        raise ConfigurationError(
            f"The address of the reporting database is wrong: {database.ADDRESS}"
        ) from None
    except psycopg2.Error as e:
        raise StoreError(
            f"The reporting database failed: {str(e).strip()}. Nothing is lost; the "
            "next run goes on where this one ended."
        ) from e


def connect(dsn, application="loyalty_reporting"):
    """Open a connection that writes.

    :raise StoreError: the reporting database cannot be reached
    :raise ConfigurationError: its address is wrong
    """
    with explained():
        return database.connect(dsn, application=application)

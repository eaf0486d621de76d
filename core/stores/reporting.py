"""Connections to the reporting database, and its errors as ours."""

from contextlib import closing, contextmanager

import psycopg2
import psycopg2.errors

from .. import database
from ..errors import ConfigurationError, ReportingError, StoreError

# What PostgreSQL says of data that it cannot take.
_OF_DATA = (
    psycopg2.DataError,
    psycopg2.IntegrityError,
    psycopg2.errors.ProgramLimitExceeded,
)


@contextmanager
def explained():
    """Turn errors of the reporting database into ours, without its secrets.

    :raise StoreError: it may work next time
    :raise ConfigurationError: the address must be changed
    """
    try:
        yield
    except psycopg2.Error as e:
        if database.is_bad_address(e):
            # The driver quotes the address, and with it the password.
            raise ConfigurationError(
                f"The address of the reporting database is wrong: {database.ADDRESS}"
            ) from None
        raise StoreError(
            f"The reporting database failed: {database.words_of(e)}. Nothing is lost; "
            "the next run goes on where this one ended."
        ) from e


def is_of_data(error):
    """Tell whether an error, ours or the driver's, is due to the data: it will stay."""
    cause = error.__cause__ if isinstance(error, ReportingError) else error
    return isinstance(cause, _OF_DATA)


def connect(dsn, application="loyalty_reporting"):
    """Open a connection that writes.

    :raise StoreError: the reporting database cannot be reached
    :raise ConfigurationError: its address is wrong
    """
    with explained():
        return database.connect(dsn, application=application)


@contextmanager
def transaction(dsn, application="loyalty_reporting"):
    """Give a cursor in a transaction of a connection of its own; errors are ours."""
    with (
        closing(connect(dsn, application)) as connection,
        explained(),
        connection,
        connection.cursor() as cr,
    ):
        yield cr

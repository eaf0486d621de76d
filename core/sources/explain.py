"""The driver's errors as ours: whose they are, and what to do about them."""

from contextlib import contextmanager

import psycopg2

from ..database import ADDRESS, is_bad_address, words_of
from ..errors import ConfigurationError, SourceError

_GOES_ON = "the next run goes on where this one ended."


@contextmanager
def explained():
    """Turn errors of the source's database into ours, without its secrets.

    :raise SourceError: it may work next time
    :raise ConfigurationError: an administrator must act
    """
    try:
        yield
    except (psycopg2.Error, UnicodeDecodeError) as e:
        if is_bad_address(e):
            # The driver quotes the address, and with it the password.
            raise ConfigurationError(
                f"The source's address is no valid PostgreSQL URL: {ADDRESS}"
            ) from None
        raise _ours(e) from e


def _ours(error):
    """Return our error for one of the driver's."""
    said = words_of(error)
    if isinstance(error, psycopg2.errors.QueryCanceled):
        return SourceError(
            f"The source's database was too slow: {said}. Look for a lock, give the tables "
            "an index on (txid, id) and the lines one on (order_id), or raise "
            f"LOYALTY_REPORTING_SOURCE_TIMEOUT; {_GOES_ON}"
        )
    if isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError):
        return SourceError(
            f"The source's database cannot be read: {said}. Check the server and the "
            f"address; {_GOES_ON}"
        )
    if isinstance(error, psycopg2.ProgrammingError):
        return ConfigurationError(
            f"The source's database refused a query: {said}. Check the source's "
            "extraction queries and its role's rights."
        )
    return SourceError(
        f"The source's data cannot be read: {said}. Correct the row or the extraction "
        f"query; {_GOES_ON}"
    )

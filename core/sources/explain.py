"""The driver's errors as ours: whose they are, and what to do about them."""

from contextlib import contextmanager

import psycopg2

from ..database import ADDRESS, is_bad_address
from ..errors import ConfigurationError, SourceError


@contextmanager
def explained():
    """Turn errors of the source's database into ours, without its secrets.

    :raise SourceError: it may work next time
    :raise ConfigurationError: an administrator must act
    """
    try:
        yield
    except psycopg2.ProgrammingError as e:
        if is_bad_address(e):
            # The driver quotes the address, and with it the password.
            raise ConfigurationError(
                f"The source's address is no valid PostgreSQL URL: {ADDRESS}"
            ) from None
        raise ConfigurationError(
            f"The source's database refused a query: {str(e).strip()}"
        ) from e
    except psycopg2.OperationalError as e:
        raise SourceError(
            f"The source's database cannot be read: {str(e).strip()}. Check the "
            "server and the address; the next run goes on where this one ended."
        ) from e
    except (psycopg2.Error, UnicodeDecodeError) as e:
        raise SourceError(f"The source's data cannot be read: {str(e).strip()}") from e

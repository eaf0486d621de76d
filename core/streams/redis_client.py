"""A connection to Redis that tries nothing twice, and its errors as ours."""

from contextlib import contextmanager

from ..errors import ConfigurationError, SourceError

OLDEST = 7
_WAIT = 10


def connect(url):
    """Return a client; it connects when it is used.

    A command is never repeated by itself: entries handed out with a reply that was
    lost are found among our pending ones.

    :raise ConfigurationError: the address is none, or the package is missing
    """
    try:
        import redis  # noqa: PLC0415 (only where it is configured)
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            "The stream needs the Python package redis: pip install redis."
        ) from None
    try:
        return redis.Redis.from_url(
            url,
            retry=Retry(NoBackoff(), 0),
            socket_timeout=_WAIT,
            socket_connect_timeout=_WAIT,
            client_name="loyalty_reporting",
        )
    except ValueError:
        # The driver quotes the address, and with it the password.
        raise ConfigurationError(
            "The stream's address is no valid Redis URL: it should read "
            "redis://user:password@host:6379/0, with the characters @ : / % of a "
            "password written as %40 %3A %2F %25."
        ) from None


@contextmanager
def explained(name):
    """Turn errors of Redis into ours, without its secrets.

    :param name: the stream that is read
    :raise SourceError: it may work next time
    :raise ConfigurationError: an administrator must act
    """
    from redis import exceptions  # noqa: PLC0415 (only where it is configured)

    try:
        yield
    except (exceptions.AuthenticationError, exceptions.AuthorizationError) as e:
        raise ConfigurationError(
            f"Redis refuses us: {_words(e)}. Check user and password in the stream's "
            "address."
        ) from None
    except (exceptions.BusyLoadingError, exceptions.ReadOnlyError) as e:
        raise SourceError(f"Redis cannot be used yet: {_words(e)}.") from e
    except (exceptions.ConnectionError, exceptions.TimeoutError, OSError) as e:
        raise SourceError(
            f"Redis cannot be reached: {_words(e)}. Nothing is lost; what was read and "
            "not loaded is read again."
        ) from e
    except exceptions.ResponseError as e:
        raise _refusal(name, e) from e


def _refusal(name, error):
    words = _words(error)
    if any(words.startswith(code) for code in ("LOADING", "MASTERDOWN", "TRYAGAIN")):
        return SourceError(f"Redis cannot be used yet: {words}.")
    if "OOM" in words or "MISCONF" in words:
        return SourceError(f"Redis cannot write: {words}. Give it memory or disk.")
    if "WRONGTYPE" in words:
        return ConfigurationError(
            f"The key {name} in Redis is no stream. Check the stream's name."
        )
    return ConfigurationError(
        f"Redis refuses to read the stream {name}: {words}. Its user needs the commands "
        "XREAD, XREADGROUP, XACK, XCLAIM, XAUTOCLAIM, XPENDING, XRANGE, XGROUP, XINFO, "
        "INFO and EVAL."
    )


def check_version(version):
    """Refuse a server that does not tell what was removed from a stream.

    :raise ConfigurationError: it is too old
    """
    if int(version.partition(".")[0]) < OLDEST:
        raise ConfigurationError(
            f"Streams need Redis {OLDEST}.0 or later (or Valkey); this is {version}."
        )


def _words(error):
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__

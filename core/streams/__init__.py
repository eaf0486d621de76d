"""Where events come from: one file for each kind of stream."""

from urllib.parse import urlsplit

from ..errors import ConfigurationError


def connect(url, name, group):
    """Return the stream that an address leads to.

    :param url: ``redis://…`` or ``kafka://…``
    :param name: the stream's key, or the topic
    :param group: the group of consumers that share its entries
    :raise ConfigurationError: the address is none of a stream
    """
    scheme = urlsplit(url).scheme
    if scheme not in STREAMS:
        raise ConfigurationError(
            "The stream's address must begin with redis:// or kafka://: set "
            "LOYALTY_REPORTING_STREAM_URL in the environment, or "
            "loyalty_reporting_stream_url in odoo.conf."
        )
    return STREAMS[scheme](url, name, group)


def _redis(url, name, group):
    from .redis_stream import RedisStream  # noqa: PLC0415 (only what is configured)

    return RedisStream(url, name, group)


def _kafka(url, name, group):
    from .kafka_stream import KafkaStream  # noqa: PLC0415 (only what is configured)

    return KafkaStream(url, name, group)


STREAMS = {"redis": _redis, "rediss": _redis, "unix": _redis, "kafka": _kafka}

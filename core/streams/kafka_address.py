"""The address of a topic of Kafka as options of its client."""

from urllib.parse import parse_qsl, unquote, urlsplit

from ..errors import ConfigurationError


def client_options(url, group):
    """Return (options of the client, topic or an empty text).

    What follows ``?`` in the address are options of the client themselves, such as
    ``security.protocol=SSL``.

    :raise ConfigurationError: the address has no host
    """
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2]
    if not hosts:
        raise ConfigurationError(
            "The stream's address names no host of Kafka: it should read "
            "kafka://user:password@host:9092,host:9092/topic, with the characters "
            "@ : / % of a password written as %40 %3A %2F %25."
        )
    options = {"bootstrap.servers": hosts, "client.id": "loyalty_reporting"}
    if parts.username:
        options |= {
            "security.protocol": "SASL_SSL",
            "sasl.mechanism": "PLAIN",
            "sasl.username": unquote(parts.username),
            "sasl.password": unquote(parts.password or ""),
        }
    options |= dict(parse_qsl(parts.query))
    # These are the meaning of what we do.
    options |= {
        "group.id": group,
        "enable.auto.commit": False,
        "enable.auto.offset.store": False,
        "auto.offset.reset": "error",
        "partition.assignment.strategy": "range,roundrobin",
    }
    return options, unquote(parts.path.strip("/"))

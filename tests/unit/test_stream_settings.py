"""Settings of the stream, and addresses shown without their secrets."""

import pytest

from core.errors import ConfigurationError
from core.settings import Settings, redact
from core.streams import connect


def test_the_stream_has_a_name_unless_told_otherwise(monkeypatch):
    monkeypatch.setenv("LOYALTY_REPORTING_STREAM_URL", "redis://h/0")
    settings = Settings.read({"loyalty_reporting_stream_events": "50"})
    assert settings.stream_url == "redis://h/0"
    assert settings.stream_name == "engine.events"
    assert settings.stream_events == 50


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("redis://:pw@h:6379/0", "redis://:***@h:6379/0"),
        ("redis://:p#/?w@h:6379/0", "redis://:***@h:6379/0"),
        ("kafka://u:pw@a:1,b:2/t", "kafka://u:***@a:1,b:2/t"),
        ("kafka://a:1,b:2/t", "kafka://a:1,b:2/t"),
        (
            "kafka://a:1/t?ssl.key.password=pw&log_level=3&sasl.oauthbearer.client.secret=pw",
            "kafka://a:1/t?ssl.key.password=***&log_level=3"
            "&sasl.oauthbearer.client.secret=***",
        ),
    ],
)
def test_secrets_are_not_shown(address, shown):
    assert redact(address) == shown


@pytest.mark.parametrize("url", ["", "http://h", "h:6379", "amqp://u:pw@h"])
def test_an_address_of_something_else_is_explained(url):
    with pytest.raises(ConfigurationError) as caught:
        connect(url, "name", "group")
    assert "LOYALTY_REPORTING_STREAM_URL" in str(caught.value)
    assert "pw" not in str(caught.value)

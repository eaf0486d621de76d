"""Jobs of exports over REST: what is asked for, and what is told of a job."""

import hashlib
import json
from dataclasses import dataclass

from ..errors import BadQuery
from ..exports.files import FORMATS

MEMBERS = ("report", "format", "parameters")
OPEN = ("queued", "running")
_LONGEST_KEY = 255


@dataclass(frozen=True)
class Asked:
    """A request for an export.

    :param given: parameter name → list of texts, as a query string would give them
    """

    slug: str
    file_format: str
    given: dict

    @property
    def digest(self):
        """The same for the same request."""
        asked = [self.slug, self.file_format, self.given]
        return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def asked(body):
    """Return what the body of a request asks for.

    :param body: bytes of a JSON object
    :raise BadQuery: the first fault, with the member's name
    """
    given = _object(body)
    for name in given:
        if name not in MEMBERS:
            raise BadQuery(
                _tame(name[:50]),
                f"There is no member {_shown(name)}; there are {', '.join(MEMBERS)}.",
            )
    slug, file_format = given.get("report"), given.get("format")
    if not isinstance(slug, str):
        raise BadQuery("report", "report must be the slug of a report.")
    if file_format not in FORMATS:
        raise BadQuery("format", f"format must be one of {', '.join(FORMATS)}.")
    slug = _text("report", slug)
    return Asked(slug, file_format, _parameters(given.get("parameters", {})))


def key_of(text):
    """Return the key of a request that may be sent again.

    :param text: the header ``Idempotency-Key``, or None
    :raise BadQuery: it is none
    """
    if text is None:
        return None
    if not 0 < len(text) <= _LONGEST_KEY or not (text.isascii() and text.isprintable()):
        raise BadQuery(
            "Idempotency-Key",
            f"Idempotency-Key must have 1 to {_LONGEST_KEY} printable ASCII characters.",
        )
    return text


def _object(body):
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise BadQuery(
            "body",
            'Send a JSON object: {"report": "…", "format": "csv", "parameters": {…}}.',
        )
    return given


def _parameters(given):
    if not isinstance(given, dict):
        raise BadQuery("parameters", "parameters must be an object: name → value.")
    if "format" in given:
        raise BadQuery("format", "The format stands beside the parameters.")
    return {_text("parameters", name): _texts(name, v) for name, v in given.items()}


def _texts(name, value):
    values = value if isinstance(value, list) else [value]
    return [_text(name, item) for item in values]


def _text(name, value):
    """Return a value as a query string has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if not isinstance(value, str):
        raise BadQuery(
            name, f"{_shown(name)} must be a text, a whole number or a list."
        )
    # Neither can be stored.
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise BadQuery(_tame(name), f"{_shown(name)} holds what is no character.")
    return value


def _shown(name):
    return repr(_tame(name[:50]))


def _tame(name):
    return name.encode(errors="replace").decode()

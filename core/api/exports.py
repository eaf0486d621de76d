"""Jobs of exports over REST: what is asked for, and what is told of a job."""

import hashlib
import json
from dataclasses import dataclass

from ..errors import BadQuery
from ..exports.files import FORMATS
from .given import shown, tame, text_of, texts_of

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
                tame(name[:50]),
                f"There is no member {shown(name)}; there are {', '.join(MEMBERS)}.",
            )
    slug, file_format = given.get("report"), given.get("format")
    if not isinstance(slug, str):
        raise BadQuery("report", "report must be the slug of a report.")
    if file_format not in FORMATS:
        raise BadQuery("format", f"format must be one of {', '.join(FORMATS)}.")
    slug = text_of("report", slug)
    return Asked(slug, file_format, texts_of(given.get("parameters", {})))


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

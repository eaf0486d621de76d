"""From what a caller sends to a question: every fault names its parameter."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from ..errors import BadQuery

BY_PARTNER, BY_ODOO_PARTNER = "partner_id", "odoo_partner_id"
_WHO = (BY_PARTNER, BY_ODOO_PARTNER)
_OTHER = ("company_id", "as_of")
_BIGINT = 2**63 - 1
_YEARS = (2000, 2100)


@dataclass(frozen=True)
class Question:
    """Whose standing, and when.

    :param by: ``partner_id`` (the engine's number) or ``odoo_partner_id``
    :param instant: UTC, without a zone; None: now, unless there is a ``day``
    :param day: the end of this business day is meant
    """

    by: str
    id: int
    company_id: int | None = None
    instant: datetime | None = None
    day: date | None = None


def parse(given):
    """Return the question in ``given``, JSON values by name.

    :raise BadQuery: the first fault, with the parameter's name
    """
    for name in given:
        if name not in (*_WHO, *_OTHER):
            raise BadQuery(name, f"There is no parameter {ascii(name):.50}.")
    # A value that is null was not given.
    given = {name: value for name, value in given.items() if value is not None}
    asked = [name for name in _WHO if name in given]
    if len(asked) != 1:
        raise BadQuery(
            BY_ODOO_PARTNER,
            "Name the customer either by odoo_partner_id, the number of the contact in "
            "Odoo, or by partner_id, the engine's number.",
        )
    instant, day = _when(given.get("as_of"))
    return Question(
        by=asked[0],
        id=number(asked[0], given[asked[0]]),
        company_id=number("company_id", given["company_id"])
        if "company_id" in given
        else None,
        instant=instant,
        day=day,
    )


def number(name, value):
    """Return a whole number, given as such or by its digits.

    :raise BadQuery: it is none, or one that no database can hold
    """
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,19}", value, re.ASCII):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _BIGINT:
        raise BadQuery(name, f"{name} {_shown(value)} is no whole number.")
    return value


def _when(text):
    """Return (instant, day), of which one at most is given."""
    if text is None:
        return None, None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            return None, _sane(date.fromisoformat(text))
        instant = _sane(datetime.fromisoformat(text))
    except (TypeError, ValueError):
        raise BadQuery(
            "as_of",
            f"as_of {_shown(text)} is neither an instant such as 2024-01-31T10:30:00Z "
            "nor a business day such as 2024-01-31, of the years 2000 to 2100.",
        ) from None
    if instant.tzinfo:
        instant = instant.astimezone(UTC).replace(tzinfo=None)
    return instant, None


def _sane(when):
    if not _YEARS[0] <= when.year <= _YEARS[1]:
        raise ValueError
    return when


def _shown(value):
    """Return the start of a value as a message may hold it."""
    return f"{ascii(value):.50}" if isinstance(value, str) else type(value).__name__

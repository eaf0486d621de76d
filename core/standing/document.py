"""The answer: JSON values, decimals among them."""

from dataclasses import asdict
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal

# Sums of many rows have more digits than the usual context keeps.
_WIDE = Context(prec=60, rounding=ROUND_HALF_UP)
_POINT_DIGITS = 2


def document(standing, clock, company, asked_partner=None, reward=None):
    """Return what a caller gets.

    Money has the currency's digits, rounded half up once from the exact sum; points
    have at least two.

    :param asked_partner: Odoo's number of the contact, if the caller may know it
    :param reward: a :class:`~.records.Reward` or None
    """
    parts = asdict(standing)
    del parts["programs"]
    partner_ids = parts.pop("partner_ids")
    return {
        "known": standing.known,
        "customer": {"odoo_partner_id": asked_partner, "partner_ids": partner_ids},
        **_shown(parts, company.digits),
        "suggested_reward": reward and _shown(asdict(reward), company.digits),
        "meta": {
            "company_id": company.id,
            "as_of": _shown(clock.as_of, 0),
            "date": _shown(clock.day, 0),
            "time_zone": company.timezone,
            "currency": company.currency,
            "data_as_of": _shown(clock.data_as_of, 0),
            "listed_since": _shown(clock.listed_since, 0),
            "daily_since": _shown(clock.daily_since, 0),
        },
    }


_MONEY = ("amount", "spend", "threshold", "missing")


def _shown(value, digits, name=""):
    """Return a value of a record as JSON has it; its name tells money from points."""
    if isinstance(value, dict):
        return {key: _shown(part, digits, key) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_shown(part, digits, name) for part in value]
    if isinstance(value, Decimal):
        return money(value, digits) if name in _MONEY else points(value)
    if isinstance(value, datetime):
        return f"{value.isoformat()}Z"
    return value.isoformat() if isinstance(value, date) else value


def money(value, digits):
    """Return an amount with the currency's digits, rounded half up."""
    return value.quantize(Decimal(1).scaleb(-digits), context=_WIDE)


def points(value):
    """Return points without superfluous zeros, but with two decimals."""
    exponent = value.normalize(_WIDE).as_tuple().exponent
    digits = max(_POINT_DIGITS, -exponent)
    return value.quantize(Decimal(1).scaleb(-digits), context=_WIDE)

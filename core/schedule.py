"""When something is due again: cron expressions, by the clock of a time zone.

The library cronsim (BSD-3, made for and kept by Healthchecks) follows Debian's cron, also
when clocks are set: what falls into the hour that is skipped is due at its end, and what
falls into the hour that comes twice is due once.
"""

from datetime import UTC
from itertools import islice
from zoneinfo import ZoneInfo

from .errors import BadQuery, ConfigurationError

LAST_DAY = "L"
_FIELDS = 5
_MISSING = (
    "Schedules need the Python package cronsim. An administrator installs it with: "
    "pip install cronsim"
)


def daily(minutes):
    """Return the expression for every day.

    :param minutes: since midnight
    """
    return f"{_clock(minutes)} * * *"


def weekly(minutes, weekday):
    """Return the expression for a day of the week; 1 is Monday, 7 is Sunday."""
    return f"{_clock(minutes)} * * {weekday}"


def monthly(minutes, day):
    """Return the expression for a day of the month: 1 to 28, or :data:`LAST_DAY`."""
    return f"{_clock(minutes)} {day} * *"


def check(expression, after):
    """Refuse an expression that is none, is never due, or more often than hourly.

    :param after: an instant (UTC, without zone)
    :raise BadQuery: says what is wrong
    """
    fields = (expression or "").split()
    if len(fields) != _FIELDS:
        raise BadQuery(
            "expression",
            "A cron expression has five parts: minute, hour, day of the month, month, "
            "day of the week; 0 7 * * 1 is every Monday at 7:00.",
        )
    next_after(expression, "UTC", after)
    # With one minute, no two instants are nearer than an hour.
    if not fields[0].isdecimal():
        raise BadQuery(
            "expression",
            "Once an hour is the most: the first part is one number, the minute.",
        )


def next_after(expression, zone, instant):
    """Return the first instant after another at which something is due.

    :param zone: name of the time zone whose clock the expression means
    :param instant: UTC, without zone, as is the answer
    :raise BadQuery: the expression is none, or there is no such instant
    """
    return upcoming(expression, zone, instant, 1)[0]


def upcoming(expression, zone, instant, count):
    """Return the next instants, as :func:`next_after` does, at least one."""
    try:
        from cronsim import CronSim, CronSimError  # noqa: PLC0415 (a missing one is told)
    except ImportError as error:
        raise ConfigurationError(_MISSING) from error
    begin = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    try:
        found = [*islice(CronSim(expression, begin), count)]
    except CronSimError as error:
        raise BadQuery("expression", f"{expression!r:.50} is no cron expression: {error}.") from None  # fmt: skip
    if not found:
        raise BadQuery("expression", f"{expression} is never due.")
    return [due.astimezone(UTC).replace(tzinfo=None) for due in found]


def _clock(minutes):
    hour, minute = divmod(minutes, 60)
    return f"{minute} {hour}"

"""Business day, hour and bucket in any company's zone, with the standard library."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

GRAINS = ("hour", "day", "week", "month", "year", None)


def utc(value):
    """Naive UTC datetime of a datetime (naive counts as UTC) or ISO text."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value


def day(value):
    """A date of a date, datetime or ISO text; None stays None."""
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    return value.date() if isinstance(value, datetime) else value


def local_clock(instant, zone):
    """Wall clock in the zone (aware datetime) at a naive UTC instant."""
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


def business_day(instant, zone):
    """The date in the company's zone at a naive UTC instant."""
    return local_clock(instant, zone).date()


def business_hour(instant, zone):
    """Naive UTC instant at which the local clock hour of a naive UTC instant began.

    The minutes and seconds of the local clock are taken off: an hour that the clock
    shows twice is two instants, and a zone may be half an hour off UTC.
    """
    clock = local_clock(instant, zone)
    return instant - timedelta(
        minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond
    )


def first_day(date_, grain):
    """The label of the bucket that holds a business day: its first day."""
    if grain == "week":
        return date_ - timedelta(days=date_.weekday())
    if grain == "month":
        return date_.replace(day=1)
    return date(date_.year, 1, 1) if grain == "year" else date_


def last_day(label, grain):
    """The last day of the bucket with this label."""
    if grain == "week":
        return label + timedelta(days=6)
    if grain == "month":  # the 32nd day from the first is in the next month
        return (label + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    return date(label.year, 12, 31) if grain == "year" else label


def within(date_, date_from, date_to):
    """Whether a business day is in the inclusive range; None leaves a side open."""
    after = date_from is None or date_ >= day(date_from)
    return after and (date_to is None or date_ <= day(date_to))

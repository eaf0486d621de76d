"""Business day, local clock hour and bucket labels (METRICS.md, Conventions)."""

import pandas as pd

ZONE = "America/New_York"
GRAINS = ("hour", "day", "week", "month", "year")


def local_clock(instants):
    """Naive wall clock time in the company's zone, for naive UTC instants."""
    return instants.dt.tz_localize("UTC").dt.tz_convert(ZONE).dt.tz_localize(None)


def business_day(instants):
    """The day in the company's zone, as a timestamp at midnight without zone."""
    return local_clock(instants).dt.normalize()


def business_hour(instants):
    """UTC instant (naive) at which the local clock hour of each instant began."""
    local = local_clock(instants)
    return instants - (local - local.dt.floor("h"))


def days_into(dates, grain):
    """Days from the first day of the bucket that holds each business day."""
    if grain == "week":  # ISO: Monday is day 0
        return dates.dt.day_of_week
    if grain == "month":
        return dates.dt.day - 1
    if grain == "year":
        return dates.dt.day_of_year - 1
    return dates.dt.day * 0


def with_bucket(facts, grain):
    """Facts whose `date` is the label of their bucket: its first day, never clipped."""
    if grain not in (*GRAINS, None):
        raise ValueError(f"grain {grain!r} is none of {GRAINS} or None")
    if grain is None:
        return facts
    offset = pd.to_timedelta(days_into(facts["date"], grain), unit="D")
    return facts.assign(date=facts["date"] - offset)


def bucket_columns(grain):
    """The columns that name a bucket of this grain."""
    return {None: [], "hour": ["date", "hour"]}.get(grain, ["date"])

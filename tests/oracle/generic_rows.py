"""Reading the engine's contract tables, and grouping rows, for `oracle.generic`."""

from collections import defaultdict
from decimal import Decimal
from fractions import Fraction

from .generic_time import GRAINS, business_day, business_hour, first_day, utc

NO_NUMBER = Decimal(0)


def table(tables, name):
    """The rows of a contract table; a table that is not given is empty."""
    return tables.get(name, [])


def number(value):
    """The exact Decimal of a Decimal, integer or numeric text; never of a float."""
    if isinstance(value, float):
        raise TypeError(f"{value!r} is a float: amounts and points are exact")
    return Decimal(value)


def total(values):
    """The sum as a Decimal, 0 of nothing."""
    return sum(values, NO_NUMBER)


def ratio(numerator, denominator, without):
    """The exact Fraction; `without` if there is nothing to divide by."""
    if not denominator:
        return without
    return Fraction(numerator) / Fraction(denominator)


def orders(tables, zone):
    """{id: order} of what counts: sales and refunds, not voided orders.

    To the contract's columns come `at` (naive UTC), `date`, `hour`, `is_sale`.
    """
    found = {}
    for row in table(tables, "processed_order"):
        if row["state"] != "void":
            moment = clock(row["ordered_at"], zone)
            is_sale = row["state"] == "done"
            found[row["id"]] = {**row, **moment, "is_sale": is_sale}
    return found


def voided(tables):
    """Ids of the voided orders."""
    rows = table(tables, "processed_order")
    return {row["id"] for row in rows if row["state"] == "void"}


def clock(instant, zone):
    """`at`, `date` and `hour` of an instant in the company's zone."""
    at = utc(instant)
    return {
        "at": at,
        "date": business_day(at, zone),
        "hour": business_hour(at, zone),
    }


def keys_of(group, grain):
    """The columns that name a row of a result: bucket, then the group's."""
    if grain not in GRAINS:
        raise ValueError(f"grain {grain!r} is none of {GRAINS}")
    bucket = {None: [], "hour": ["date", "hour"]}.get(grain, ["date"])
    return [*bucket, *group]


def grouped(rows, group, grain):
    """{key: rows} with each row's `date` cut to the label of its bucket."""
    keys = keys_of(group, grain)
    found = defaultdict(list)
    for row in rows:
        labelled = {**row, "date": first_day(row["date"], grain)}
        found[tuple(labelled[name] for name in keys)].append(row)
    return found


def in_key_order(found, keys):
    """(key as a dict, value) of a dict of results, by key, absent values last."""
    order = sorted(found, key=lambda key: [(part is None, part) for part in key])
    return [(dict(zip(keys, key, strict=True)), found[key]) for key in order]


def distinct(rows, column):
    """How many different values a column has; absent values do not count."""
    return len({row[column] for row in rows} - {None})

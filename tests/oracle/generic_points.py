"""Points of any history, from scratch: detail, rollup, balances, roll-forward."""

from .generic_levels import held_at, timelines
from .generic_rows import (
    clock,
    grouped,
    in_key_order,
    keys_of,
    number,
    orders,
    table,
    total,
    voided,
)
from .generic_time import day, last_day, within

COLUMN_OF = {
    "earn": "earned",
    "redeem": "redeemed",
    "expire": "expired",
    "adjust": "adjusted",
}
SIGN = {"earned": 1, "redeemed": -1, "expired": -1, "adjusted": 1}
FLOWS = tuple(f"points_{name}" for name in SIGN)
ROLLUP = ("card_id", "date", "hour", "transaction_type")


def point_detail(tables, zone):
    """One dict per point row that counts, in the card's order (occurred_at, seq).

    The contract's columns and: transaction_date (naive UTC), `date`, `hour`; FLOWS in
    points, of which only that of `counts_as` is not 0; `amount`, the order's total on
    its first `earn` row, else 0; `membership_product_id` at that instant;
    `is_first_order` of its order, False without one; `opening` of the card and
    `balance` after the row, both computed; `lot`, the row that a `reverse` names, if it
    is known. The rows of voided orders are none.
    """
    rows = _counting(tables, zone)
    by_id = {row["id"]: row for row in rows}
    known, lines = orders(tables, zone), timelines(tables, zone)
    paid = set()
    for row in rows:
        row.update(_flows(row, by_id))
        order = known.get(row["order_id"], {})
        earns = row["transaction_type"] == "earn" and row["order_id"] not in paid
        row["amount"] = number(order["amount_total"] if earns and order else 0)
        paid |= {row["order_id"]} if earns else set()
        row["is_first_order"] = bool(order.get("is_first_order"))
        held = held_at(lines, row["partner_id"], row["transaction_date"])
        row["membership_product_id"] = held
    return _balanced(rows)


def _counting(tables, zone):
    """Copies of the rows of orders that are not voided, in the cards' order."""
    gone, found = voided(tables), []
    for row in table(tables, "point_transaction"):
        if row["order_id"] not in gone:
            moment = clock(row["occurred_at"], zone)
            found.append({**row, **moment, "transaction_date": moment["at"]})
            found[-1]["points_amount"] = number(row["points_amount"])
    order = ("card_id", "transaction_date", "seq", "id")
    return sorted(found, key=lambda row: [row[name] for name in order])


def _flows(row, by_id):
    """The row's points in the column it counts in; a reverse counts negatively.

    A reverse counts as the row it names does, if that is a row of the same card and no
    reverse itself; otherwise as adjusted.
    """
    points, kind = row["points_amount"], row["transaction_type"]
    lot = None
    if kind == "reverse":
        lot = reversed_row(row, by_id)
        points, kind = -points, lot["transaction_type"] if lot else "adjust"
    counts_as = COLUMN_OF[kind]
    flows = {name: number(0) for name in FLOWS} | {f"points_{counts_as}": points}
    lot_id = lot["id"] if lot else None
    return {
        **flows,
        "counts_as": counts_as,
        "lot": lot_id,
        "effect": SIGN[counts_as] * points,
    }


def reversed_row(row, by_id):
    """The row that a reverse names, or None if it is unknown."""
    named = by_id.get(row["reverses_id"])
    same_card = named is not None and named["card_id"] == row["card_id"]
    return named if same_card and named["transaction_type"] != "reverse" else None


def _balanced(rows):
    """The rows with their card's `opening` and the `balance` after each."""
    cards = {}
    for row in rows:
        if row["card_id"] not in cards:
            given = row["balance_after"]
            opening = number(0) if given is None else number(given) - row["effect"]
            cards[row["card_id"]] = [opening, opening]
        card = cards[row["card_id"]]
        card[1] += row["effect"]
        row["opening"], row["balance"] = card
    return rows


def point_rollup(tables, zone):
    """Per card, day, UTC instant of the local hour, and type: FLOWS and balances.

    `balance` is the card's after its last row of that hour, whatever that row's type;
    `balance_change` the sum of the rows' `change`; partner_id the customer of the last
    row summed.
    """
    detail = changes(tables, zone)
    ends = {(row["card_id"], row["hour"]): row["balance"] for row in detail}
    rows = in_key_order(grouped(detail, ROLLUP, None), ROLLUP)
    return [
        key
        | {"partner_id": group[-1]["partner_id"]}
        | _sums(group)
        | {"balance": ends[key["card_id"], key["hour"]]}
        | {"balance_change": total(row["change"] for row in group)}
        for key, group in rows
    ]


def roll_forward(tables, zone):
    """Per card and business day with a row: opening, FLOWS, closing.

    opening + earned - redeemed - expired + adjusted = closing; the card's first
    opening is its first row's balance_after less that row's own effect.
    """
    rows = grouped(point_detail(tables, zone), ("card_id", "date"), None)
    closings = {}
    found = []
    for key, group in in_key_order(rows, ("card_id", "date")):
        opening = closings.get(key["card_id"], group[0]["opening"])
        closings[key["card_id"]] = group[-1]["balance"]
        ends = {"opening": opening, "closing": group[-1]["balance"]}
        found.append(key | _sums(group) | ends)
    return found


def card_balances(tables, zone, date):
    """{card_id: balance} at the end of a business day; no row yet, no card."""
    detail = point_detail(tables, zone)
    until = [row for row in detail if row["date"] <= day(date)]
    return {row["card_id"]: row["balance"] for row in until}


def changes(tables, zone):
    """point_detail, each row with its `change`: its effect, and the card's opening.

    The opening is on the card's first row. The changes of any rows up to an instant
    add up to what those who booked them have outstanding then.
    """
    seen, rows = set(), point_detail(tables, zone)
    for row in rows:
        is_first = row["card_id"] not in seen
        row["change"] = row["effect"] + (row["opening"] if is_first else number(0))
        seen.add(row["card_id"])
    return rows


def balances(tables, zone, group=(), grain="day"):
    """Per bucket and group with a row: what its rows have outstanding at the end.

    group: any columns of the rows. grain: hour, day, week, month or year.
    """
    rows, found = changes(tables, zone), []
    for named, _rows in in_key_order(
        grouped(rows, group, grain), keys_of(group, grain)
    ):
        until = _until(named, grain)
        of_group = {name: named[name] for name in group}
        held = total(
            row["change"]
            for row in rows
            if until(row) and all(row[k] == v for k, v in of_group.items())
        )
        found.append({**named, "balance": held})
    return found


def _until(bucket, grain):
    """Whether a row was booked before the end of a bucket."""
    if grain == "hour":
        return lambda row: row["hour"] <= bucket["hour"]
    end = last_day(bucket["date"], grain)
    return lambda row: row["date"] <= end


def outstanding(tables, zone, date):
    """Points of all cards at the end of a business day."""
    return total(card_balances(tables, zone, date).values())


def flows(tables, zone, date_from=None, date_to=None):
    """FLOWS of all cards in an inclusive range of business days."""
    detail = point_detail(tables, zone)
    return _sums([r for r in detail if within(r["date"], date_from, date_to)])


def _sums(rows):
    return {name: total(row[name] for row in rows) for name in FLOWS}

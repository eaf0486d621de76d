"""Events per second of one core: parsing, and the COPY text of a chunk."""

import io
import json
import time

from core.events.chunks import chunk_of
from core.events.cloudevents import parse

COUNT = 20_000
BATCH = 2000
INSTANT = "2017-03-10T15:20:00+00:00"


def main():
    """Events per second of one core: parsing, and the COPY text of a chunk."""
    for label, shape in (
        ("order, 1 line", {"lines": 1, "evaluations": 0, "points": 0}),
        ("order, 3 lines, 1 evaluation, 1 booking", {}),
        ("order, 10 lines", {"lines": 10}),
        ("the same with escapes", {"channel": 'a "quoted" \\ one'}),
    ):
        payloads = [event(number, **shape) for number in range(COUNT)]
        batches = [payloads[n : n + BATCH] for n in range(0, COUNT, BATCH)]
        parsing, parsed = _timed(parse, batches)
        writing, _sizes = _timed(_copy_text, parsed)
        _say(label, len(payloads[0]), parsing, writing)


def event(number, *, lines=3, evaluations=1, points=1, channel="pos"):
    """Return an order's event as an engine would send it."""
    key, partner = f"O{number}", number % 1000
    order = {"id": key, "partner_id": partner, "store_id": number % 300}
    order |= {"channel": channel, "cashier_id": None, "ordered_at": INSTANT}
    order |= {"amount_total": 31.25, "currency": "USD", "is_first_order": False}
    order |= {"state": "done", "refund_of": None, "company_id": 1, "version": 1}
    data = {
        "order": order,
        "lines": [_line(number * 100 + n, n, key) for n in range(lines)],
        "evaluations": [
            {"id": number * 100 + n, "order_id": key, "program_id": 5}
            | {"partner_id": partner, "evaluated_at": INSTANT}
            | {"outcome": "eligible", "reason": None, "version": 1}
            for n in range(evaluations)
        ],
        "points": [_point(number * 100 + n, key, partner) for n in range(points)],
    }
    envelope = {"specversion": "1.0", "id": f"{key}/1", "source": "/engine"}
    envelope |= {"type": "engine.order.processed.v1", "time": INSTANT}
    envelope |= {"datacontenttype": "application/json", "data": data}
    return json.dumps(envelope).encode()


def _line(line_id, number, key):
    row = {"id": line_id, "order_id": key, "line_no": number, "program_id": 1}
    row |= {"product_id": 8000 + number, "qty": 2, "amount": 12.34, "discount": 0.5}
    return row | {"points_earned": 12, "points_redeemed": 0, "version": 1}


def _point(point_id, key, partner):
    row = {"id": point_id, "seq": point_id, "card_id": partner, "partner_id": partner}
    row |= {"program_id": 3, "transaction_type": "earn", "points_amount": 31}
    row |= {"balance_after": 431, "occurred_at": INSTANT, "expires_at": None}
    return row | {"origin": key, "order_id": key, "reverses_id": None, "version": 1}


def _copy_text(parsed):
    file = io.BytesIO()
    for write in chunk_of(parsed).tables.values():
        write(file)
    return file.tell()


def _timed(function, batches):
    """Return (seconds of the best of three rounds, results)."""
    best = float("inf")
    for _round in range(3):
        started = time.perf_counter()
        results = [function(batch) for batch in batches]
        best = min(best, time.perf_counter() - started)
    return best, results


def _say(label, size, parsing, writing):
    rates = (COUNT / parsing, COUNT / writing, COUNT / (parsing + writing))
    print(
        f"{label:40} {size:5} bytes   parse {rates[0]:7.0f}/s"
        f"   chunk {rates[1]:7.0f}/s   both {rates[2]:7.0f}/s",
        flush=True,
    )

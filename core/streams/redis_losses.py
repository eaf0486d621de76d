"""What is known of entries of a Redis Stream that nobody will get."""

from .base import Lost


def _order(entry_id):
    return tuple(map(int, entry_id.split("-")))


def since(place, before, run, run_before, is_new):
    """Return what may be missing since the group was last read."""
    if before and is_new:
        reason = (
            f"The stream or its group was gone, though it had been read up to {before}; "
            "what was not read before is lost."
        )
    elif before and _order(place) < _order(before):
        reason = (
            f"The group stands at {place}, though it had been read up to {before}: Redis "
            "was restored to an older state, or the group was set back."
        )
    elif run_before and run != run_before:
        reason = (
            "Redis was started again, or another server took over: what it had not "
            "saved is lost."
        )
    else:
        return []
    return [Lost(reason)]


def while_pending(count):
    """Say that entries were removed while a consumer had them."""
    return Lost(
        f"{count} entries were removed from the stream after they were handed out and "
        "before they were loaded.",
        count,
    )


def before_read(trimmed, deleted, place):
    """Say what was removed before the group got it."""
    count = trimmed if trimmed > 0 else None
    how_many = f"{count} entries" if count else "Entries"
    up_to = f", up to {deleted.decode()}" if deleted else ""
    return Lost(
        f"{how_many} behind {place.decode()} were removed from the stream before they "
        f"were read{up_to}. Trim it less, or read it sooner.",
        count,
    )

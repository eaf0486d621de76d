"""What a panel can tell while months are archived: less, but nothing that is not so."""

from dataclasses import dataclass, replace
from datetime import date

from ..queries.horizon import here_from


@dataclass(frozen=True)
class Told:
    """What is answered of a panel's question.

    :param query: what can be, or None: nothing
    :param left_out: names of the measures that cannot
    :param since: the first business day from which on they can, or None: none is left out
    """

    query: object
    left_out: tuple[str, ...] = ()
    since: date | None = None


def told(query, months):
    """Return the :class:`Told` of a panel's question.

    The period before goes first: its own one is told without it. Then measures go that
    need what is away; sums by day never do, and it is by one of them that a panel's rows
    are ordered.

    :param months: of which no aggregates are here
    """
    own = replace(query, compare=None)
    since = here_from(own, months)
    if not since:
        return Told(_compared(query, months))
    needy = [m for m in query.measures if here_from(_only(own, [m]), months)]
    kept = [m for m in query.measures if m not in needy]
    rest = _compared(_only(query, kept), months) if kept else None
    return Told(rest, tuple(m.name for m in needy), since)


def _only(query, measures):
    return replace(query, measures=(*measures,))


def _compared(query, months):
    """Return the question, without the period before where that is away."""
    return replace(query, compare=None) if here_from(query, months) else query

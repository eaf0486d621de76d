"""New ids, each above all that the engine ever gave for the same thing."""

from itertools import count
from pathlib import Path

# Far above the households; customers of the live replay are numbered from here.
FIRST_CUSTOMER = 9_000_000
FIRST_PROGRAM = 2_001
QUERY = Path(__file__).with_name("ids.sql")


class Ids:
    """Counters that go on after the highest ids that are given.

    >>> ids = Ids(order=41)
    >>> ids.order(), ids.order(), ids.customer()
    ('live-42', 'live-43', 9000000)
    """

    def __init__(self, **highest: int | None):
        def following(name, first=1):
            return count(max(first, (highest.get(name) or 0) + 1)).__next__

        self.customer = following("customer", FIRST_CUSTOMER)
        self.program = following("program", FIRST_PROGRAM)
        self.line = following("line")
        self.evaluation = following("evaluation")
        self.point = following("point")
        self.membership_event = following("membership_event")
        self._order = following("order")

    def order(self) -> str:
        """Key of the next order."""
        return f"live-{self._order()}"


def read_ids(cursor) -> Ids:
    """Counters that go on after all that is, or was, in the engine's database."""
    cursor.execute(QUERY.read_text())
    names = [column.name for column in cursor.description]
    return Ids(**dict(zip(names, cursor.fetchone(), strict=True)))

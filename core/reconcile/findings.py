"""What a reconciliation finds, in memory: totals by day, and rows that differ."""

from dataclasses import dataclass, field
from datetime import date

LEVELS = ("source", "rollup", "clickhouse", "delivered")
# Rows that are listed for each level and table; all are counted, and all repaired.
LISTED = 1000


@dataclass(frozen=True)
class Difference:
    """A row that differs.

    :ivar kind: ``missing`` or ``surplus`` in the store, ``different``; ``refused`` at
        loading
    :ivar document: (kind, key) of the document it belongs to, where there is one
    :ivar row_key: the row's key, as ``column=value`` texts
    :ivar expected: column → text, as it should be; None of a surplus row
    :ivar kept: column → text, as it is; None of a missing row
    :ivar state: ``open`` can be repaired; ``explained`` needs nothing done to it;
        ``reported`` is for a person
    """

    level: str
    table: str
    kind: str
    day: date | None
    row_key: str
    document: tuple[str | None, str | None] = (None, None)
    expected: dict | None = None
    kept: dict | None = None
    state: str = "open"
    reason: str = ""


@dataclass
class Totals:
    """Count, sums of the numbers and checksum of some rows."""

    rows: int = 0
    checksum: int = 0
    sums: dict = field(default_factory=dict)

    def add(self, other):
        """Add the totals of other rows."""
        self.rows += other.rows
        self.checksum += other.checksum
        for name, value in other.sums.items():
            self.sums[name] = self.sums.get(name, 0) + value


@dataclass
class Day:
    """A table on a day: both sides, and how many rows differ.

    :ivar keys: documents that differ, (kind, key)
    """

    expected: Totals = field(default_factory=Totals)
    kept: Totals = field(default_factory=Totals)
    differences: int = 0
    keys: set = field(default_factory=set)
    reason: str = ""


class Findings:
    """What was found, at all levels.

    :ivar days: (level, table, day) → :class:`Day`
    :ivar rows: the :class:`Difference` records that are listed
    :ivar explained: documents that were left out because they are on their way
    :ivar documents: documents that were compared
    """

    def __init__(self):
        self.days = {}
        self.rows = []
        self.explained = self.documents = 0
        self._listed = {}

    def day(self, level, table, day):
        """Return the entry of a table and day; makes it."""
        return self.days.setdefault((level, table, day), Day())

    def count(self, level, table, expected, kept):
        """Add the totals of both sides, {day: totals}."""
        for day, totals in expected.items():
            self.day(level, table, day).expected.add(totals)
        for day, totals in kept.items():
            self.day(level, table, day).kept.add(totals)

    def add(self, *differences):
        """List rows that differ; of too many in a table, the first."""
        for row in differences:
            at = (row.level, row.table)
            self._listed[at] = self._listed.get(at, 0) + 1
            if self._listed[at] <= LISTED:
                self.rows.append(row)

    def room(self, level, table):
        """Return how many more rows of a table are listed."""
        return max(0, LISTED - self._listed.get((level, table), 0))

    def keys(self):
        """Return kind → keys of the documents that differ from the source."""
        found = {}
        for day in self.days.values():
            for kind, key in day.keys:
                found.setdefault(kind, set()).add(key)
        return {kind: sorted(keys) for kind, keys in sorted(found.items())}

    def differing(self, level):
        """Return {table: days} on which rows differ and nothing explains it."""
        found = {}
        for (of_level, table, day), totals in self.days.items():
            if of_level == level and totals.differences and not totals.reason:
                found.setdefault(table, []).append(day)
        return found

"""New campaigns: orders mention a program before the engine describes it."""

from datetime import datetime
from decimal import Decimal
from random import Random
from zoneinfo import ZoneInfo

from ..dataset import REPORTING_ZONE
from .baskets import Basket, BasketLine
from .ids import Ids
from .rows import PROGRAM_CHANGED, Change, Step, new_row, raised, row_document

# In sales since the campaign's first.
DESCRIBED_AFTER, ENDED_AFTER = 4, 20
TAKES_PART = 0.3
CENT = Decimal("0.01")


class Campaigns:
    """At most one new campaign at a time; `share` of the sales begin one."""

    def __init__(self, chance: Random, ids: Ids, share: float):
        self._chance, self._ids, self._share = chance, ids, share
        self._program: int | None = None
        self._row: dict | None = None
        self._sales = 0

    def offer(self, basket: Basket) -> Basket:
        """The basket, perhaps with a discount of the new campaign."""
        if self._program is None:
            if self._chance.random() >= self._share:
                return basket
            self._program, self._row, self._sales = self._ids.program(), None, 0
        elif self._chance.random() >= TAKES_PART:
            return basket
        line = _discounted(basket, self._program)
        verdict = (self._program, "applied")
        return basket._replace(
            lines=(*basket.lines, line), evaluations=(*basket.evaluations, verdict)
        )

    def news(self, now: datetime) -> list[Step]:
        """After each sale: the campaign is described, later it ends."""
        if self._program is None:
            return []
        self._sales += 1
        if self._sales == DESCRIBED_AFTER:
            return [self._describe(now)]
        if self._sales == ENDED_AFTER:
            return [self._end(now)]
        return []

    def _describe(self, now: datetime) -> Step:
        self._row = new_row(
            "program",
            id=self._program,
            name=f"Live campaign {self._program}",
            program_type="live",
            active=True,
            valid_from=_business_day(now),
        )
        return _step("insert", self._row, now)

    def _end(self, now: datetime) -> Step:
        self._program = None
        row = raised(self._row, active=False, valid_to=_business_day(now))
        return _step("update", row, now)


def _step(operation: str, row: dict, now: datetime) -> Step:
    change = Change(operation, "program", row)
    return Step("program", now, (change,), (row_document(PROGRAM_CHANGED, row),))


def _business_day(now: datetime):
    return now.astimezone(ZoneInfo(REPORTING_ZONE)).date()


def _discounted(basket: Basket, program: int) -> BasketLine:
    whole = BasketLine(program, None, basket.quantity, basket.total, Decimal(0))
    line = basket.lines[0] if basket.lines else whole
    discount = (line.amount / 10).quantize(CENT)
    return line._replace(program_id=program, discount=discount)

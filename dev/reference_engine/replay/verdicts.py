"""Verdicts that the history does not have: rejections, and baskets never paid."""

from datetime import datetime
from random import Random

from ..promotions import STORE_DISCOUNT
from .ids import Ids
from .orders import evaluation
from .rows import Step, inserts

REASONS = ("not targeted", "minimum not reached", "already used", "expired")


class Verdicts:
    """Evaluates the programs for which the baskets were evaluated."""

    def __init__(self, chance: Random, ids: Ids, baskets):
        self._chance, self._ids = chance, ids
        self._programs = _evaluated(baskets)

    def reject(self, document: dict) -> None:
        """Add a rejection of a program that the order was not evaluated for, if any."""
        found = {row["program_id"] for row in document["evaluations"]}
        others = [program for program in self._programs if program not in found]
        if others:
            order = document["order"]
            row = self._rejected(order, order["ordered_at"], others)
            document["evaluations"].append(row)

    def abandon(self, customer: int, now: datetime) -> Step:
        """A basket of the customer that becomes no order."""
        basket = {"id": self._ids.order(), "partner_id": customer}
        program = self._chance.choice(self._programs)
        verdict = (program, "eligible", None)
        rows = [evaluation(self._ids, basket, now, verdict)]
        if others := [known for known in self._programs if known != program]:
            rows.append(self._rejected(basket, now, others))
        return Step("abandoned", now, tuple(inserts("promotion_evaluation", rows)))

    def _rejected(self, order: dict, instant: datetime, programs) -> dict:
        program, reason = self._chance.choice(programs), self._chance.choice(REASONS)
        return evaluation(self._ids, order, instant, (program, "rejected", reason))


def _evaluated(baskets) -> list[int]:
    found = {
        program
        for of_customer in baskets
        for basket in of_customer
        for program, _outcome in basket.evaluations
    }
    return sorted(found) or [STORE_DISCOUNT]

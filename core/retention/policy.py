"""What may leave, by policy and clock.

Partitions hold all companies together: a month goes only when the policy of every company
that reports lets it, so the longest wins, and a company without a policy keeps its rows.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from ..stores.partitions import following


class Tier(StrEnum):
    """What a policy is about.

    DETAIL is what documents say, row by row; AGGREGATE what follows from it by order,
    hour and customer; ARCHIVE the files of both.
    """

    DETAIL = "detail"
    AGGREGATE = "aggregate"
    ARCHIVE = "archive"


@dataclass(frozen=True)
class Policy:
    """How long a company keeps a tier, in days after the end of a month.

    :param company_id: whose; None means of every company without one of its own
    """

    tier: Tier
    days: int
    company_id: int | None = None


def days_kept(policies, tier, companies):
    """Return for how many days a tier is kept, or None: for ever.

    :param companies: ids of the companies that report
    """
    of_tier = {p.company_id: p.days for p in policies if p.tier == tier}
    kept = [of_tier.get(company, of_tier.get(None)) for company in companies]
    return None if not kept or None in kept else max(kept)


def keepers(policies, tier, companies):
    """Return the companies that keep a tier for ever, where others have a policy of it."""
    of_tier = {p.company_id for p in policies if p.tier == tier}
    if not of_tier or None in of_tier:
        return []
    return [company for company in companies if company not in of_tier]


def disorder(policies):
    """Return (earlier tier, later tier) where a company's days are not in order, or None.

    Aggregates go after the detail that they follow from, and files after what is in them.
    """
    for company in sorted({p.company_id or 0 for p in policies}):
        kept = {tier: days_kept(policies, tier, [company or None]) for tier in Tier}
        last, shortest = None, 0
        for tier, days in kept.items():
            if days is None and tier == Tier.DETAIL and kept[Tier.AGGREGATE]:
                return Tier.DETAIL, Tier.AGGREGATE
            if days is not None and days < shortest:
                return last, tier
            if days is not None:
                last, shortest = tier, days
    return None


def due(months, days, today):
    """Return those of some months whose time is over, the oldest first.

    :param days: as :func:`days_kept` returns it
    """
    if days is None:
        return []
    return [m for m in sorted(months) if following(m) + timedelta(days) <= today]

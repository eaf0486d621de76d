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

    DETAIL is what documents say, row by row; ARCHIVE its files. What is derived from it is
    kept.
    """

    DETAIL = "detail"
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


def due(months, days, today):
    """Return those of some months whose time is over, the oldest first.

    :param days: as :func:`days_kept` returns it
    """
    if days is None:
        return []
    return [m for m in sorted(months) if following(m) + timedelta(days) <= today]

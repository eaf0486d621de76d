"""The days that a company has facts of, and which day it is there now."""

from dataclasses import dataclass
from datetime import date

from ..database import sql


@dataclass(frozen=True)
class Bounds:
    """Business days of a company.

    :param today: in its time zone
    :param first: with ``last`` the days of its facts; None without any
    """

    today: date
    first: date | None = None
    last: date | None = None


def bounds(cr, company):
    """Return the :class:`Bounds` of a company."""
    values = {"company_id": company.id, "zone": company.timezone}
    cr.execute(sql("dashboard/bounds.sql"), values)
    return Bounds(*cr.fetchone())

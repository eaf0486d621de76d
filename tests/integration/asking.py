"""Questions to the report, as a surface would ask them."""

from datetime import date

from copies import fresh_cursor
from pipeline import NEW_YORK

from core.queries import REPORTS
from core.queries.answer import answer
from core.queries.params import parse
from core.queries.promotion_performance import REPORT
from core.settings import Settings

ALL = ",".join(m.name for m in REPORT.measures)
YEAR = (date(2017, 1, 1), date(2017, 12, 31))
LIMIT = 10**6


def asked_of(slug, date_from, date_to, **given):
    """A parsed query of any report, on one page unless said otherwise."""
    asked = {"date_from": str(date_from), "date_to": str(date_to), **given}
    query = parse(REPORTS[slug], NEW_YORK, asked)
    return query if "per_page" in given else query.unpaged(LIMIT)


def query_of(date_from, date_to, grain="day", company=NEW_YORK, **given):
    """A parsed query of all measures, on one page unless said otherwise."""
    asked = {"date_from": str(date_from), "date_to": str(date_to), "group_by": grain}
    query = parse(REPORT, company, {"measures": ALL, **asked, **given})
    return query if "per_page" in given else query.unpaged(LIMIT)


def ask(report, query, settings=None):
    """The answer with these settings; without them only PostgreSQL is there."""
    with fresh_cursor(report) as cursor:
        return answer(
            query, cursor, settings or Settings(), lambda: fresh_cursor(report)
        )


def keys_of(grain, *more):
    """The columns that identify a row of an answer."""
    return ["program_id", "date", *(["hour"] if grain == "hour" else []), *more]

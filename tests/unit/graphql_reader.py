"""A reader of made-up rows: real reports, real parameters, and answers that a test gives."""

from datetime import UTC, datetime

from core.api.graphql.errors import Forbidden
from core.api.graphql.execution import execute
from core.api.graphql.limits import Limits
from core.errors import NotFound
from core.queries import REPORTS
from core.queries.answer import Answer
from core.queries.params import parse
from core.records import Company

COMPANY = Company(1, "Europe/Berlin", "EUR", 2)
PERIOD = 'dateFrom: "2024-01-01", dateTo: "2024-12-31"'


class Reader:
    """Answers from ``rows``, and remembers what it was asked.

    :param rows: dicts with all columns that any question may have
    :param total: rows of all pages, if more than these
    :param forbidden: slugs that the caller may not read
    :param fault: what happens instead of an answer
    :param more: what else an answer has
    """

    def __init__(self, rows=(), total=None, forbidden=(), fault=None, **more):
        self.rows = rows
        self.total = len(rows) if total is None else total
        self.forbidden = forbidden
        self.fault = fault
        self.more = more
        self.asked = []
        self.queries = []

    def reports(self):
        return {s: r for s, r in REPORTS.items() if s not in self.forbidden}

    def query(self, slug, given):
        self.asked.append((slug, given))
        if slug in self.forbidden:
            raise Forbidden(f"The report {slug} is not for you.")
        if given.pop("company_id", "1") != "1":
            raise NotFound("company_id", "There is no such company of yours.")
        query = parse(REPORTS[slug], COMPANY, given)
        self.queries.append(query)
        return query

    def answer(self, query):
        if self.fault:
            raise self.fault
        names = [column.name for column in query.columns]
        rows = [{name: row[name] for name in names} for row in self.rows]
        as_of = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
        return Answer(rows, self.total, "rollup", "postgresql", as_of, **self.more)


def answered(document, reader=None, variables=None, name=None, **limits):
    """Execute a document; return the response."""
    reader = reader or Reader()
    return execute(document, variables, name, reader, Limits(**limits))


def refused(document, reader=None, variables=None, **limits):
    """Execute a document that must fail with one error; return the error."""
    response = answered(document, reader, variables, **limits)
    [error] = response.errors
    return error

"""Any question to any report of the catalogue."""

from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from pipeline import NEW_YORK

from core.queries import REPORTS
from core.queries.base import Additivity, Listing
from core.queries.params import parse

GROUPED = [r for r in REPORTS.values() if not isinstance(r, Listing)]
LISTED = [r for r in REPORTS.values() if isinstance(r, Listing)]
# Values that exist, and some that do not.
VALUES = {
    "program_id": ["8", "13", "26", "1001", "1002", "1003"],
    "program_type": ["coupons", "TypeA", "promotion", "loyalty", "", "☃"],
    "store_id": ["31", "292", "367", "999999"],
    "channel": ["pos", "web", "p\\os", "' OR '1'='1", "%(limit)s"],
    "membership_product_id": ["1", "2", "3"],
    "membership_level": ["Gold", "Silver", "Lead"],
    "transaction_type": ["earn", "redeem", "expire"],
    "card_id": ["1", "2", "1000", "-5"],
    "partner_id": ["1", "2", "1000", "77777777"],
}
MANY = settings(
    max_examples=12,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@st.composite
def asked_questions(draw, reports=tuple(GROUPED), limit=400):
    """(report, parameters) of any question."""
    report = draw(st.sampled_from(reports))
    first = draw(st.dates(date(2016, 11, 1), date(2018, 1, 31)))
    days = draw(st.sampled_from([d for d in (0, 1, 6, 30, 89, 364, 400) if d < limit]))
    asked = {"date_from": str(first)}
    names = {f.name for f in report.filters}
    for name in sorted(names):
        if draw(st.integers(0, 3)) == 0:
            chosen = st.lists(st.sampled_from(VALUES[name]), min_size=1, max_size=2)
            asked[name] = draw(chosen)
    if not isinstance(report, Listing):
        grain = draw(st.sampled_from([g.value for g in report.grains]))
        days = min(days, 20) if grain == "hour" else days
        asked["group_by"] = grain
        for name, there in (
            ("measures", report.measures),
            ("dimensions", report.dimensions),
        ):
            chosen = st.lists(st.sampled_from([one.name for one in there]), min_size=1)
            asked[name] = ",".join(draw(chosen))
        if "balance" in asked["measures"]:
            # It is one number over all types.
            asked.pop("transaction_type", None)
            kept = [
                n for n in asked["dimensions"].split(",") if n != "transaction_type"
            ]
            asked["dimensions"] = ",".join(kept)
        if draw(st.booleans()):
            asked["totals"] = "true"
        if grain != "hour" and draw(st.booleans()):
            names = ["previous_period", "previous_year"]
            asked["compare"] = draw(st.sampled_from(names))
        shown = [
            column.name
            for column in parse(
                report, NEW_YORK, {**asked, "date_to": asked["date_from"]}
            ).columns
            if getattr(column, "additivity", None) is not Additivity.SEMI_ADDITIVE
        ]
        sort = draw(st.lists(st.sampled_from(shown), max_size=2))
        signs = [draw(st.sampled_from(["", "-"])) + name for name in sort]
        if signs:
            asked["sort"] = ",".join(signs)
    elif draw(st.booleans()):
        asked["sort"] = "-transaction_date"
    asked["date_to"] = str(first + timedelta(days=days))
    return report, asked


def questions(**options):
    """Parsed questions, all rows on a page."""
    return asked_questions(**options).map(
        lambda question: parse(question[0], NEW_YORK, question[1]).unpaged(10**6)
    )

"""Whatever happens in the engine, and whenever months are archived: no figure differs.

At every point, what stays is what a database has that never archived; and what comes back
out of the files are its detail and its aggregates.
"""

import tempfile
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import wait as await_all
from datetime import date

import databases
import pytest
from archiving import REMAINS, STAYS, archived, away, restored
from engine_world import Engine
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pipeline import assert_same_contents, await_others, contents, from_scratch
from test_any_history import OPTIONS, STEP, World

from core.retention.policy import Policy, Tier
from core.retention.restore import restore

# Five years after the engine's days.
CLOCKS = st.sampled_from(
    [date(2017, 7, 1), date(2017, 8, 1), date(2018, 3, 1), date(2019, 1, 1),
     date(2020, 1, 1), date(2022, 6, 1)]
)  # fmt: skip
# Days of detail, and how many more of aggregates; without them they stay.
POLICIES = st.tuples(
    st.sampled_from([30, 90, 365]), st.sampled_from([None, 0, 30, 640])
)
# Whether what happened since the last load is loaded while a month is closing.
ARCHIVED = st.tuples(st.just("archive"), CLOCKS, POLICIES, st.booleans())
HISTORIES = st.lists(
    st.one_of(STEP, STEP, STEP, ARCHIVED, st.tuples(st.just("restore"))),
    min_size=4,
    max_size=14,
)


class ArchivingWorld(World):
    """An engine and its report, of which months are archived."""

    def __init__(self, engine, report, folder):
        super().__init__(engine, report)
        self.folder = folder

    def _a_chunk(self, chunk_documents):
        self._sync(chunk_documents)  # the oracle of a chunk reads all detail

    def _archive(self, today, days=(90, None), is_amid=False):
        detail, more = days
        policies = [Policy(Tier.DETAIL, detail)]
        if more is not None:
            policies.append(Policy(Tier.AGGREGATE, detail + more))
        loads = []

        def load(step, _month):
            if is_amid and step == "kept" and not loads:
                loads.append(pool.submit(self._sync, 100))
                # It may need what is archived, for which it waits until all is over.
                await_all(loads, timeout=2)

        with ThreadPoolExecutor(1) as pool:
            archived(self.report, self.folder, today, policies=policies, between=load)
            for future in loads:
                future.result()

    def _restore(self):
        for month in away(self.report)[-1:]:
            restore(self.report, month)


def check(history, shop_template, report_template):
    """Take the steps with months archived between them, and compare in the end."""
    with (
        databases.database(databases.ENGINE, shop_template) as engine_dsn,
        databases.database(databases.REPORT, report_template) as report,
        tempfile.TemporaryDirectory() as folder,
    ):
        world = ArchivingWorld(Engine(engine_dsn, first_id=20_000_000), report, folder)
        world.take("sync", 100)
        world.take("archive", date(2017, 7, 1))
        for step in history:
            world.take(*step)
        await_others(engine_dsn)
        world.take("sync", 3)
        expected = from_scratch(engine_dsn, report_template, **world.options)
        found = contents(report)
        stays = REMAINS if away(report, Tier.AGGREGATE) else STAYS
        assert_same_contents(
            {name: expected[name] for name in stays}, {n: found[n] for n in stays}
        )
        assert_same_contents(expected, restored(report))
        assert_same_lots(report)


def assert_same_lots(report):
    """What is kept of the cards' lots is what all bookings say."""
    kept, computed = (
        databases.rows(
            report,
            "SELECT card_key, company_id, program_key, transaction_date, expires_at,"
            " points, remaining FROM loyalty_reporting_open_lots('2030-01-01',"
            f" {since}) ORDER BY 1, 4, 6, 7",
        )
        for since in ("(SELECT instant FROM card_horizon)", "'-infinity'")
    )
    assert kept == computed


# The first booking of all comes late, into an archived month.
LATE = [
    ("insert", "point_transaction", 0, {"occurred_at": "2017-03-10 15:20Z", "seq": 1}),
    ("insert", "membership_event", 0, {"to_membership_product_id": 3}),
    ("sync", 2),
    ("archive", date(2018, 3, 1)),
    ("insert", "point_transaction", 0, {"transaction_type": "reverse",
     "occurred_at": "2017-11-05 06:30Z", "reverses_id": 20_000_000}),
    ("sync", 1),
    ("zone", "Asia/Kolkata"),
]  # fmt: skip


# The same when the aggregates are away, too; and what goes of the one hour that is here.
LATER = [
    ("sync", 100),
    ("archive", date(2022, 6, 1), (30, 30)),
    *LATE[:3],
    ("archive", date(2022, 6, 1), (30, 30)),
    *LATE[4:],
    ("sync", 100),
    ("archive", date(2022, 6, 1), (30, 0)),
]


# A month closes while a load books into it, and into one that left.
AMID = [
    ("insert", "point_transaction", 0, {"occurred_at": "2017-11-05 06:30Z", "seq": 1}),
    ("sync", 100),
    ("insert", "point_transaction", 0, {"occurred_at": "2017-11-05 05:30Z", "seq": 2}),
    ("archive", date(2018, 3, 1), (30, None), True),
    ("insert", "point_transaction", 0, {"occurred_at": "2017-03-10 15:20Z", "seq": 2}),
    ("archive", date(2018, 3, 1), (30, None), True),
    ("archive", date(2022, 6, 1), (30, 30), True),
]


@settings(max_examples=5, derandomize=True, **OPTIONS)
@given(HISTORIES)
@example(LATE)
@example(LATER)
@example(AMID)
def test_any_history_ends_as_if_nothing_was_archived(
    shop_template, report_template, history
):
    check(history, shop_template, report_template)


@pytest.mark.slow
@settings(max_examples=300, **OPTIONS)
@given(HISTORIES)
def test_many_histories_end_as_if_nothing_was_archived(
    shop_template, report_template, history
):
    check(history, shop_template, report_template)

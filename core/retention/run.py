"""The job: take out what is due, month by month; verify what was archived."""

import logging
import time
from contextlib import closing

from ..errors import Busy, ReportingError
from ..records import Counts, RunResult
from ..stores import loads, locks, runs
from ..stores.reporting import connect, explained, transaction
from . import archive, leaving, months
from .files import Location
from .months import State
from .plan import plan
from .policy import Tier
from .restore import LOCK

_logger = logging.getLogger(__name__)


def run(  # noqa: PLR0913 (a keyword for tests)
    dsn, policies, today, address, *, seconds=None, between=leaving.nothing
):
    """Archive and take out what is due.

    :param policies: the active policies
    :param today: the day (UTC) that decides
    :param address: where archives go
    :param seconds: after which no other month is begun
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    until = time.monotonic() + seconds if seconds else float("inf")
    # Others may bring a month back; who has a time slot is not killed for waiting.
    patience = 30 if seconds else 300

    def work():
        counts, gone, expired, problems = Counts(), 0, 0, []
        with transaction(dsn) as cr:
            if not loads.is_derived(cr):
                return RunResult("done", message="The first load is not over yet.")
            steps = plan(cr, policies, today)
            restored = _restored(cr)
        for step in steps:
            if time.monotonic() > until:
                return RunResult(
                    "partial", counts, message=_told(gone, expired, problems)
                )
            try:
                with locks.held(dsn, LOCK, patience):
                    is_done = _do(dsn, step, restored, address, between)
                if is_done and step.tier == Tier.ARCHIVE:
                    expired += 1
                elif is_done:
                    gone += 1
                    counts.rows_read += step.rows
            except Busy as e:
                problems.append(str(e))
                return RunResult(
                    "partial", counts, message=_told(gone, expired, problems)
                )
            except ReportingError as e:
                _logger.error("archive: %s", e)
                problems.append(str(e))
                if step.tier != Tier.ARCHIVE:
                    break  # the other months would meet the same
        state = "failed" if problems else "done"
        return RunResult(state, counts, message=_told(gone, expired, problems))

    return logged(dsn, "archive", work)


def _do(dsn, step, restored, address, between):
    """Do a step of a plan. Returns whether it is done; not if it need not be any more."""
    if _is_restored_since(dsn, step, restored):
        return False  # The next run asks whether it is due.
    if step.tier == Tier.ARCHIVE:
        expire(dsn, step.of, step.month)
        return True
    return leave(dsn, step.tier, step.month, address, between)


def leave(dsn, tier, month, address, between=leaving.nothing):
    """Take a month of a tier out; what went wrong is noted with it.

    :raise ReportingError: it stays as it was
    """
    try:
        return leaving.leave(dsn, tier, month, address, between)
    except ReportingError as e:
        with transaction(dsn) as cr:
            months.blame(cr, tier, month, str(e))
        raise


def verify(dsn, chosen):
    """Read the archives of some months back, and compare them with their manifests.

    :return: :class:`RunResult`, ``failed`` if one is damaged
    """

    def work():
        counts, problems = Counts(), []
        with transaction(dsn) as cr:
            found = [
                (m.tier, m.month) for m in months.known(cr) if m.month in {*chosen}
            ]
        for tier, month in found:
            with locks.held(dsn, LOCK), transaction(dsn) as cr:
                [known] = months.known(cr, tier, month)
                if not known.manifest or known.state == State.EXPIRED:
                    continue
                problem = None
                try:
                    archive.verify(cr, Location(known.location), known.manifest)
                except ReportingError as e:
                    problem = str(e)
                    problems.append(problem)
                months.blame(cr, tier, month, problem)
                counts.rows_read += sum(
                    told["rows"] for told in known.manifest["tables"].values()
                )
        state = "failed" if problems else "done"
        return RunResult(state, counts, message=" ".join(problems))

    return logged(dsn, "verify", work)


def expire(dsn, tier, month):
    """Remove a month's files of a tier, for good; killed amid it, the next run goes on."""
    with closing(connect(dsn)) as connection:
        with explained(), connection, connection.cursor() as cr:
            [known] = months.known(cr, tier, month)
        archive.remove(Location(known.location), known.manifest)
        with explained(), connection, connection.cursor() as cr:
            months.expire(cr, tier, month)


def logged(dsn, job, work):
    """Do the work, one worker at a time, and write down how it went.

    It holds the lock of months for one of them at a time: between two of them others have
    their turn, of whom loads wait.
    """
    return runs.run(dsn, job, LOCK, lambda _id: work(), lock=f"{LOCK} runs")


def _restored(cr):
    """Return {(tier, month): when it was restored}."""
    return {(m.tier, m.month): m.restored_at for m in months.known(cr)}


def _is_restored_since(dsn, step, restored):
    """Tell whether a step's month was restored since it was planned."""
    with transaction(dsn) as cr:
        now = _restored(cr)
    month = step.of, step.month
    return now.get(month) != restored.get(month)


def _told(gone, expired, problems):
    """Return what was done, in words."""
    told = [
        f"Months {what}: {count}."
        for what, count in (("archived", gone), ("whose archive was removed", expired))
        if count
    ]
    return " ".join([*told, *problems])

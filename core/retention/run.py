"""The job: take out what is due, month by month; verify what was archived."""

import logging
import time
from contextlib import closing

from ..errors import Busy, ReportingError
from ..records import Counts, RunResult
from ..stores import loads, locks, runs
from ..stores.reporting import connect, explained, transaction
from . import archive, columnar, generations, leaving, months
from .files import Location
from .months import State
from .plan import held, plan
from .policy import Tier
from .restore import LOCK

_logger = logging.getLogger(__name__)
DAYS_FORMER = 30
# Seconds to wait for others, who may bring a month back; who has a time slot is not killed
# for waiting.
PATIENCE, PATIENCE_IN_A_SLOT = 300, 30
# What is wrong with the rows of a month: the others leave without it.
_OF_A_MONTH = (archive.Damaged, columnar.Unfit)
# Half of what was measured on the machine of readme/SCALE.md: written and read back.
ROWS_A_SECOND = 38_000
_STAYS = {
    Tier.DETAIL: "No detail leaves",
    Tier.AGGREGATE: "No aggregates leave",
    Tier.ARCHIVE: "No archives are removed",
}


def run(  # noqa: PLR0913 (keywords)
    dsn,
    policies,
    today,
    address,
    *,
    names=None,
    seconds=None,
    limit=None,
    days_former=DAYS_FORMER,
    between=leaving.nothing,
):
    """Archive and take out what is due.

    :param policies: the active policies
    :param today: the day (UTC) that decides
    :param address: where archives go
    :param names: {id: name} of companies, for messages
    :param seconds: after which no other month is begun
    :param limit: seconds after which this process is killed: no month is begun that would
        not be done by then
    :param days_former: for so long former generations of files stay, at least as long as
        backups of the database
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    going = _Run(dsn, address, seconds, limit, between)

    def work():
        with transaction(dsn) as cr:
            if not loads.is_derived(cr):
                return RunResult("done", message="The first load is not over yet.")
            steps, restored = plan(cr, policies, today), _restored(cr)
            stays = _stays(held(cr, policies), names or {})
        state = going.through(steps, restored)
        problem = None if state == "partial" else _forget(dsn, days_former)
        if problem:
            going.problems.append(problem)
            state = "failed"
        return RunResult(state, going.counts, message=going.told(stays))

    return logged(dsn, "archive", work)


class _Run:
    """The steps of a run: for how long it may go on, and what it has done.

    :ivar problems: sentences
    """

    def __init__(self, dsn, address, seconds, limit, between):
        begun = time.monotonic()
        self._until, self._killed = (
            begun + (after or float("inf")) for after in (seconds, limit)
        )
        self._patience = PATIENCE_IN_A_SLOT if seconds else PATIENCE
        self._dsn, self._address, self._between = dsn, address, between
        self.counts, self.problems = Counts(), []
        self._gone = self._expired = 0

    def through(self, steps, restored):
        """Do steps, month by month, while there is time. Returns the run's state.

        :param restored: when months were, as the steps were planned
        """
        is_first = True  # which is begun whatever the time: each run comes further
        for step in steps:
            now = time.monotonic()
            fits = _fits(step, self._killed - now)
            if is_first and not fits:
                self.problems.append(_too_long(step))
                continue
            if not is_first and (now > self._until or not fits):
                is_stuck = self.problems and not (self._gone or self._expired)
                return "failed" if is_stuck else "partial"
            is_first = False
            try:
                with locks.held(self._dsn, LOCK, self._patience):
                    self._do(step, restored)
            except ReportingError as e:
                _logger.error("archive: %s", e)
                self.problems.append(str(e))
                if not _is_of_one(step, e):  # the other months would meet the same
                    return "partial" if isinstance(e, Busy) else "failed"
        return "failed" if self.problems else "done"

    def _do(self, step, restored):
        """Do a step, unless the next run is to ask whether it is due still."""
        if _is_restored_since(self._dsn, step, restored):
            return
        if step.tier == Tier.ARCHIVE:
            expire(self._dsn, step.of, step.month)
            self._expired += 1
        elif leave(self._dsn, step.tier, step.month, self._address, self._between):
            self._gone += 1
            self.counts.rows_read += step.rows

    def told(self, stays):
        """Return what was done, who keeps what, and what went wrong, in words."""
        done = {"archived": self._gone, "whose archive was removed": self._expired}
        told = [f"Months {what}: {count}." for what, count in done.items() if count]
        return " ".join([*told, *stays, *self.problems])


def _is_of_one(step, error):
    """Tell whether the other months may leave all the same."""
    is_file = step.tier == Tier.ARCHIVE and not isinstance(error, Busy)
    return is_file or isinstance(error, _OF_A_MONTH)


def _forget(dsn, days):
    """Remove former generations of files that are so old. Returns what went wrong, or None."""
    try:
        # An erasure may be removing some of them.
        with locks.held(dsn, LOCK), closing(connect(dsn)) as connection:
            generations.forget(connection, days=days)
    except Busy:
        return None  # the next run comes to it
    except ReportingError as e:
        return str(e)
    return None


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
            months.expire(cr, tier, month)
        generations.forget(connection, tier, month)


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


def _fits(step, seconds):
    """Tell whether a step is done within some seconds."""
    return not step.is_long or fits(step.rows, seconds)


def fits(rows, seconds):
    """Tell whether so many rows are written and read back within some seconds."""
    return rows <= seconds * ROWS_A_SECOND


def _too_long(step):
    return (
        f"{step.month:%B %Y} stays: {step.rows:,} rows are more than Odoo's time limits let "
        "a worker archive. Run `odoo-bin loyalty_archive run -d DATABASE`, which has none, "
        "or raise limit_time_real_cron and limit_time_cpu."
    )


def _stays(kept, names):
    """Return who keeps what for all, a sentence for each tier."""
    return [
        f"{_STAYS[tier]}: of {', '.join(str(names.get(c, c)) for c in companies)} no "
        "policy of it is active."
        for tier, companies in kept.items()
    ]

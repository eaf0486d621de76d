"""The job: take out what is due, month by month; verify what was archived."""

import logging
import time
from contextlib import closing

from ..errors import ReportingError
from ..records import Counts, RunResult
from ..stores import loads, runs
from ..stores.reporting import connect, explained, transaction
from . import archive, columnar, leaving, months
from .files import Location
from .months import State
from .plan import held, plan
from .policy import Tier
from .restore import LOCK

_logger = logging.getLogger(__name__)
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
    :return: :class:`RunResult`; errors are in its message, never raised
    """
    begun = time.monotonic()
    until, killed = (begun + (after or float("inf")) for after in (seconds, limit))

    def work():
        counts, gone, expired, problems = Counts(), 0, 0, []
        is_first = True  # which is begun whatever the time: each run comes further
        with transaction(dsn) as cr:
            if not loads.is_derived(cr):
                return RunResult("done", message="The first load is not over yet.")
            steps = plan(cr, policies, today)
            stays = _stays(held(cr, policies), names or {})
        for step in steps:
            now = time.monotonic()
            fits = _fits(step, killed - now)
            if is_first and not fits:
                problems.append(_too_long(step))
                continue
            if not is_first and (now > until or not fits):
                is_stuck = problems and not (gone or expired)
                state = "failed" if is_stuck else "partial"
                break
            is_first = False
            try:
                if step.tier == Tier.ARCHIVE:
                    expire(dsn, step.of, step.month)
                    expired += 1
                elif leave(dsn, step.tier, step.month, address, between):
                    gone += 1
                    counts.rows_read += step.rows
            except ReportingError as e:
                _logger.error("archive: %s", e)
                problems.append(str(e))
                if step.tier != Tier.ARCHIVE and not isinstance(e, _OF_A_MONTH):
                    state = "failed"
                    break  # the other months would meet the same
        else:
            state = "failed" if problems else "done"
        return RunResult(
            state, counts, message=_told(gone, expired, [*stays, *problems])
        )

    return logged(dsn, "archive", work)


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
        with closing(connect(dsn)) as connection:
            with explained(), connection, connection.cursor() as cr:
                found = [m for m in months.known(cr) if m.month in {*chosen}]
            for known in found:
                if not known.manifest or known.state == State.EXPIRED:
                    continue
                with explained(), connection, connection.cursor() as cr:
                    problem = None
                    try:
                        archive.verify(cr, Location(known.location), known.manifest)
                    except ReportingError as e:
                        problem = str(e)
                        problems.append(problem)
                    months.blame(cr, known.tier, known.month, problem)
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
    """Do the work, one worker at a time, and write down how it went."""
    return runs.run(dsn, job, LOCK, lambda _id: work(), lock=LOCK)


def _fits(step, seconds):
    """Tell whether a step is done within some seconds."""
    return not step.is_long or step.rows <= seconds * ROWS_A_SECOND


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


def _told(gone, expired, others):
    """Return what was done, in words."""
    told = [
        f"Months {what}: {count}."
        for what, count in (("archived", gone), ("whose archive was removed", expired))
        if count
    ]
    return " ".join([*told, *others])

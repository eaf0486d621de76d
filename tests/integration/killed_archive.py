"""Archive months in a process that kills itself.

Arguments: report, folder, day, step; perhaps for how many days aggregates are kept.
"""

import os
import signal
import sys
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from archiving import DETAIL, archive  # noqa: E402

import core.retention.archive as writing  # noqa: E402
from core.retention.policy import Policy, Tier  # noqa: E402


def main(report, folder, today, step, *days):
    """Archive what is due on a day; die as soon as a step is done."""

    def die_after(done, _month):
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    if step == "half written":
        # A file is there, and no manifest.
        writing.verify = lambda *_: die_after(step, None)
    policies = [*DETAIL, *(Policy(Tier.AGGREGATE, int(number)) for number in days)]
    day = date.fromisoformat(today)
    print(archive(report, folder, day, policies, between=die_after))


if __name__ == "__main__":
    main(*sys.argv[1:])

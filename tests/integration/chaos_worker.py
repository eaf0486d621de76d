"""One job, again and again until it is killed. Arguments: job, engine, report, more.

More is Redis and stream for `consume`, ClickHouse for `push`, nothing for `sync`.
"""

import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from pipeline import sync_once  # noqa: E402
from stream_fixtures import GROUP, configuration  # noqa: E402

from core import consume as consuming  # noqa: E402
from core.settings import Settings  # noqa: E402
from core.stores import blocks, push  # noqa: E402, F401 (blocks: loaded before it counts)
from core.streams.redis_stream import RedisStream  # noqa: E402

CLAIM_AFTER = 4
MAY_BE = {"done", "partial", "busy", "failed"}


def consume(_engine, report, redis_url, name):
    """Consume; it ends by itself only if something is wrong with it."""
    consuming.LONGEST_PAUSE = 0.5
    stream = RedisStream(redis_url, name, GROUP, claim_after=CLAIM_AFTER)
    result = consuming.consume(
        stream, report, source_name="stream", configuration=configuration, events=100
    )
    raise SystemExit(f"consume ended: {result}")


def sync(engine, report):
    """Sync what is new, in small chunks."""
    return sync_once(engine, report, chunk_documents=20)


def ship(_engine, report, clickhouse):
    """Push what is new."""
    return push.push(Settings(clickhouse_url=clickhouse), report)


JOBS = {"consume": consume, "sync": sync, "push": ship}


def main(job, *arguments):
    """Say that all is imported, then do the job until the end."""
    print("ready", flush=True)
    while True:
        result = JOBS[job](*arguments)
        if result.state not in MAY_BE or "a fault of ours" in result.message:
            raise SystemExit(f"{job}: {result}")
        time.sleep(0.1)


if __name__ == "__main__":
    main(*sys.argv[1:])

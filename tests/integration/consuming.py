"""A consumer in a process of its own, to be killed. Arguments: Redis, stream, report."""

import json
import signal
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from stream_fixtures import GROUP, configuration  # noqa: E402

from core.consume import consume  # noqa: E402
from core.streams import connect  # noqa: E402


def main(redis_url, name, report_dsn):
    """Say that all is imported, consume until told to stop, say how it ended."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda _number, _frame: stop.set())
    print("ready", flush=True)
    result = consume(
        connect(redis_url, name, GROUP),
        report_dsn,
        source_name="stream",
        configuration=configuration,
        stop=stop,
        events=100,
    )
    print(json.dumps([result.state, result.counts.documents_changed]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])

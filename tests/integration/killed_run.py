"""One run in a process of its own, to be killed. Arguments: engine, report, chunk."""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

from pipeline import sync_once  # noqa: E402


def main(engine_dsn, report_dsn, chunk_documents):
    """Say that all is imported, run, say how it ended."""
    print("ready", flush=True)
    result = sync_once(engine_dsn, report_dsn, chunk_documents=int(chunk_documents))
    print(result.state, flush=True)
    if result.state == "failed":
        print(result.message, file=sys.stderr)


if __name__ == "__main__":
    main(*sys.argv[1:])

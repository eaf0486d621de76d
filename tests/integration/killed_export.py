"""The next export in a process of its own, to be killed.

Arguments: reporting database, folder, bytes that a file may have (0: any).
"""

import resource
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import export_world  # noqa: E402


def main(report, folder, most_bytes):
    """Say that all is imported, run, say how it ended and how much memory it took."""
    if int(most_bytes):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(most_bytes), int(most_bytes)))
    before = _peak()
    print("ready", flush=True)
    ended = export_world.run_next(report, folder)
    print(ended.state if ended else "nothing to do", flush=True)
    print(_peak() - before, file=sys.stderr)


def _peak():
    """Kilobytes of memory that this program had at most.

    Not getrusage: it knows what the process had before it became this program.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


if __name__ == "__main__":
    main(*sys.argv[1:])

"""The ClickHouse process: run by the interpreter of the environment ``clickhouse``.

    python clickhouse_server.py <data folder>     (config.xml in the working folder)

The public calls of chdb refuse to open ports; this private one takes it, and the endless query
keeps the engine alive. SIGTERM ends it cleanly.
"""

import sys

from chdb import _chdb

LISTEN = (
    "SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP; "
    "SELECT sleepEachRow(1) FROM system.numbers SETTINGS max_block_size=1 FORMAT Null"
)

if __name__ == "__main__":
    _chdb.query(LISTEN, "CSV", path=sys.argv[1])

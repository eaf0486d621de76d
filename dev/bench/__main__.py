"""Run the benchmarks: ``python3 -m dev.bench [name …]``; the names are in ``BENCHES``."""

import sys

from . import (
    cluster,
    dashboard,
    events,
    export,
    extraction,
    first_load,
    graphql,
    grpc,
    keys,
    live,
    memory,
    pages,
    pivot,
    rest,
    retention,
    size,
    standing,
    stream,
    visible,
    workbook,
)

BENCHES = {
    "cluster": cluster.main,
    "dashboard": dashboard.main,
    "events": events.main,
    "export": export.main,
    "extraction": extraction.main,
    "first_load": first_load.main,
    "graphql": graphql.main,
    "grpc": grpc.main,
    "keys": keys.main,
    "live": live.main,
    "memory": memory.main,
    "pages": pages.main,
    "pivot": pivot.main,
    "rest": rest.main,
    "retention": retention.main,
    "size": size.main,
    "standing": standing.main,
    "stream": stream.main,
    "visible": visible.main,
    "workbook": workbook.main,
}


def main(names):
    """Run the benches named, or all of them."""
    for name in names or BENCHES:
        print(f"\n== {name}: {BENCHES[name].__doc__.splitlines()[0]}", flush=True)
        BENCHES[name]()


if __name__ == "__main__":
    main(sys.argv[1:])

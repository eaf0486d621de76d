"""Write the GraphQL schema of all reports: ``python -m dev.graphql_schema [--breaking]``.

The committed file shows what a change of the registry does to GraphQL's clients: one that
breaks them is not written without ``--breaking``. Runs in the environment that has
graphql-core: ``python3 -m dev run test python -m dev.graphql_schema``.
"""

import sys
from pathlib import Path

from graphql import build_schema, find_breaking_changes

from core.api.graphql.schema import schema, text

FILE = Path(__file__).resolve().parent.parent / "core" / "api" / "schema.graphql"


def main(arguments: list[str]) -> int:
    """Write the file; return 1 if that would break clients unasked."""
    new = schema()
    if FILE.exists() and "--breaking" not in arguments:
        old = build_schema(FILE.read_text())
        if broken := find_breaking_changes(old, new):
            print("Not written, clients would break (--breaking writes it):")
            print("\n".join(change.description for change in broken))
            return 1
    FILE.write_text(text(new))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

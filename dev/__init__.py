"""Set-up, reference engine and benchmarks; nothing that the addon imports."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - said plainly, before a newer syntax says it badly
    sys.exit(
        f"dev: Python {sys.version.split()[0]} is too old; install python3 >= 3.11"
    )

"""Write core/api/grpc's files out of the registry: ``python -m dev.proto [--check|--release]``.

``--release`` also makes the .proto the one that later ones are compared with. Runs in
the environment of the tests: ``make proto``.
"""

import sys

from .files import FOLDER, NAME, RELEASED, files


def main(arguments):
    """Write the files, or with ``--check`` tell which are stale; the exit code."""
    if arguments not in ([], ["--check"], ["--release"]):
        print("usage: python -m dev.proto [--check|--release]", file=sys.stderr)
        return 2
    try:
        made = files()
    except ValueError as error:
        print(f"proto: {error}", file=sys.stderr)
        return 1
    if arguments == ["--release"]:
        made[RELEASED.name] = made[NAME]
    stale = {n: content for n, content in made.items() if _present(n) != content}
    for name, content in stale.items():
        if arguments == ["--check"]:
            print(f"core/api/grpc/{name} is stale: run make proto")
        else:
            (FOLDER / name).write_text(content, encoding="utf-8")
            print(f"core/api/grpc/{name} written")
    return 1 if arguments == ["--check"] and stale else 0


def _present(name):
    path = FOLDER / name
    return path.read_text(encoding="utf-8") if path.exists() else None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

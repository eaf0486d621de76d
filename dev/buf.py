"""buf, the field's judge of .proto files: does a new one break clients of an old one?

It comes from the npm registry, as prettier does.
"""

import json
import shutil
import subprocess
import tempfile
from pathlib import Path

from .paths import Paths
from .shell import run
from .stamps import ensure

PACKAGE = "@bufbuild/buf@1.75.0"
# Generated code, not only what travels, must stay compatible.
CONFIGURATION = "version: v2\nbreaking:\n  use: [FILE]\n"


def is_at_hand() -> bool:
    """Whether buf is there or can be fetched."""
    return bool(shutil.which("npm"))


def breaking(paths: Paths, before: str, after: str) -> list[str]:
    """What in the .proto ``after`` breaks clients built with ``before``.

    :raises SetupError: buf cannot be installed
    """
    program = ensure(paths.cache / "buf", _install) / "node_modules" / ".bin" / "buf"
    with tempfile.TemporaryDirectory() as folder:
        for name, text in (("before", before), ("after", after)):
            module = Path(folder, name)
            module.mkdir()
            (module / "api.proto").write_text(text, encoding="utf-8")
            (module / "buf.yaml").write_text(CONFIGURATION)
        command = [program, "breaking", "after", "--against=before"]
        done = subprocess.run(
            [*command, "--error-format=json"],
            cwd=folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
    found = [json.loads(line)["message"] for line in done.stdout.splitlines()]
    return found or ([done.stderr.strip()] if done.returncode else [])


def _install(folder: Path) -> None:
    options = ("--no-audit", "--no-fund", "--loglevel=error")
    run(["npm", "install", *options, PACKAGE], "installing buf", cwd=folder)

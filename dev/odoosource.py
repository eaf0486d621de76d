"""Odoo 19 itself: Debian's package unpacked, or the source tree named by ODOO_HOME."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from .debian import Apt
from .errors import SetupError
from .paths import Paths, digest
from .shell import need_space
from .stamps import ensure, whole
from .steps import step

SERIES = "19"
PACKAGE = f"odoo-{SERIES}"
# What the package's own relative links point to.
LINKED = (
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
    "fonts-font-awesome",
    "fonts-roboto-unhinted",
    "fonts-inconsolata",
    "fonts-ocr-b",
    "fonts-montserrat",
    "fonts-glyphicons-halflings",
)


@dataclass(frozen=True)
class OdooSource:
    """Where Odoo's Python package, its command and its addons are."""

    python_path: Path
    command: Path
    addons: tuple[Path, ...]
    key: str


def find(paths: Paths, apt: Apt) -> OdooSource:
    """Odoo from ODOO_HOME if that is set, else from Debian's unstable suite.

    :raises SetupError: ODOO_HOME is no Odoo 19, or the package cannot be fetched
    """
    if home := os.environ.get("ODOO_HOME"):
        return from_tree(Path(home).expanduser().absolute())
    prefix = paths.cache / PACKAGE
    if not whole(prefix):
        with step("unpacking Odoo from Debian's package"):
            need_space(paths.cache, 3)
            ensure(prefix, lambda folder: _unpack(apt, folder))
    packages = prefix / "usr/lib/python3/dist-packages"
    addons = (packages / "odoo" / "addons",)
    return OdooSource(packages, prefix / "usr/bin/odoo", addons, _key(packages, addons))


def from_tree(home: Path) -> OdooSource:
    """Odoo in a source tree, as the release tarballs and its repository have it.

    :raises SetupError: it is none, or of another series
    """
    command, addons = home / "odoo-bin", (home / "odoo" / "addons", home / "addons")
    if not command.exists() or not all(folder.is_dir() for folder in addons):
        raise SetupError(
            f"ODOO_HOME={home}: expected odoo-bin, odoo/addons and addons there"
        )
    version = _release(home)
    if not version.startswith(SERIES):
        raise SetupError(
            f"ODOO_HOME={home} is Odoo {version}, but this addon is for Odoo {SERIES}"
        )
    return OdooSource(home, command, addons, _key(home, addons))


def _unpack(apt: Apt, folder: Path) -> None:
    apt.refresh()
    apt.unpack([PACKAGE, *LINKED], folder)


def _release(packages: Path) -> str:
    text = (packages / "odoo" / "release.py").read_text()
    found = re.search(
        r"version_info\s*=\s*\(\s*'?(?:saas~)?(\d+)'?\s*,\s*(\d+)\s*,\s*(\d+)", text
    )
    return ".".join(found.groups()) if found else "of unknown version"


def _key(packages: Path, addons: tuple[Path, ...]) -> str:
    """Names this very Odoo, so that databases made by another one are not taken for its own."""
    manifests = sorted(
        str(path) for folder in addons for path in folder.glob("*/__manifest__.py")
    )
    texts = [Path(path).read_bytes() for path in manifests]
    return digest((packages / "odoo" / "release.py").read_bytes() + b"".join(texts))

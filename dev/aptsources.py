"""Reads the machine's own Debian sources and writes a private list from them.

Both forms that Debian uses are understood: deb822 paragraphs (``*.sources``) and lines
(``*.list``). No host is named here: a mirror that works for the machine works for us.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .errors import SetupError

APT = Path("/etc/apt")
UNSTABLE = "unstable"
_LINE = re.compile(
    r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<components>.+)$"
)


@dataclass(frozen=True)
class Source:
    """One archive: its addresses, suites and components, and the key that signs it."""

    uris: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""

    def paragraph(self) -> str:
        """The source as a deb822 paragraph that fetches package lists and nothing else."""
        fields = {
            "Types": "deb",
            "URIs": self.uris,
            "Suites": " ".join(self.suites),
            "Components": "main",
            "Targets": "Packages",
            "Languages": "none",
            "PDiffs": "no",
        }
        if self.signed_by:
            fields["Signed-By"] = self.signed_by
        return "".join(f"{name}: {value}\n" for name, value in fields.items())


def codename(os_release: Path = Path("/etc/os-release")) -> str:
    """The name of the Debian release that this machine runs, such as ``bookworm``."""
    found = re.search(
        r'^VERSION_CODENAME="?(\w+)"?', os_release.read_text(), re.MULTILINE
    )
    return found.group(1) if found else UNSTABLE


def private_list(folder: Path = APT, release: str | None = None) -> str:
    """The text of a ``.sources`` file: the machine's release, and unstable from the same place.

    :raises SetupError: the machine has no Debian source for its own release
    """
    release = release or codename()
    mine = [
        trimmed
        for source in read_sources(folder)
        if (trimmed := _of_release(source, release)).suites
    ]
    main = [source for source in mine if release in source.suites]
    if not main:
        raise SetupError(
            f"{folder}: no Debian source for {release} main; add one, or set ODOO_HOME=<Odoo 19 source tree> "
            "and install postgresql, redis-server and chromium"
        )
    return "\n".join(
        source.paragraph() for source in [*mine, replace(main[0], suites=(UNSTABLE,))]
    )


def read_sources(folder: Path) -> list[Source]:
    """All enabled binary sources with the component ``main``."""
    found = []
    for path in sorted(
        [*folder.glob("sources.list"), *folder.glob("sources.list.d/*")]
    ):
        if path.suffix == ".sources":
            found += _paragraphs(path.read_text())
        elif path.suffix == ".list":
            found += _lines(path.read_text())
    return [source for source in found if "main" in source.components]


def _of_release(source: Source, release: str) -> Source:
    suites = tuple(
        suite for suite in source.suites if suite.partition("-")[0] == release
    )
    return replace(source, suites=suites)


def _paragraphs(text: str) -> Iterator[Source]:
    for paragraph in re.split(r"\n\s*\n", text):
        fields = _fields(paragraph)
        if (
            "deb" in fields.get("types", "").split()
            and fields.get("enabled", "yes").lower() != "no"
        ):
            yield Source(
                fields.get("uris", ""),
                tuple(fields.get("suites", "").split()),
                tuple(fields.get("components", "").split()),
                fields.get("signed-by", ""),
            )


def _fields(paragraph: str) -> dict[str, str]:
    """The fields of a paragraph; a value may go on over indented lines (an inlined key does)."""
    fields: dict[str, str] = {}
    name = ""
    for line in paragraph.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace() and name:
            fields[name] += "\n" + line
        elif ":" in line:
            name, _, value = line.partition(":")
            name = name.strip().lower()
            fields[name] = value.strip()
    return fields


def _lines(text: str) -> Iterator[Source]:
    for line in text.splitlines():
        if found := _LINE.match(line.partition("#")[0].strip()):
            options = dict(
                part.partition("=")[::2] for part in (found["options"] or "").split()
            )
            yield Source(
                found["uri"],
                (found["suite"],),
                tuple(found["components"].split()),
                options.get("signed-by", "").replace(",", " "),
            )

"""Debian packages unpacked into a folder of ours: nothing is installed, started or configured.

apt runs on a private state (its own lists and cache, the machine's package status read only), so
neither the machine's sources nor its packages change, and no rights are needed.
"""

import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock

from . import aptsources
from .errors import SetupError
from .shell import run
from .stamps import remove

STATUS = Path("/var/lib/dpkg/status")
# Unstable is asked only for what the machine's own release does not have.
PREFERENCES = f"Package: *\nPin: release a={aptsources.UNSTABLE}\nPin-Priority: 100\n"


@dataclass(frozen=True)
class Apt:
    """apt on a private state folder."""

    folder: Path
    _refreshing: Lock = field(default_factory=Lock)
    _fresh: Event = field(default_factory=Event)

    def refresh(self) -> None:
        """Fetch the package lists, once per run, whichever thread asks first.

        :raises SetupError: no source, no network, or an unknown signature
        """
        with self._refreshing:
            if not self._fresh.is_set():
                self._fetch_lists()
                self._fresh.set()

    def _fetch_lists(self) -> None:
        remove(self.folder / "lists")
        for name in ("lists/partial", "cache/archives/partial", "sources"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        (self.folder / "sources" / "private.sources").write_text(
            aptsources.private_list()
        )
        (self.folder / "preferences").write_text(PREFERENCES)
        (self.folder / "apt.conf").write_text(self._configuration())
        run(
            [*self._apt("apt-get"), "update", "--error-on=any"],
            "fetching Debian's package lists",
        )

    def missing(self, packages: Sequence[str]) -> list[str]:
        """Which packages, with versions, the machine lacks in order to have these."""
        command = [
            *self._apt("apt-get"),
            "--simulate",
            "--no-install-recommends",
            "install",
            *packages,
        ]
        plan = run(command, f"resolving {' '.join(packages)}")
        return [
            f"{name}={version}"
            for name, version in re.findall(
                r"^Inst (\S+) .*?\((\S+)", plan, re.MULTILINE
            )
        ]

    def offers(self, package: str, version: str) -> bool:
        """Whether a package can be had in this version, given as its beginning."""
        policy = run(
            [*self._apt("apt-cache"), "policy", package], f"looking for {package}"
        )
        candidate = re.search(r"Candidate: (?:\d+:)?(\S+)", policy)
        return bool(candidate) and candidate.group(1).startswith(f"{version}.")

    def depends(self, package: str, pattern: str) -> str:
        """The first dependency of a package whose name matches, such as postgresql's server."""
        listing = run(
            [*self._apt("apt-cache"), "depends", package],
            f"reading what {package} depends on",
        )
        found = re.search(rf"Depends: ({pattern})", listing)
        if not found:
            raise SetupError(f"Debian's {package} depends on nothing like {pattern}")
        return found.group(1)

    def unpack(self, packages: Sequence[str], target: Path) -> None:
        """Download packages (apt checks their hashes) and unpack them below ``target``.

        A broken file left by an earlier run is thrown away first: it would be trusted by name.
        """
        downloads = target.with_name(target.name + ".downloads")
        remove(downloads)
        downloads.mkdir(parents=True)
        if packages:
            run(
                [*self._apt("apt-get"), "download", *packages],
                f"downloading {names(packages)}",
                cwd=downloads,
            )
        for archive in sorted(downloads.glob("*.deb")):
            run(["dpkg", "-x", archive, target], f"unpacking {archive.name}")
            archive.unlink()
        remove(downloads)

    def _apt(self, program: str) -> list[str]:
        if not shutil.which(program):
            raise SetupError(
                f"{program} is missing: this set-up needs Debian (or ODOO_HOME and installed services)"
            )
        # The -o options come last, so no file of the machine can override them.
        options = [
            f"-oDir::Etc::SourceParts={self.folder / 'sources'}",
            "-oDir::Etc::SourceList=/dev/null",
        ]
        return [program, "-q", "-c", str(self.folder / "apt.conf"), *options]

    def _configuration(self) -> str:
        return f"""#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
#clear DPkg::Post-Invoke;
APT::Sandbox::User "root";
Debug::NoLocking "true";
Acquire::Retries "3";
Dir::State "{self.folder}";
Dir::State::Lists "{self.folder}/lists";
Dir::State::status "{STATUS}";
Dir::Cache "{self.folder}/cache";
Dir::Etc::Preferences "{self.folder}/preferences";
Dir::Etc::PreferencesParts "/dev/null";
"""


def names(packages: Sequence[str], shown: int = 4) -> str:
    """Package names for a message: short, without versions."""
    plain = [package.partition("=")[0] for package in packages]
    return " ".join(plain[:shown]) + (
        f" and {len(plain) - shown} more" if len(plain) > shown else ""
    )


def library_path(prefix: Path) -> str:
    """``LD_LIBRARY_PATH`` for programs unpacked below ``prefix``."""
    patterns = ("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib/llvm-*/lib")
    folders = [
        str(folder) for pattern in patterns for folder in sorted(prefix.glob(pattern))
    ]
    return ":".join(folders)

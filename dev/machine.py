"""The few things that have to be installed on the machine itself, or changed on it."""

import os
import pwd
import shutil
import sys
from functools import cache

from . import tools
from .errors import SetupError
from .shell import run
from .steps import step

POSTGRES_USER = "postgres"
OWN_USER = "loyalty_reporting"


def install(package: str) -> None:
    """Install a Debian package with apt-get, fetching its lists first if that is needed.

    :raises SetupError: names the command that a person has to run
    """
    command = [
        *_as_root(package),
        "apt-get",
        "install",
        "-y",
        "-q",
        "--no-install-recommends",
        package,
    ]
    env = {"DEBIAN_FRONTEND": "noninteractive"}
    hint = f"; install it by hand: sudo apt-get install {package}"
    try:
        try:
            run(command, f"installing {package}", env=env)
        except SetupError:
            run(
                [*_as_root(package), "apt-get", "update", "-q"],
                "fetching package lists",
                env=env,
            )
            run(command, f"installing {package}", env=env)
    except SetupError as error:
        raise SetupError(f"{error}{hint}") from error


def _as_root(package: str) -> list[str]:
    if os.geteuid() == 0:
        return []
    if not shutil.which("sudo"):
        raise SetupError(f"{package} is missing; as root: apt-get install {package}")
    # sudo asks for a password on the terminal; without one it must fail, not wait.
    quietly = [] if sys.stderr.isatty() else ["-n"]
    return ["sudo", *quietly, "DEBIAN_FRONTEND=noninteractive"]


def ensure_chromium() -> str:
    """The path of a Chromium, installed if there is none: only the browser tests need it."""
    found = tools.chromium()
    if not found:
        with step("installing Chromium for the browser tests"):
            install("chromium")
        found = tools.chromium()
    if not found:
        raise SetupError(
            "chromium was installed but is not on the PATH; set LR_CHROMIUM to its path"
        )
    return found


def ensure_office() -> str:
    """The path of LibreOffice, installed if there is none: tests open workbooks with it."""
    found = tools.office()
    if not found:
        with step("installing LibreOffice Calc for the tests of workbooks"):
            install("libreoffice-calc")
        found = tools.office()
    if not found:
        raise SetupError(
            "libreoffice-calc was installed but soffice is not on the PATH"
        )
    return found


@cache
def database_user() -> str | None:
    """The user that runs PostgreSQL: nobody else's than ours, unless we are root.

    :raises SetupError: no such user and none can be made
    """
    if os.geteuid() != 0:
        return None
    for name in (POSTGRES_USER, OWN_USER):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    run(
        ["useradd", "--system", "--no-create-home", "--user-group", OWN_USER],
        f"creating the user {OWN_USER}",
    )
    return OWN_USER

"""Has everything installed that an instance needs, independent parts at once."""

from dataclasses import dataclass
from pathlib import Path

from . import odoosource, pythonenvs, tools
from .debian import Apt
from .instance import Programs
from .locks import exclusive
from .odoosource import OdooSource
from .paths import Paths, locate, prepare
from .shell import need_space
from .steps import together


@dataclass(frozen=True)
class Setup:
    """The folders of this clone, the programs of its services, and Odoo."""

    paths: Paths
    programs: Programs
    odoo: OdooSource

    @property
    def python(self) -> Path:
        """The interpreter of the environment that holds Odoo's needs and the tests'."""
        return self.programs.python


def install() -> Setup:
    """Install or repair what is missing; quick when nothing is.

    :raises SetupError: says what is missing and how to get it
    """
    paths = locate()
    prepare(paths)
    need_space(paths.cache, 1)
    with exclusive(paths.cache / "install.lock", "installing"):
        apt = Apt(paths.cache / "apt")
        pythonenvs.ensure_installer(paths, apt)
        found, odoo, clickhouse, source = together(
            lambda: tools.find(paths, apt),
            lambda: pythonenvs.ensure_environment(paths, pythonenvs.ODOO, apt),
            lambda: pythonenvs.ensure_environment(paths, pythonenvs.CLICKHOUSE, apt),
            lambda: odoosource.find(paths, apt),
        )
    return Setup(paths, Programs(found, odoo, clickhouse), source)

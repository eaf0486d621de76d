"""The commands, as the Makefile calls them; each can be run again at will."""

import os
import shutil
import subprocess

from . import cleaning, environment, pythonenvs, testing
from . import lint as linting
from .debian import Apt
from .errors import SetupError
from .instance import Instance, start_services, stop_processes
from .locks import exclusive
from .paths import locate, prepare
from .serving import Serving, workers
from .setup import Setup, install
from .state import State
from .steps import step

DEMO = "demo"


def demo() -> None:
    """From a bare machine to a running demo; the last line says what to open."""
    up()
    instance = Instance(DEMO, locate())
    url = environment.odoo_url(instance, instance.open())
    print(
        f"Open {url}/odoo  login: {environment.LOGIN}  password: {environment.PASSWORD}  (make down stops it)"
    )


def up() -> None:
    """Start the demo in the background; returns when the history is loaded and Odoo answers."""
    count = workers()
    with step("everything"):
        setup = install()
        instance = Instance(DEMO, setup.paths)
        with exclusive(instance.lock, "the demo"):
            known = start_services(instance, setup.programs)
            serving = Serving(setup, instance, known, environment.DEMO_DATABASE, count)
            serving.up(anew=bool(os.environ.get("FRESH")))


def down() -> None:
    """Stop the demo and all its services; the data stays."""
    stop(DEMO)


def env() -> None:
    """Print shell assignments that tell how to reach the running demo."""
    instance = Instance(DEMO, locate())
    known = instance.saved()
    if known is None or not instance.keeper.alive("odoo"):
        raise SetupError("the demo is not running; start it with: make up")
    print(environment.quoted(environment.demo(instance, known)))


def test(*options: str) -> int:
    """Run the tests (PHASE, PYTEST_ARGS); ``--slow`` takes in the slow ones. 1 if any failed."""
    return 0 if testing.test(slow="--slow" in options) else 1


def lint(*options: str) -> int:
    """Run the style checks; ``--fix`` puts right first what a program can. 1 if any failed."""
    setup = install()
    if "--fix" in options:
        linting.fix(setup)
    return 0 if linting.lint(setup) else 1


def bench(*options: str) -> int:
    """Run the benchmarks on the test instance's services; options go to ``dev.bench``."""
    return run("test", "python", "-m", "dev.bench", *options)


def clean() -> None:
    """Stop everything and remove all instances, environments and downloads of this cache."""
    cleaning.clean(locate())


def pins() -> None:
    """Renew constraints.txt: look at the difference and run the tests before committing it."""
    paths = locate()
    prepare(paths)
    with step("resolving the Python packages"):
        pythonenvs.renew_pins(paths, Apt(paths.cache / "apt"))


def services(name: str = "test") -> None:
    """Start an instance's services and print the variables that tests and the addon get."""
    setup, _instance, known = running(name)
    print(environment.quoted(services_of(setup, known)))


def stop(name: str = "test") -> None:
    """Stop an instance's processes; its data stays."""
    instance = Instance(name, locate())
    with exclusive(instance.lock, f"the instance '{name}'"), step(f"stopping '{name}'"):
        stop_processes(instance.keeper, instance.data)


def run(name: str, *command: str) -> int:
    """Run a command with an instance's variables, its services running; its exit code."""
    setup, _instance, known = running(name)
    variables = {**os.environ, **services_of(setup, known), **environment.python(setup)}
    program = shutil.which(command[0], path=variables["PATH"]) or command[0]
    try:
        return subprocess.run(
            [program, *command[1:]], env=variables, check=False
        ).returncode
    except OSError as error:
        raise SetupError(f"{command[0]}: {error.strerror}") from error


def running(name: str) -> tuple[Setup, Instance, State]:
    """Everything installed and the instance's services started."""
    setup = install()
    instance = Instance(name, setup.paths)
    with exclusive(instance.lock, f"the instance '{name}'"):
        return setup, instance, start_services(instance, setup.programs)


def services_of(setup: Setup, known: State) -> dict[str, str]:
    """Where the services are: for tests (superusers) and for the addon."""
    return {**environment.services(known, setup), **environment.addon(known)}

"""Microseconds of a key and of a quota, in the demo's Odoo and its database."""

import os
import statistics
import time
from dataclasses import replace
from datetime import datetime, timedelta

from .. import environment
from ..shell import run
from . import demo

# More than a verdict is believed for.
LATER = 6


def main():
    """Microseconds of verifying an API key: in full, asked again after 5 s, remembered."""
    serving = demo.running()
    setup = serving.setup
    root = setup.paths.repository
    variables = {
        **environment.python(setup),
        **serving.demo_variables(),
        "PYTHONPATH": f"{setup.odoo.python_path}:{root}",
    }
    command = [setup.python, "-m", "dev.bench.keys"]
    print(run(command, "verifying keys", env=variables, cwd=root), end="", flush=True)


def inside():
    """Do it in a transaction that is rolled back; run in the environment that has Odoo."""
    # Odoo is there only inside.
    from odoo import SUPERUSER_ID, api  # noqa: PLC0415
    from odoo.modules.registry import Registry  # noqa: PLC0415
    from odoo.tools import config  # noqa: PLC0415

    config.parse_config(["--config", os.environ["ODOO_RC"]], setup_logging=True)
    with Registry(os.environ["ODOO_DB"]).cursor() as cr:
        _measure(api.Environment(cr, SUPERUSER_ID, {}))
        cr.rollback()


def _measure(env):
    # The addon's own name for it: a second copy of the module would remember apart.
    from odoo.addons.loyalty_reporting.core.guard.keys import Keys  # noqa: PLC0415
    from odoo.addons.loyalty_reporting.models import (  # noqa: PLC0415
        loyalty_reporting_guard as guard,
    )

    user, now = env.ref("base.user_admin"), [0.0]
    expires = datetime.now() + timedelta(days=1)
    keys = env["res.users.apikeys"].with_user(user).sudo()
    key = keys._generate(None, "bench", expires)
    model = env["loyalty.reporting.guard"]
    guard.KEYS = Keys(clock=lambda: now[0])

    def verify():
        assert model._verify(key) == user.id

    def odoo():
        assert keys._check_credentials(scope="rpc", key=key) == user.id

    def full():
        guard.KEYS.clear()
        verify()

    def later():
        now[0] += LATER
        verify()

    settings = env["loyalty.reporting.pipeline"]._settings()
    where = "Redis" if settings.redis_url else "the process"

    def admit():
        assert model._admit("key 0", replace(settings, rate_limit=10**9)).is_allowed

    _say("Odoo's own check (pbkdf2)", _timed(odoo, 300))
    _say("unknown: in full", _timed(full, 300))
    _say("known for 5 s: one SQL", _timed(later, 3000))
    _say("known: remembered", _timed(verify, 30_000))
    _say(f"the quota, in {where}", _timed(admit, 3000))


def _timed(work, rounds):
    """Return the microseconds of each round, sorted."""
    work()
    taken = []
    for _round in range(rounds):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1e6)
    return sorted(taken)


def _say(label, taken):
    p50, p95 = statistics.median(taken), taken[int(len(taken) * 0.95)]
    print(f"{label:28} p50 {p50:8.1f} us   p95 {p95:8.1f} us", flush=True)


if __name__ == "__main__":
    inside()

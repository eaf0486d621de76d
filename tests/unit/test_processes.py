"""What the tests start ends with them where it is told to, whatever ends them."""

import os
import signal
import time

import pytest

from dev import procfs
from dev.processes import Keeper, Service


@pytest.mark.parametrize("is_tied", [True, False])
def test_what_is_tied_to_a_process_does_not_outlive_it(tmp_path, is_tied):
    keeper = Keeper(tmp_path, is_tied)
    child = os.fork()
    if child == 0:
        try:
            keeper.start(Service("lasting", ("sleep", "60"), lambda: True, tmp_path))
            (tmp_path / "started").touch()
            time.sleep(60)
        finally:
            os._exit(1)
    try:
        assert _soon((tmp_path / "started").exists)
        assert keeper.alive("lasting")
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert _soon(lambda: not keeper.alive("lasting"), 2) is is_tied
    finally:
        keeper.stop("lasting")
        assert not [*procfs.find(f"LOYALTY_REPORTING_INSTANCE={tmp_path}")]


def _soon(condition, seconds=20):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()

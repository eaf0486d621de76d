"""The whole history reconciles clean, in a time that a night has."""

import time

import pytest
from reconciling import found, reconciled

pytest_plugins = ["store_fixtures"]


@pytest.mark.slow
def test_the_whole_history_reconciles_clean(full_engine, pushed_history, capsys):
    report, copy = pushed_history
    begun = time.monotonic()
    assert reconciled(full_engine, report, copy) == []
    assert found(report, "reported") == []
    with capsys.disabled():
        print(
            f"\nThe whole history was reconciled in {time.monotonic() - begun:.1f} s."
        )

"""Runs that share a folder's tests: each file is in one, the costly load in the first."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dev.pytests import Pytest  # noqa: E402


@pytest.fixture
def share(tmp_path):
    """Function (m, n): names of the files of the m-th of n shares."""
    (tmp_path / "tests").mkdir()
    for number in range(9):
        name = tmp_path / "tests" / f"test_{number}.py"
        loads = number in (2, 3)
        name.write_text(f"def test(report{', history' * loads}):\n    'history'\n")

    def files(number, shares):
        run = Pytest("x", "tests", tmp_path, (), {}, share=(number, shares))
        return [Path(path).stem for path in run.selected([])[0]]

    return files


@pytest.mark.parametrize("shares", [2, 3, 12])
def test_each_file_is_in_one_share(share, shares):
    dealt = [name for number in range(shares) for name in share(number, shares)]
    assert sorted(dealt) == [f"test_{number}" for number in range(9)]


def test_the_first_has_all_that_load_the_history_and_less_of_the_others(share):
    assert share(0, 2) == ["test_0", "test_2", "test_3", "test_5", "test_8"]
    assert share(1, 2) == ["test_1", "test_4", "test_6", "test_7"]

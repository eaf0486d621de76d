"""Months that leave while a question is answered, and the days that they cut."""

from contextlib import contextmanager
from datetime import date
from zoneinfo import ZoneInfo

import pytest

from core.errors import BadQuery, StoreError
from core.stores.archived import days_of, here_since, read_whole

MARCH = date(2017, 3, 1)


class Looks:
    """Cursors 0, 1, 2 …; what each sees of the months that are away.

    :ivar read: the cursors that were read with
    """

    def __init__(self, *seen):
        self.seen, self.read, self.opened = seen, [], 0

    def answer(self):
        return read_whole(self._read, self._look, 0, self._fresh)

    def _look(self, cursor):
        found = self.seen[cursor]
        if isinstance(found, Exception):
            raise found
        return found

    def _read(self, cursor, seen):
        self.read.append(cursor)
        return f"{seen} by {cursor}"

    @contextmanager
    def _fresh(self):
        self.opened += 1
        yield self.opened


def test_what_stays_is_read_once():
    looks = Looks("nothing", "nothing")
    assert looks.answer() == "nothing by 0"
    assert looks.read == [0]


def test_what_left_meanwhile_has_it_read_again_in_a_younger_snapshot():
    looks = Looks("nothing", "March", "March")
    assert looks.answer() == "March by 1"
    assert looks.read == [0, 1]


def test_what_is_needed_and_left_meanwhile_is_refused():
    looks = Looks("nothing", BadQuery("date_from", "March is archived."))
    with pytest.raises(BadQuery, match="March"):
        looks.answer()
    assert looks.read == [0]


def test_months_that_leave_all_the_time_are_waited_out_by_the_caller():
    looks = Looks(*range(10))
    with pytest.raises(StoreError, match="Ask again"):
        looks.answer()
    assert len(looks.read) < len(looks.seen)


@pytest.mark.parametrize(
    ("zone", "first", "last", "since"),
    [
        (None, (3, 1), (3, 31), (4, 1)),
        ("UTC", (3, 1), (3, 31), (4, 1)),
        ("America/New_York", (2, 28), (3, 31), (4, 1)),
        ("Asia/Jakarta", (3, 1), (4, 1), (4, 2)),
        ("Pacific/Kiritimati", (3, 1), (4, 1), (4, 2)),
        ("Etc/GMT+12", (2, 28), (3, 31), (4, 1)),
    ],
)
def test_a_month_of_instants_cuts_days(zone, first, last, since):
    zone = zone and ZoneInfo(zone)
    expected = date(2017, *first), date(2017, *last)
    assert days_of(MARCH, zone) == expected
    assert here_since([date(2016, 1, 1), MARCH], [zone]) == date(2017, *since)


def test_a_day_is_here_when_it_is_in_every_zone():
    zones = [ZoneInfo("UTC"), ZoneInfo("Asia/Jakarta")]
    assert here_since([MARCH], zones) == date(2017, 4, 2)

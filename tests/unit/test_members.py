"""Members of a dimension: numbered in their order, told apart also where they look alike."""

from core.queries.base import Column, Dimension, Kind
from core.queries.members import members_of

STORE = Dimension(
    "store",
    "shop_key",
    (
        Column("store_id", "Id", "", Kind.INTEGER, True),
        Column("store_name", "Name", "", Kind.TEXT, True),
    ),
    "SELECT",
)


class Rows:
    """A cursor that has these rows."""

    def __init__(self, *rows):
        self.rows = rows

    def execute(self, _sql):
        """Nothing is asked."""

    def fetchall(self):
        return [*self.rows]


def test_two_that_show_the_same_are_told_apart_by_a_cursor():
    members = members_of(STORE, Rows((5, 1, "Main"), (9, 1, "Main"), (2, 3, "Side")))
    assert members.keys == [5, 9, 2]
    assert [members.number_of(members.place(n)) for n in range(3)] == [0, 1, 2]


def test_what_is_gone_stands_half_one_below_where_it_stood():
    members = members_of(STORE, Rows((5, 1, "Main"), (2, 3, "Side")))
    assert members.number_of([2, "Other", 7]) == 0.5
    assert members.rank_of("Old", 1) == 0.5
    assert members.rank_of("Side", 1) == 1


def test_nothing_comes_first():
    members = members_of(STORE, Rows((5, 1, "Main"), (0, None, None)))
    assert members.values == [[None, None], [1, "Main"]]
    assert members.ranks(1) == [0, 1]

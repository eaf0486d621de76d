"""The members of a dimension as they are called today, numbered in their order."""

from bisect import bisect_left
from dataclasses import dataclass


@dataclass(frozen=True)
class Members:
    """What rows may be told apart by.

    :param keys: of all members there are
    :param numbers: to which group each of them belongs
    :param values: what each group shows, in their order
    :param ids: of an identity, the key of each group: two may show the same
    """

    keys: list
    numbers: list
    values: list
    ids: tuple | list = ()

    def ranks(self, place):
        """Return each group's rank by one of its columns; equal values rank alike."""
        found = self._distinct(place)
        ranks = {value: rank for rank, value in enumerate(found)}
        return [ranks[sortable(values[place])] for values in self.values]

    def rank_of(self, value, place):
        """Return the rank of a value, half one below where it would stand.

        It may have been there when a cursor was given out, and be gone now.
        """
        return _place(self._distinct(place), sortable(value))

    def place(self, number):
        """Return what tells a group from all others, as a cursor keeps it."""
        values = [*self.values[number]]
        return [*values, self.ids[number]] if self.ids else values

    def number_of(self, place):
        """Return the number of a group, half one below where it would stand.

        :param place: as :meth:`place` gives it
        """
        places = [_sortables(self.place(n)) for n in range(len(self.values))]
        return _place(places, _sortables(place))

    def _distinct(self, place):
        return sorted({sortable(values[place]) for values in self.values})


def names_of(query, cr):
    """Return {name of a filter: {value: what it is called}} of a question's filters.

    What another company has is not named.
    """
    found = {}
    for asked, values in query.filters:
        if asked.names:
            cr.execute(asked.names, {"ids": [*values], "company": query.company.id})
            found[asked.name] = dict(cr.fetchall())
    return found


def members_of(dimension, cr):
    """Return the :class:`Members` of a dimension, as this cursor sees them."""
    cr.execute(dimension.members)
    rows = sorted(cr.fetchall(), key=lambda row: _sortables([*row[1:], row[0]]))
    keys, numbers, values = [], [], []
    for key, *named in rows:
        if dimension.is_identity or not values or values[-1] != named:
            values.append(named)
        keys.append(key)
        numbers.append(len(values) - 1)
    return Members(keys, numbers, values, keys if dimension.is_identity else ())


def sortable(value):
    """Return what orders a value; nothing comes first."""
    return (value is not None, value if value is not None else 0)


def _sortables(values):
    return [sortable(value) for value in values]


def _place(found, value):
    place = bisect_left(found, value)
    is_there = place < len(found) and found[place] == value
    return place if is_there else place - 0.5

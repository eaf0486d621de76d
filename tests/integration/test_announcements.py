"""After a load, the open screens are told whose figures changed, and each change once."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import psycopg2
import pytest
from copies import pushed
from pipeline import synced

from core.stores import announcements

pytest_plugins = ["store_fixtures"]

ALL = {1: ["promotions", "membership", "points"]}


def told(dsn, store=announcements.LOAD):
    """Take what there is to tell; it is of the newest load."""
    with closing(psycopg2.connect(dsn)) as connection, connection:
        cursor = connection.cursor()
        newest, changed = announcements.take(cursor, store)
        assert newest == announcements.known(cursor)[store]
        return changed


@pytest.fixture
def told_shop(shop, report):
    """(engine, report) of which everything was told."""
    synced(shop.dsn, report)
    told(report)
    return shop, report


def test_a_first_history_may_have_changed_anything(shop, report):
    synced(shop.dsn, report)
    assert told(report) == ALL


def test_what_was_told_is_not_told_again(told_shop):
    shop, report = told_shop
    assert told(report) == {}
    synced(shop.dsn, report)
    assert told(report) == {}


@pytest.mark.parametrize(
    ("change", "families"),
    [
        (lambda e: e.points(3, card_id=2, partner_id=8), ["membership", "points"]),
        (lambda e: e.evaluation("lost-9"), ["promotions"]),
        (
            lambda e: e.run(
                "DELETE FROM engine.promotion_evaluation WHERE order_id = 'lost-1'"
            ),
            ["promotions"],
        ),
        (
            lambda e: e.run(
                "DELETE FROM engine.point_transaction WHERE transaction_type = 'expire'"
            ),
            ["membership", "points"],
        ),
        (
            lambda e: e.membership("upgrade", 3, "2017-04-25 10:00:00+00"),
            ["membership"],
        ),
    ],
    ids=["points", "an evaluation", "one less", "points that go", "a level"],
)
def test_it_is_told_which_family_changed(told_shop, change, families):
    shop, report = told_shop
    change(shop)
    synced(shop.dsn, report)
    assert told(report) == {1: families}


def test_several_loads_are_told_at_once(told_shop):
    shop, report = told_shop
    shop.evaluation("lost-9")
    synced(shop.dsn, report)
    shop.points(3, card_id=2, partner_id=8)
    synced(shop.dsn, report)
    assert told(report) == {1: ["membership", "points", "promotions"]}


def test_a_load_that_says_nothing_of_itself_may_have_changed_anything(told_shop):
    _shop, report = told_shop
    with closing(psycopg2.connect(report)) as connection, connection:
        connection.cursor().execute("UPDATE fact_load SET load_id = load_id + 1")
    assert told(report) == ALL


def test_two_that_tell_at_once_tell_it_once(told_shop):
    shop, report = told_shop
    shop.evaluation("lost-9")
    synced(shop.dsn, report)
    with ThreadPoolExecutor(4) as pool:
        answers = [*pool.map(told, [report] * 4)]
    assert [a for a in answers if a] == [{1: ["promotions"]}]


def test_a_push_is_told_when_it_is_there(synced_shop, copy):
    told(synced_shop)
    assert told(synced_shop, announcements.PUSH) == {}
    pushed(copy, synced_shop)
    assert told(synced_shop, announcements.PUSH) == ALL
    assert told(synced_shop, announcements.PUSH) == {}

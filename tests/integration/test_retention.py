"""Months of detail go into files, and come back: no figure changes by it."""

import databases
from archiving import LEAVES, STAYS, archived, away, month, restored
from pipeline import assert_same_contents, contents, synced

pytest_plugins = ["store_fixtures"]
LATER = month(2017, 12)


def only(names, found):
    """Some parts of a database's contents."""
    return {name: found[name] for name in names}


def test_detail_goes_and_all_that_follows_from_it_stays(synced_shop, tmp_path):
    before = contents(synced_shop)

    assert archived(synced_shop, tmp_path, LATER) == [month(2017, 3), month(2017, 4)]

    after = contents(synced_shop)
    assert_same_contents(only(STAYS, before), after)
    assert not any(after[name] for name in LEAVES)


def test_what_comes_back_is_what_went_row_for_row(synced_shop, tmp_path):
    before = contents(synced_shop)
    archived(synced_shop, tmp_path, LATER)

    assert_same_contents(before, restored(synced_shop))
    assert away(synced_shop) == []


def test_a_known_unchanged_fact_of_an_archived_month_changes_nothing(
    shop, synced_shop, tmp_path
):
    gone = archived(synced_shop, tmp_path, LATER)
    databases.execute(synced_shop, "DELETE FROM loyalty_reporting_cursor")

    counts = synced(shop.dsn, synced_shop)

    assert counts.documents_read
    assert not counts.documents_changed
    assert away(synced_shop) == gone

"""A till, and the contacts of the history's customers."""

from functools import partial

import pytest

from dev.till import Till, contact, shop


@pytest.fixture(scope="session")
def till_config(odoo):
    """The number of the till's configuration."""
    return shop(odoo)


@pytest.fixture
def partner(odoo):
    """Function (the engine's number): the contact of a customer of the history."""
    return partial(contact, odoo)


@pytest.fixture
def till(open_screen, till_config):
    """Function that opens a till in a window of its own."""
    return lambda *user, **window: Till(open_screen(*user, **window), till_config)

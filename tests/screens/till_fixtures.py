"""A till, and the contacts of the history's customers."""

import pytest
from till import Till, shop


@pytest.fixture(scope="session")
def till_config(odoo):
    """The number of the till's configuration."""
    return shop(odoo)


@pytest.fixture
def partner(odoo):
    """Function (the engine's number): the contact of a customer of the history."""

    def found(household):
        domain = [["ref", "=", str(household)]]
        [partner] = odoo.call("res.partner", "search_read", domain, ["name"])
        return partner

    return found


@pytest.fixture
def till(open_screen, till_config):
    """Function that opens a till in a window of its own."""
    return lambda *user, **window: Till(open_screen(*user, **window), till_config)

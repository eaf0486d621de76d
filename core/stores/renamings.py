"""What counts the changes of names that answers depend on; see 008_names.sql."""

from ..database import sql

_ADD_UP = sql("stores/sql/add_up_renamings.sql")


def add_up(cr):
    """Make one row of those that are older than a day: every answer reads them all."""
    cr.execute(_ADD_UP)

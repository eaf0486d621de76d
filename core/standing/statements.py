"""Running the SQL files of this package."""

from decimal import Decimal

from ..database import sql


def fetch(cr, name, asked, **fragments):
    """Return the rows of ``sql/<name>.sql``; decimals are selected as text."""
    cr.execute(sql(f"standing/sql/{name}.sql", **fragments), asked)
    return cr.fetchall()


def decimal(text):
    """Return what was selected as text, exact; nothing stays None."""
    return None if text is None else Decimal(text)

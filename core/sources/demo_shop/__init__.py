"""A shop that there is not: what an installation with Odoo's demo data shows.

``catalogue.py`` says what it sells and gives, ``shop.py`` plays its days, ``members.py``
its members, ``documents.py`` writes down what happened. It needs no service and no file.
"""

from .catalogue import (
    COMPANY,
    CUSTOMERS,
    DIMENSIONS,
    LEVEL_DAYS,
    LEVELS,
    PROGRAMS,
    STORES,
)
from .documents import Document
from .shop import history

__all__ = [
    "COMPANY",
    "CUSTOMERS",
    "DIMENSIONS",
    "LEVELS",
    "LEVEL_DAYS",
    "PROGRAMS",
    "STORES",
    "Document",
    "history",
]

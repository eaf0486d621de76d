"""The frozen records that cross the seams between the packages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import IO


@dataclass(frozen=True)
class Company:
    """A company that reports: its id in Odoo, time zone, currency and digits."""

    id: int
    timezone: str
    currency: str
    digits: int = 2


@dataclass(frozen=True)
class Rate:
    """From ``valid_from`` on, one ``currency`` is ``rate`` of the company's own."""

    company_id: int
    currency: str
    valid_from: date
    rate: object


@dataclass(frozen=True)
class Chunk:
    """A set of whole documents, ready to be copied into the staging tables.

    :param tables: staging table → function that writes its rows, in PostgreSQL's
        COPY text format and the column order of ``transform/stage.sql``
    :param keys: keys of all documents in the chunk, also of those that are gone;
        None where the chunk is a month of a first load
    :param position: where the source goes on once this chunk is committed; of a
        month, the store itself remembers that it is done
    :param month: the month whose orders these are, for a first load
    :param key_range: (after, up to) of the keys this chunk covers completely: a
        document of ours in that range that is not among ``keys`` is gone
    :param guard: wraps each table's stream and may drop broken lines
    """

    tables: Mapping[str, Callable[[IO[bytes]], None]]
    position: Mapping = field(default_factory=dict)
    keys: tuple[str, ...] | None = None
    month: date | None = None
    key_range: tuple[str, str | None] | None = None
    guard: Callable | None = None


@dataclass
class Counts:
    """What a run did, for the run log. Rows are the source's rows."""

    documents_read: int = 0
    documents_changed: int = 0
    rows_read: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0

    def add(self, other):
        """Add the figures of one chunk."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass(frozen=True)
class RunResult:
    """How a run ended: ``done``, ``partial`` (time slot over), ``busy``, ``failed``."""

    state: str
    counts: Counts = field(default_factory=Counts)
    lag_seconds: float | None = None
    message: str = ""

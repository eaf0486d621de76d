"""The frozen records that cross the seams between the packages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
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


class Road(StrEnum):
    """How documents come here."""

    DATABASE = "database"
    EVENT = "event"


@dataclass(frozen=True)
class Reject:
    """A row or an event that was refused before it was staged: a dead letter.

    :param table_name: the contract's table, or ``event`` if it names no document
    :param document_key: key of the document it belongs to, if it is known
    :param row_key: the row's own id; of an event, its source and id
    :param reason: what is wrong, for a person
    :param raw: what came, as far as it is text
    :param kind: kind of the document
    :param version: of the document, where it is known
    """

    table_name: str
    document_key: str | None
    row_key: str | None
    reason: str
    raw: str
    kind: str | None = None
    version: int | None = None


@dataclass(frozen=True)
class Chunk:
    """A set of whole documents, ready to be copied into the staging tables.

    :param tables: staging table → function that writes its rows, in PostgreSQL's
        COPY text format and the column order of ``transform/stage.sql``
    :param keys: kind of document → keys of all documents in the chunk, also of those
        that are gone; None where the chunk is a month of a first load
    :param position: where the source goes on once this chunk is committed; of a
        month, the store itself remembers that it is done
    :param month: the month whose documents these are, for a first load
    :param key_range: (kind, after, up to) of the keys this chunk covers completely; None
        is no bound. A document of ours in that range that is not among ``keys`` is gone
    :param guard: wraps each table's stream and may drop broken lines
    :param road: by which the documents came: the source's database says how things
        are, an event how they were when it was sent
    :param stands: the source's database was restored or is asked again: also a
        document that we know in a higher version is replaced
    :param completes: all documents have been read: what is derived from many of them
        is computed from scratch, where a first load left that for the end
    :param rejects: what the source refused itself, for the dead letters
    """

    tables: Mapping[str, Callable[[IO[bytes]], None]]
    position: Mapping = field(default_factory=dict)
    keys: Mapping[str, tuple[str, ...]] | None = None
    month: date | None = None
    key_range: tuple[str, str | None, str | None] | None = None
    guard: Callable | None = None
    road: Road = Road.DATABASE
    stands: bool = False
    completes: bool = False
    rejects: tuple[Reject, ...] = ()


@dataclass(frozen=True)
class SourceDifference:
    """What a source itself reports as not in order, to be shown with reconciliations.

    :param table_name: what it is about, such as ``loyalty_card``
    :param row_key: the record's id there
    :param expected: column → text, as it should be
    :param kept: column → text, as it is
    :param reason: what is wrong, for a person
    :param day: the business day, where it has one
    """

    table_name: str
    row_key: str
    expected: Mapping
    kept: Mapping
    reason: str
    day: date | None = None


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

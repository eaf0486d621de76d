"""What PostgreSQL ships against what ClickHouse holds, up to the watermark.

Both sides are asked for the same columns, those of ``push_<table>.sql``, as texts, and
take the same digest of them (the first 32 bits of MD5, summed). Rows above the
watermark are still to be pushed: their keys are left out.
"""

from contextlib import closing
from dataclasses import dataclass
from datetime import date

from ..database import connect
from ..errors import StoreError
from ..stores import push_state, push_tables
from ..stores.partitions import following
from .compare import kind_of
from .findings import Difference, Totals

LEVEL = "clickhouse"
_DATE, _TIMESTAMP, _BOOLEAN = 1082, 1114, 16
# Table in ClickHouse → the table in PostgreSQL of which it is a copy.
SOURCES = {"point_analytics_data": "point_analytics_rollup_data"}
_MARKS = ("load_id", "is_deleted")


@dataclass(frozen=True)
class Shape:
    """What is compared of a table.

    :ivar texts: column → expression of its text in PostgreSQL
    :ivar key: the columns that name a row
    """

    table: str
    texts: dict
    key: tuple

    @property
    def columns(self):
        """Return the columns, in the order of the push."""
        return [*self.texts]

    @property
    def numbers(self):
        """Return the columns that are summed."""
        return [name for name in self.texts if name.endswith("_e4")]

    @property
    def sums(self):
        """Return their sums, as the end of a list of columns."""
        return "".join(f", sum({name})" for name in self.numbers)

    def key_of(self, row):
        """Return the key of a row (column → text)."""
        return tuple(row[name] for name in self.key)

    def totals(self, rows):
        """Return {day: totals} of rows (day, count, checksum, *sums)."""
        return {
            day: Totals(
                count,
                int(checksum),
                dict(zip(self.numbers, map(int, sums), strict=True)),
            )
            for day, count, checksum, *sums in rows
        }


def original(table):
    """Return the table in PostgreSQL that a table in ClickHouse copies."""
    return SOURCES.get(table, table)


class Copy:
    """ClickHouse and a snapshot of PostgreSQL, side by side.

    :param cr: a cursor of the reporting database, in one snapshot
    :param client: the :class:`~core.stores.servers.Servers`, where nobody pushes meanwhile
    """

    def __init__(self, cr, client, watermark):
        self._cr, self._client = cr, client
        self._watermark = watermark
        cr.execute("SELECT load_id > %s FROM fact_load", [watermark])
        self._is_behind = cr.fetchone()[0]

    def compare(self, table, month, findings):
        """Compare a table's rows of a month."""
        days = (month, following(month))
        shape = self._shape(table)
        ours, theirs = self._our_totals(shape, days), self._their_totals(shape, days)
        findings.count(LEVEL, table, ours, theirs)
        waiting = None
        for day in sorted({*ours, *theirs}):
            if ours.get(day) != theirs.get(day):
                waiting = self._waiting(shape) if waiting is None else waiting
                self._compare_day(shape, day, waiting, findings)

    def surplus(self, table, day):
        """Return (key columns, keys on a day that PostgreSQL does not have at all,
        days on which it has the others)."""
        shape = self._shape(table)
        theirs = {shape.key_of(row) for row in self._their_rows(shape, day)}
        ours = {shape.key_of(row) for row in self._our_rows(shape, day)}
        elsewhere = self._found(shape, theirs - ours)
        return (
            shape.key,
            sorted(theirs - ours - elsewhere.keys()),
            {*elsewhere.values()},
        )

    def months(self):
        """Return the months of which ClickHouse holds rows."""
        found = set()
        for table in push_tables.FACTS:
            found |= {
                month
                for (month,) in self._client.execute(
                    f"SELECT DISTINCT toStartOfMonth(toDate(day)) FROM {table}"
                    " FINAL WHERE is_deleted = 0"
                )
            }
        return found

    def _shape(self, table):
        texts = self._texts(table)
        key = (name for name in self._texts(f"{table}_deleted") if name not in _MARKS)
        return Shape(table, texts, tuple(key))

    def _texts(self, query):
        """Return {column: expression of its text} of one of the push's queries."""
        text = push_tables.query(query)
        self._cr.execute(f"SELECT * FROM ({text}) q LIMIT 0", {"watermark": 0})
        return {c.name: _text(c.name, c.type_code) for c in self._cr.description}

    def _our_totals(self, shape, days):
        row = ", ".join(shape.texts.values())
        self._cr.execute(
            "SELECT day, count(*), sum(('x' || left(md5(concat_ws(',', "
            f"{row})), 8))::bit(32)::bigint){shape.sums}"
            f" FROM ({push_tables.query(shape.table)}) q"
            " WHERE day >= %(first)s AND day < %(following)s GROUP BY day",
            {"watermark": 0, "first": days[0], "following": days[1]},
        )
        return shape.totals(self._cr.fetchall())

    def _their_totals(self, shape, days):
        row = ", ".join(f"toString({name})" for name in shape.columns)
        found = self._client.execute(
            "SELECT toDate(day), count(), sum(reinterpretAsUInt32(reverse("
            f"substring(MD5(arrayStringConcat([{row}], ',')), 1, 4)))){shape.sums}"
            f" FROM {shape.table} FINAL WHERE is_deleted = 0"
            " AND day >= %(first)s AND day < %(following)s GROUP BY day",
            {"first": _number(days[0]), "following": _number(days[1])},
        )
        return shape.totals(found)

    def _compare_day(self, shape, day, waiting, findings):
        ours = {shape.key_of(row): row for row in self._our_rows(shape, day)}
        theirs = {shape.key_of(row): row for row in self._their_rows(shape, day)}
        for key in sorted({*ours, *theirs} - waiting):
            should, kept = ours.get(key), theirs.get(key)
            if should != kept:
                names = zip(shape.key, key, strict=True)
                findings.day(LEVEL, shape.table, day).differences += 1
                findings.add(
                    Difference(
                        LEVEL,
                        shape.table,
                        kind_of(should, kept),
                        day,
                        " ".join(f"{name}={value}" for name, value in names),
                        expected=should,
                        kept=kept,
                    )
                )

    def _our_rows(self, shape, day):
        row = _row(shape.texts.values())
        self._cr.execute(
            f"SELECT {row} FROM ({push_tables.query(shape.table)}) q"
            " WHERE day = %(day)s",
            {"watermark": 0, "day": day},
        )
        return [
            dict(zip(shape.columns, row, strict=True)) for row in self._cr.fetchall()
        ]

    def _their_rows(self, shape, day):
        row = ", ".join(f"toString({name})" for name in shape.columns)
        found = self._client.execute(
            f"SELECT {row} FROM {shape.table} FINAL"
            " WHERE is_deleted = 0 AND day = %(day)s",
            {"day": _number(day)},
        )
        return [dict(zip(shape.columns, row, strict=True)) for row in found]

    def _waiting(self, shape):
        """Return the keys that the next push sends or takes away."""
        found = set()
        if self._is_behind:
            for query in (shape.table, f"{shape.table}_deleted"):
                texts = self._texts(query)
                self._cr.execute(
                    f"SELECT {_row(texts[name] for name in shape.key)}"
                    f" FROM ({push_tables.query(query)}) q",
                    {"watermark": self._watermark},
                )
                found |= {*self._cr.fetchall()}
        return found

    def _found(self, shape, keys):
        """Return {key: day} of those of some keys that PostgreSQL has."""
        if not keys:
            return {}
        row = _row(shape.texts[name] for name in shape.key)
        self._cr.execute(
            f"SELECT day, {row} FROM ({push_tables.query(shape.table)}) q"
            f" WHERE ({row}) IN %(keys)s",
            {"watermark": 0, "keys": tuple(sorted(keys))},
        )
        return {tuple(found): day for day, *found in self._cr.fetchall()}


def memory(dsn, servers):
    """Return the push's memory of a copy that is whole.

    :raise StoreError: it is not; the next push sees to it
    """
    with closing(connect(dsn)) as state:
        theirs = push_state.theirs(servers)
        ours = push_state.ours(state, servers.layout)
        problem = push_state.disagreement(ours, theirs)
        if ours.pushing or problem:
            raise StoreError(problem or "A push to ClickHouse was cut short.")
        return ours


def _text(name, type_code):
    """Return the expression of what ClickHouse shows as text."""
    if name == "channel":
        return "(SELECT n.name FROM loyalty_reporting_channel n WHERE n.id = q.channel)"
    if type_code == _DATE:
        return f"({name} - date '1970-01-01')"
    if type_code == _TIMESTAMP:
        return f"extract(epoch FROM {name})::bigint"
    return f"{name}::integer" if type_code == _BOOLEAN else name


def _row(texts):
    return ", ".join(f"({text})::text" for text in texts)


def _number(day):
    """Return a day as ClickHouse keeps it: days since 1970."""
    return (day - date(1970, 1, 1)).days

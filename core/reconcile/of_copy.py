"""What PostgreSQL ships against what ClickHouse holds, up to the watermark.

Both sides are asked for the same columns, those of ``push_<table>.sql``, as texts, and
take the same digest of them (the first 32 bits of MD5, summed). Rows above the
watermark are still to be pushed: their keys are left out.
"""

from contextlib import closing
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


def original(table):
    """Return the table in PostgreSQL that a table in ClickHouse copies."""
    return SOURCES.get(table, table)


class Copy:
    """ClickHouse and a snapshot of PostgreSQL, side by side.

    :param cr: a cursor of the reporting database, in one snapshot
    :param client: the connection to ClickHouse, where nobody pushes meanwhile
    """

    def __init__(self, cr, client, watermark):
        self._cr, self._client = cr, client
        self._watermark = watermark
        cr.execute("SELECT load_id > %s FROM fact_load", [watermark])
        self._is_behind = cr.fetchone()[0]

    def compare(self, table, month, findings):
        """Compare a table's rows of a month."""
        days = (month, following(month))
        columns, texts = self._described(table)
        ours = self._our_totals(table, columns, texts, days)
        theirs = self._their_totals(table, columns, days)
        findings.count(LEVEL, table, ours, theirs)
        waiting = None
        for day in sorted({*ours, *theirs}):
            if ours.get(day) != theirs.get(day):
                waiting = self._waiting(table) if waiting is None else waiting
                self._compare_day(table, columns, texts, day, waiting, findings)

    def surplus(self, table, day):
        """Return (key columns, keys on a day that PostgreSQL does not have at all,
        days on which it has the others)."""
        columns, texts = self._described(table)
        key = self._key(table)
        theirs = {_of(row, key) for row in self._their_rows(table, columns, day)}
        ours = {_of(row, key) for row in self._our_rows(table, columns, texts, day)}
        elsewhere = self._found(table, texts, key, theirs - ours)
        return key, sorted(theirs - ours - elsewhere.keys()), {*elsewhere.values()}

    def months(self):
        """Return the months of which ClickHouse holds rows."""
        found = set()
        for table in push_tables.FACTS:
            found |= {month for (month,) in self._client.execute(
                f"SELECT DISTINCT toStartOfMonth(toDate(day)) FROM {table}"
                " FINAL WHERE is_deleted = 0"
            )}
        return found

    def _described(self, table):
        """Return (columns, {column: expression of its text in PostgreSQL})."""
        query = push_tables.query(table)
        self._cr.execute(f"SELECT * FROM ({query}) q LIMIT 0", {"watermark": 0})
        texts = {c.name: _text(c.name, c.type_code) for c in self._cr.description}
        return [*texts], texts

    def _our_totals(self, table, columns, texts, days):
        sums = "".join(f", sum({name})" for name in _numbers(columns))
        row = ", ".join(texts[name] for name in columns)
        self._cr.execute(
            "SELECT day, count(*), sum(('x' || left(md5(concat_ws(',', "
            f"{row})), 8))::bit(32)::bigint){sums}"
            f" FROM ({push_tables.query(table)}) q"
            " WHERE day >= %(first)s AND day < %(following)s GROUP BY day",
            {"watermark": 0, "first": days[0], "following": days[1]},
        )
        return _totals(columns, self._cr.fetchall())

    def _their_totals(self, table, columns, days):
        sums = "".join(f", sum({name})" for name in _numbers(columns))
        row = ", ".join(f"toString({name})" for name in columns)
        found = self._client.execute(
            "SELECT toDate(day), count(), sum(reinterpretAsUInt32(reverse("
            f"substring(MD5(arrayStringConcat([{row}], ',')), 1, 4)))){sums}"
            f" FROM {table} FINAL WHERE is_deleted = 0"
            " AND day >= %(first)s AND day < %(following)s GROUP BY day",
            {"first": _number(days[0]), "following": _number(days[1])},
        )
        return _totals(columns, found)

    def _compare_day(self, table, columns, texts, day, waiting, findings):
        key = self._key(table)
        ours = {_of(r, key): r for r in self._our_rows(table, columns, texts, day)}
        theirs = {_of(r, key): r for r in self._their_rows(table, columns, day)}
        for found in sorted({*ours, *theirs} - waiting):
            should, kept = ours.get(found), theirs.get(found)
            if should != kept:
                names = zip(key, found, strict=True)
                row_key = " ".join(f"{name}={value}" for name, value in names)
                findings.day(LEVEL, table, day).differences += 1
                findings.add(
                    Difference(
                        LEVEL, table, kind_of(should, kept), day, row_key,
                        expected=should, kept=kept,
                    )
                )  # fmt: skip

    def _our_rows(self, table, columns, texts, day):
        row = ", ".join(f"({texts[name]})::text" for name in columns)
        self._cr.execute(
            f"SELECT {row} FROM ({push_tables.query(table)}) q WHERE day = %(day)s",
            {"watermark": 0, "day": day},
        )
        return [dict(zip(columns, row, strict=True)) for row in self._cr.fetchall()]

    def _their_rows(self, table, columns, day):
        row = ", ".join(f"toString({name})" for name in columns)
        found = self._client.execute(
            f"SELECT {row} FROM {table} FINAL WHERE is_deleted = 0 AND day = %(day)s",
            {"day": _number(day)},
        )
        return [dict(zip(columns, row, strict=True)) for row in found]

    def _key(self, table):
        """Return the columns that name a row, as its deletion does."""
        deleted = push_tables.query(f"{table}_deleted")
        self._cr.execute(f"SELECT * FROM ({deleted}) q LIMIT 0", {"watermark": 0})
        return [c.name for c in self._cr.description if c.name not in _MARKS]

    def _waiting(self, table):
        """Return the keys that the next push sends or takes away."""
        if not self._is_behind:
            return set()
        key = self._key(table)
        found = set()
        for query in (table, f"{table}_deleted"):
            text = push_tables.query(query)
            values = {"watermark": self._watermark}
            self._cr.execute(f"SELECT * FROM ({text}) q LIMIT 0", values)
            texts = {c.name: _text(c.name, c.type_code) for c in self._cr.description}
            row = ", ".join(f"({texts[name]})::text" for name in key)
            self._cr.execute(f"SELECT {row} FROM ({text}) q", values)
            found |= {*self._cr.fetchall()}
        return found

    def _found(self, table, texts, key, keys):
        """Return {key: day} of those of some keys that PostgreSQL has."""
        if not keys:
            return {}
        row = ", ".join(f"({texts[name]})::text" for name in key)
        self._cr.execute(
            f"SELECT day, {row} FROM ({push_tables.query(table)}) q"
            f" WHERE ({row}) IN %(keys)s",
            {"watermark": 0, "keys": tuple(sorted(keys))},
        )
        return {tuple(found): day for day, *found in self._cr.fetchall()}


def memory(dsn, client):
    """Return the push's memory of a copy that is whole.

    :raise StoreError: it is not; the next push sees to it
    """
    with closing(connect(dsn)) as state:
        ours, theirs = push_state.ours(state), push_state.theirs(client)
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


def _totals(columns, rows):
    numbers = _numbers(columns)
    return {
        day: Totals(count, int(checksum), dict(zip(numbers, map(int, sums), strict=True)))
        for day, count, checksum, *sums in rows
    }


def _numbers(columns):
    return [name for name in columns if name.endswith("_e4")]


def _of(row, key):
    return tuple(row[name] for name in key)


def _number(day):
    """Return a day as ClickHouse keeps it: days since 1970."""
    return (day - date(1970, 1, 1)).days

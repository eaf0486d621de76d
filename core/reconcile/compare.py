"""Two queries of the reporting database that should return the same rows."""

from dataclasses import dataclass, replace

from ..database import sql
from .findings import Difference, Totals

FOUND = "reconcile_found"
_COLUMNS = """
    SELECT attname, format_type(atttypid, NULL) FROM pg_attribute
    WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""


@dataclass(frozen=True)
class Check:
    """A table that is compared.

    :ivar key: the columns that name a row
    :ivar ignored: columns that say nothing of the content
    :ivar day: the day of a row, an expression
    """

    level: str
    table: str
    key: tuple[str, ...]
    ignored: frozenset = frozenset({"load_id"})
    day: str = "date"

    def columns(self, cr):
        """Return {column: type} of what is compared."""
        cr.execute(_COLUMNS, [self.table])
        return {name: kind for name, kind in cr.fetchall() if name not in self.ignored}


def compare(cr, check, sides, values, findings):
    """Compare day by day; what differs is left, row by row, in the table FOUND.

    :param sides: the queries that return what should be, and what is
    :return: the days that differ
    """
    columns = check.columns(cr)
    should, found = (_totals(cr, check, columns, query, values) for query in sides)
    expected, kept = sides
    findings.count(check.level, check.table, should, found)
    days = [d for d in sorted({*should, *found}) if should.get(d) != found.get(d)]
    if days:
        cr.execute(
            sql(
                "reconcile/sql/found.sql",
                columns=", ".join(columns),
                day=check.day,
                expected=expected,
                kept=kept,
            ),
            {**values, "days": days},
        )
    return days


def collect(cr, check, findings, documents=()):
    """List the rows in FOUND: a row that is on both sides under its key, once.

    :param documents: function of the order keys → {order key: (kind, key)}
    """
    columns = [*check.columns(cr)]
    for day, count in _counted(cr, check):
        findings.day(check.level, check.table, day).differences += count
    room = findings.room(check.level, check.table)
    texts = ", ".join(f"{name}::text" for name in columns)
    key = ", ".join(f"f.{name}" for name in check.key)
    cr.execute(
        f"SELECT side, {check.day}, {texts} FROM {FOUND} f ORDER BY 2, {key}, 1 LIMIT %s",
        [2 * room],
    )
    findings.add(*_paired(check, columns, cr.fetchall(), documents))


def _totals(cr, check, columns, query, values):
    numbers = [name for name, kind in columns.items() if kind == "numeric"]
    sums = "".join(f", coalesce(sum({name}), 0)" for name in numbers)
    cr.execute(
        f"SELECT {check.day}, count(*), sum(hash_record_extended("
        f"ROW({', '.join(columns)}), 0)::numeric){sums}"
        f" FROM ({query}) side GROUP BY 1",
        values,
    )
    return {
        day: Totals(rows, int(checksum), dict(zip(numbers, of_day, strict=True)))
        for day, rows, checksum, *of_day in cr.fetchall()
    }


def _counted(cr, check):
    """Return (day, number of rows that differ)."""
    keys = ", ".join(check.key)
    cr.execute(
        f"SELECT day, sum(greatest(missing, surplus))::bigint FROM ("
        f"SELECT min({check.day}) AS day, count(*) FILTER (WHERE side = 'missing')"
        " AS missing, count(*) FILTER (WHERE side = 'surplus') AS surplus"
        f" FROM {FOUND} GROUP BY {keys}) k GROUP BY day"
    )
    return cr.fetchall()


def _paired(check, columns, rows, documents):
    """Yield the differences that rows (side, day, *columns) tell."""
    by_key = {}
    for side, day, *values in rows:
        row = dict(zip(columns, values, strict=True))
        key = tuple(row[name] for name in check.key)
        by_key.setdefault(key, {}).setdefault(side, []).append((day, row))
    for key, sides in by_key.items():
        missing, surplus = sides.get("missing", []), sides.get("surplus", [])
        for number in range(max(len(missing), len(surplus))):
            should = missing[number] if number < len(missing) else None
            found = surplus[number] if number < len(surplus) else None
            yield _difference(check, key, should, found, documents)


def _difference(check, key, should, found, documents):
    names = zip(check.key, key, strict=True)
    row = Difference(
        check.level,
        check.table,
        kind_of(should, found),
        (should or found)[0],
        " ".join(f"{name}={value}" for name, value in names),
        expected=should and should[1],
        kept=found and found[1],
    )
    order = (should or found)[1].get("order_key")
    return (
        replace(row, document=documents.get(order, row.document)) if documents else row
    )


def kind_of(should, found):
    """Return what is wrong with a row."""
    if should and found:
        return "different"
    return "missing" if should else "surplus"

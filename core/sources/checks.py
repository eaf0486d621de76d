"""Does a source's database offer what its extraction queries must give?"""

import psycopg2

from . import contract


def faults_of(connection, queries):
    """Run each extraction query for no rows and compare its columns.

    :return: sentences that name the table, the column and the remedy
    """
    return look_at(connection, queries)[0]


def look_at(connection, queries):
    """Return the faults, and {table: the columns that its extraction query gives}."""
    faults, given = [], {}
    for table in contract.TABLES:
        given[table], fault = _describe(connection, queries[table])
        if fault:
            faults.append(f"{table}: {fault}")
        else:
            faults += [f"{table}.{f}" for f in _mistyped(table, given[table])]
    return faults, given


def _describe(connection, query):
    """Return ({column: type oid}, None), or ({}, what is wrong)."""
    try:
        with connection.cursor() as cr:
            cr.execute(f"SELECT * FROM ({query}) q LIMIT 0")
            return {c.name: c.type_code for c in cr.description}, None
    except psycopg2.Error as e:
        connection.rollback()
        if isinstance(e, psycopg2.OperationalError):
            raise
        remedy = ""
        if isinstance(e, psycopg2.errors.InsufficientPrivilege):
            remedy = " (GRANT SELECT ON it TO the source's role)"
        return {}, (e.diag.message_primary or str(e)).strip() + remedy


def _mistyped(table, columns):
    for name, kind in contract.TABLES[table].items():
        if name not in columns:
            if (table, name) in contract.OPTIONAL:
                continue
            yield f"{name} is missing: add it to the extraction query"
        elif columns[name] not in contract.OIDS[kind]:
            yield f"{name} is not {kind}: cast it in the extraction query"

"""What Odoo knows and the transformation needs: companies, mapping, rates."""

from contextlib import closing

import psycopg2
from psycopg2.extras import execute_values

from ..database import connect, sql
from ..errors import StoreError
from . import loads, partitions
from .fragments import buckets, days


def configure(dsn, system, companies=(), mapping=None, rates=()):
    """Write the configuration; cut a company's days anew if its zone changed.

    :param system: the system whose company ids ``mapping`` translates
    """
    try:
        with closing(connect(dsn)) as connection, connection:
            with connection.cursor() as cr:
                for company in companies:
                    _save_company(cr, company)
                if mapping is not None:
                    _save_mapping(cr, system, mapping)
                _save_rates(cr, rates)
    except psycopg2.Error as e:
        raise StoreError(f"The reporting database failed: {str(e).strip()}") from e


def _save_company(cr, company):
    cr.execute(
        "SELECT timezone FROM loyalty_reporting_company WHERE company_id = %s",
        [company.id],
    )
    before = cr.fetchone()
    cr.execute(
        "INSERT INTO loyalty_reporting_company (company_id, timezone, currency, digits)"
        " VALUES (%(id)s, %(timezone)s, %(currency)s, %(digits)s)"
        " ON CONFLICT (company_id) DO UPDATE SET timezone = excluded.timezone,"
        " currency = excluded.currency, digits = excluded.digits",
        vars(company),
    )
    if before and before[0] != company.timezone:
        recut(cr, company)


def recut(cr, company):
    """Cut a company's business days and hours anew, and rebuild its rollups.

    Takes the load lock for as long as it takes; all of it is one transaction.
    """
    loads.lock(cr)
    values = {
        "company_id": company.id,
        "timezone": company.timezone,
        "load_id": loads.draw(cr),
    }
    cr.execute(sql("stores/sql/recut.sql"), values)
    cr.execute("SELECT DISTINCT date_trunc('month', date)::date FROM promotion_order_data")
    partitions.ensure(cr, "promotion_performance_data", [m for (m,) in cr.fetchall()])
    sums = {"day_columns": days()["columns"], "sums": days()["sums"]}
    cr.execute(sql("stores/sql/rebuild.sql", **buckets(), **sums), values)


def _save_mapping(cr, system, mapping):
    cr.execute(
        "DELETE FROM loyalty_reporting_source_company WHERE source = %s", [system]
    )
    execute_values(
        cr,
        "INSERT INTO loyalty_reporting_source_company (source, external_id, company_id)"
        " VALUES %s",
        [(system, external, company) for external, company in mapping.items()],
    )


def _save_rates(cr, rates):
    execute_values(
        cr,
        "INSERT INTO loyalty_reporting_currency_rate"
        " (company_id, currency, valid_from, rate) VALUES %s"
        " ON CONFLICT (company_id, currency, valid_from)"
        " DO UPDATE SET rate = excluded.rate",
        [(r.company_id, r.currency, r.valid_from, r.rate) for r in rates],
    )

"""What Odoo knows and the transformation needs: companies, mapping, rates."""

import logging
from dataclasses import astuple, replace
from decimal import Decimal

from psycopg2.extras import execute_values

from ..database import sql
from . import archived, loads, partitions, staging
from .fragments import buckets, days
from .postgres import (
    CUSTOMER_ORDER,
    DETAIL,
    EVALUATION,
    EVENT,
    ORDER,
    POINT,
    ROLLUP,
    rebuild_customers,
)
from .reporting import transaction

_logger = logging.getLogger(__name__)
# What has a business day and a clock hour of its own.
DATED = (DETAIL, EVALUATION, ORDER, CUSTOMER_ORDER, EVENT, POINT)


def configure(dsn, system, companies=(), mapping=None, rates=()):
    """Write the configuration; cut a company's days anew if its zone changed.

    Where something is to be written, it waits for the loads that use what is there. A
    company whose days cannot be cut anew, as some are archived for good or cannot be
    restored now, goes on in the zone in which they were cut.

    :param system: the system whose company ids ``mapping`` translates
    """
    is_kept = False
    while True:
        try:
            with transaction(dsn) as cr:
                if is_kept or archived.has_expired(cr):
                    companies = _as_cut(cr, companies)
                return _configure(cr, system, companies, mapping, rates)
        except archived.MonthsAway as away:
            refused = archived.bring_back(dsn, away.months)
            if refused:
                _logger.error(
                    "A company's days cannot be cut in its new time zone: %s",
                    " ".join(refused.values()),
                )
                is_kept = True


def zones_of_days(cr):
    """Return {company: the time zone in which its days are cut}, of those with facts."""
    cr.execute("SELECT company_id, timezone FROM loyalty_reporting_company")
    return dict(cr.fetchall())


def _as_cut(cr, companies):
    """Return companies with the time zones in which their days were cut."""
    zones = zones_of_days(cr)
    return [replace(c, timezone=zones.get(c.id, c.timezone)) for c in companies]


def _configure(cr, system, companies, mapping, rates):
    if _is_known(cr, system, companies, mapping, rates):
        return
    loads.change_configuration(cr)
    for company in companies:
        _save_company(cr, company)
    if mapping is not None:
        _save_mapping(cr, system, mapping)
    _save_rates(cr, rates)


def _is_known(cr, system, companies, mapping, rates):
    cr.execute(
        "SELECT company_id, timezone, currency, digits FROM loyalty_reporting_company"
    )
    same = {astuple(company) for company in companies} <= set(cr.fetchall())
    cr.execute(
        "SELECT external_id, company_id FROM loyalty_reporting_source_company"
        " WHERE source = %s",
        [system],
    )
    known = set(cr.fetchall())
    same = same and (mapping is None or set(mapping.items()) == known)
    cr.execute(
        "SELECT company_id, currency, valid_from, rate FROM loyalty_reporting_currency_rate"
    )
    wanted = {(r.company_id, r.currency, r.valid_from, _exact(r.rate)) for r in rates}
    return same and wanted <= set(cr.fetchall())


def _exact(number):
    return number if isinstance(number, Decimal) else Decimal(str(number))


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

    :raise MonthsAway: detail that must be cut, too, is archived
    """
    loads.lock(cr)
    archived.ensure_all_here(cr)
    values = {
        "company_id": company.id,
        "timezone": company.timezone,
        "load_id": loads.draw(cr),
    }
    for table in DATED:
        load = ", load_id = %(load_id)s" if table == ORDER else ""
        cr.execute(sql("stores/sql/recut.sql", table=table, load=load), values)
    cr.execute(sql("stores/sql/recut_intervals.sql"), values)
    cr.execute(
        "SELECT DISTINCT date_trunc('month', date)::date FROM promotion_order_data"
    )
    partitions.ensure(cr, ROLLUP, [month for (month,) in cr.fetchall()])
    cr.execute(sql("stores/sql/rebuild.sql", **buckets(), **days()), values)
    staging.create(cr)
    rebuild_customers(cr, values, [company.id])


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
        [(r.company_id, r.currency, r.valid_from, _exact(r.rate)) for r in rates],
    )

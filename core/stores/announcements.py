"""What changed since the open screens were told the last time: which figures, of whom."""

from ..queries.base import Audience

LOAD, PUSH = "load", "push"
_KNOWN = """
    SELECT f.load_id, c.watermark FROM fact_load f, loyalty_reporting_clickhouse c"""
_TOLD = """
    SELECT load_id FROM loyalty_reporting_announcement WHERE store = %s FOR UPDATE"""
_CHANGED = """
    SELECT DISTINCT company_id, family FROM loyalty_reporting_changed
    WHERE load_id > %(told)s AND load_id <= %(known)s AND family <> ''
    ORDER BY company_id, family"""
# The last load that did not say what it changed: the first history, a repair, a recut.
_GENERAL = "SELECT loyalty_reporting_general_load()"
_COMPANIES = "SELECT company_id FROM loyalty_reporting_company ORDER BY company_id"
_TELL = "UPDATE loyalty_reporting_announcement SET load_id = %s WHERE store = %s"


def known(cr):
    """Return {store: the last load that it holds}, as a cursor sees it.

    A screen compares it with what it was told: a read replica may be behind.
    """
    cr.execute(_KNOWN)
    return dict(zip((LOAD, PUSH), cr.fetchone(), strict=True))


def take(cr, store):
    """Return (last load, {company: families of reports} that changed); note that it was told.

    Whoever asks at the same time waits, so that nothing is told twice.

    :param store: :data:`LOAD` after a load, :data:`PUSH` after one to ClickHouse
    """
    cr.execute(_TOLD, [store])
    [told] = cr.fetchone()
    newest = known(cr)[store]
    if newest == told:
        return newest, {}
    cr.execute(_TELL, [newest, store])
    return newest, _changed(cr, {"told": told, "known": newest})


def _changed(cr, numbers):
    cr.execute(_GENERAL)
    [general] = cr.fetchone()
    if general > numbers["told"] or numbers["known"] < numbers["told"]:
        cr.execute(_COMPANIES)
        return {company: [*Audience] for (company,) in cr.fetchall()}
    changed = {}
    cr.execute(_CHANGED, numbers)
    for company, family in cr.fetchall():
        changed.setdefault(company, []).append(family)
    return changed

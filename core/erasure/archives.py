"""Archived months with rows of a person: one after the other comes back, loses the person's
identifiers, and is written into new files.

Which months those are, the days of customers and hours of cards tell, or what is kept of
them. Whoever changes a month holds the lock of :mod:`core.retention`.
"""

from ..database import sql
from ..retention import archive, generations, leaving, months
from ..retention.files import Location
from ..retention.policy import Tier
from ..retention.restore import restore_held
from . import places
from .pseudonyms import CARD, CUSTOMER

# To wait for who archives or restores now.
PATIENCE_SECONDS = 300
# Between two months, so that a load that needs one comes first: who waits looks five times
# a second.
TURN_SECONDS = 0.5
# What is away in an attempt that goes on was away before, or left by a policy meanwhile.
_BEGIN = """
    INSERT INTO loyalty_reporting_erasure_month AS m (erasure_id, month, tiers_away)
    SELECT %(erasure)s, %(month)s, coalesce(array_agg(tier), '{}')
    FROM loyalty_reporting_archive WHERE month = %(month)s AND is_away
    ON CONFLICT (erasure_id, month) DO UPDATE SET tiers_away = ARRAY(
        SELECT unnest(m.tiers_away) UNION SELECT unnest(excluded.tiers_away))
    RETURNING tiers_away
"""
_DONE = """
    SELECT month FROM loyalty_reporting_erasure_month WHERE erasure_id = %s AND is_done
"""
_IS_ANY = """
    SELECT EXISTS (SELECT FROM loyalty_reporting_erasure_month WHERE erasure_id = %s)
"""
_NOTE = """
    UPDATE loyalty_reporting_erasure_month SET is_done = true
    WHERE erasure_id = %s AND month = %s
"""
_AGAIN = """
    DELETE FROM loyalty_reporting_erasure_month WHERE erasure_id = %s AND month = ANY(%s)
"""
# Restored to be read, it stays for as long as it would have.
_STAY = """
    UPDATE loyalty_reporting_archive SET state = 'restored'
    WHERE month = %s AND tier = 'detail' AND state = 'verified'
      AND restored_at >= archived_at
"""


def months_of(cr, customers, cards, *, expired=False, baskets=False):
    """Return the first days of months whose files may hold rows of a person.

    :param customers: our keys
    :param cards: our keys
    :param expired: months whose files held some, and were removed
    :param baskets: also months in which they left a basket alone; its rows name nobody, but
        count for a customer
    """
    asked = {"customers": customers, "cards": cards}
    asked |= {"expired": expired, "baskets": baskets}
    cr.execute(sql("erasure/sql/months.sql"), asked)
    return [month for (month,) in cr.fetchall()]


def waiting(cr, number, who):
    """Return the months that an erasure has yet to write anew."""
    cr.execute(_DONE, [number])
    done = {month for (month,) in cr.fetchall()}
    found = months_of(cr, who.keys(CUSTOMER), who.keys(CARD))
    return [month for month in found if month not in done]


def has_begun(cr, number):
    """Tell whether an erasure came to any month."""
    cr.execute(_IS_ANY, [number])
    return cr.fetchone()[0]


def note(cr, number, month):
    """Note that a month is written anew."""
    cr.execute(_NOTE, [number, month])


def begin_again(cr, number, chosen):
    """Have months written anew once more."""
    cr.execute(_AGAIN, [number, chosen])


def rewrite(dsn, connection, number, who, month):
    """Have a month's files name nobody of who is erased; called under the lock.

    It can be repeated. What was away leaves again; what was here stays.

    :raise Unrestorable: files are missing or damaged; the erasure cannot go on
    """
    with connection, connection.cursor() as cr:
        cr.execute(_BEGIN, {"erasure": number, "month": month})
        [away] = cr.fetchone()
    restore_held(dsn, month)
    scrub(connection, who, month)
    with connection, connection.cursor() as cr:
        [known] = months.known(cr, Tier.DETAIL, month)
        if not known.manifest:
            # Its files were begun, and never whole: what there is of them goes.
            generations.clear(cr, known)
            return
    if Tier.DETAIL not in away:
        leaving.rewrite(dsn, Tier.DETAIL, month)
        generations.forget(connection, Tier.DETAIL, month)
        with connection, connection.cursor() as cr:
            cr.execute(_STAY, [month])
        return
    # False: a load wrote to it meanwhile, and it is written once more.
    while not leaving.leave(dsn, Tier.DETAIL, month, ""):
        pass
    generations.forget(connection, Tier.DETAIL, month)
    if Tier.AGGREGATE in away:
        leaving.leave(dsn, Tier.AGGREGATE, month, "")


def scrub(connection, who, month):
    """Replace identifiers in the rows of a month that are here."""
    with connection, connection.cursor() as cr:
        # Of documents whose rows were away when the erasure began.
        keys = {"customers": who.keys(CUSTOMER), "cards": who.keys(CARD)}
        cr.execute(sql("erasure/sql/forget_hashes.sql"), keys)
    places.scrub_detail(connection, who, month)


def left_behind(cr, who):
    """Return {month: its files} that nobody reads any more, and that may name the person.

    :return: addresses of files: of older generations, or of a writer that died
    """
    keys = who.keys(CUSTOMER), who.keys(CARD)
    chosen = {*months_of(cr, *keys), *months_of(cr, *keys, expired=True)}
    found = {
        known.month: [*_unnamed(known), *_former(cr, known)]
        for known in months.known(cr, Tier.DETAIL)
        if known.month in chosen
    }
    return {month: paths for month, paths in found.items() if paths}


def _former(cr, known):
    """Return the files of former generations at places that are not this database's now."""
    return [
        f"{address}/{path}"
        for _id, address, manifest in months.former(cr, known.tier, known.month)
        if address != known.location
        for path in sorted(archive.paths_of(manifest))
        if not path.endswith(".json")
    ]


def _unnamed(known):
    is_kept = known.manifest and known.state != months.State.EXPIRED
    named = [known.manifest] if is_kept else []
    location = Location(known.location)
    unknown = generations.unknown(location, Tier.DETAIL, known.month, named)
    # Manifests name nobody.
    return [f"{known.location}/{p}" for p in unknown if not p.endswith(".json")]

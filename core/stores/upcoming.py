"""Partitions of months to come, made before anything is loaded into them."""

from . import loads, partitions
from .partitions import following
from .postgres import PARTITIONED
from .reporting import transaction

MONTHS = 2


def make(dsn, today, count=MONTHS):
    """Make the partitions of the next months, once anything was loaded.

    Not of the running one: a month of a first history is loaded beside the tables, and
    gets its partitions then.

    :param today: the day (UTC) after whose month they begin
    """
    months, month = [], today
    for _number in range(count):
        month = following(month)
        months.append(month)
    with transaction(dsn) as cr:
        loads.lock(cr)
        cr.execute("SELECT EXISTS (SELECT FROM fact_document)")
        if cr.fetchone()[0]:
            for table in PARTITIONED:
                partitions.ensure(cr, table, months)

"""Refresh the materialized view, beside its readers, when there is something new."""

from contextlib import closing

import psycopg2

from ..database import connect
from ..errors import Busy, ReportingError, StoreError
from ..records import Counts, RunResult
from .runs import RunLog

VIEW = "mv_promotion_daily_summary"


def refresh(dsn, *, force=False):
    """Refresh :data:`VIEW` without blocking its readers.

    :param force: also when no load came in since the last refresh
    :return: :class:`RunResult`; ``rows_loaded`` counts the view's rows
    """
    try:
        with RunLog(dsn, "refresh", VIEW) as log, closing(connect(dsn)) as connection:
            return log.finish(_refresh(connection, force))
    except Busy as e:
        return RunResult("busy", message=str(e))
    except ReportingError as e:
        return RunResult("failed", message=str(e))


def _refresh(connection, force):
    connection.autocommit = True
    try:
        with connection.cursor() as cr:
            cr.execute("SELECT load_id FROM fact_load")
            newest = str(cr.fetchone()[0])
            cr.execute("SELECT obj_description(%s::regclass)", [VIEW])
            if cr.fetchone()[0] == newest and not force:
                return RunResult("done")
            cr.execute(f"REFRESH MATERIALIZED VIEW CONCURRENTLY {VIEW}")
            # The view's comment says which load it includes at least.
            cr.execute(f"COMMENT ON MATERIALIZED VIEW {VIEW} IS %s", [newest])
            cr.execute(f"SELECT count(*) FROM {VIEW}")
            return RunResult("done", Counts(rows_loaded=cr.fetchone()[0]))
    except psycopg2.Error as e:
        raise StoreError(f"{VIEW} could not be refreshed: {str(e).strip()}") from e

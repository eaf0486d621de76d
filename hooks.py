"""What Odoo cannot know by itself when the addon goes."""

import logging
import re
import shutil

from odoo.tools import SQL

from .core.settings import redact
from .core.sources.odoo import triggers
from .core.stores import materialized
from .core.stores.migrate import files

_logger = logging.getLogger(__name__)
_CREATED = re.compile(
    r"^CREATE (TABLE|SEQUENCE|FUNCTION|VIEW|MATERIALIZED VIEW) (\w+)", re.MULTILINE
)


def uninstall_hook(env):
    """Drop all that the pipeline's schema files created, with the data in it.

    And all that stands on Odoo's own tables. What lies outside this database stays; the
    log says where.
    """
    settings = env["loyalty.reporting.pipeline"]._settings()
    for place in (*outside(settings), *archives(env)):
        _logger.warning("Loyalty Reporting is uninstalled; %s", place)
    triggers.drop(env.cr)
    for kind, name in reversed(created()):
        env.cr.execute(
            SQL("DROP %s IF EXISTS %s CASCADE", SQL(kind), SQL.identifier(name))
        )
    for name in detached(env.cr):
        env.cr.execute(SQL("DROP TABLE %s", SQL.identifier(name)))
    env.cr.execute("DROP TABLE IF EXISTS loyalty_reporting_schema")
    shutil.rmtree(env["loyalty.reporting.export.job"]._folder().path(""), True)
    env["ir.config_parameter"].sudo().search(
        [("key", "=like", "loyalty_reporting.%")]
    ).unlink()


def outside(settings):
    """Return what uninstalling leaves in other places, a sentence for each."""
    left = []
    if settings.clickhouse_url:
        left.append(
            f"the tables and views in ClickHouse stay: {redact(settings.clickhouse_url)}"
        )
    if settings.redis_url:
        left.append(
            f"answers in Redis expire within {settings.cache_ttl} s by themselves: "
            f"{redact(settings.redis_url)}"
        )
    if settings.stream_url:
        left.append(
            f"the consumer group and its journal stay at the stream "
            f"{settings.stream_name}: {redact(settings.stream_url)}"
        )
    return left


def archives(env):
    """Return what uninstalling leaves of archives, a sentence for each location."""
    env.cr.execute(
        "SELECT DISTINCT location FROM loyalty_reporting_archive"
        " WHERE manifest IS NOT NULL AND state <> 'expired'"
    )
    return [f"archived months stay in files: {place}" for (place,) in env.cr.fetchall()]


def detached(cr):
    """Return the months' tables that are no partitions: of who was amid taking them out."""
    tables = [name for kind, name in created() if kind == "TABLE"]
    cr.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace"
        " AND relkind = 'r' AND NOT relispartition AND relname ~ '_[0-9]{6}$'"
        " AND left(relname, -7) = ANY(%s)",
        [tables],
    )
    return [name for (name,) in cr.fetchall()]


def created():
    """Return (kind, name) of each database object, in the order of creation."""
    return [
        found
        for file in (*files("postgres"), *sorted(materialized.FOLDER.glob("*.sql")))
        for found in _CREATED.findall(file.read_text(encoding="utf-8"))
    ]

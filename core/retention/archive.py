"""Writing a month into its files, and reading them back.

A manifest says what the files hold: their columns and the version of the schema, how many
rows, the exact sums of numbers, a digest of all rows, the files' own size and checksum.
"""

from dataclasses import asdict
from datetime import UTC, date, datetime

from ..errors import ConfigurationError, ReportingError
from . import columnar
from .policy import Tier
from .tables import TABLES, Facts, columns_of, facts_of, partitions_of

FORMAT = 1
# Says whose archives a location holds.
OWNER = "owner.json"
_CHECKED = "archive_checked"


class Damaged(ReportingError):
    """A file of an archive is not what its manifest says."""


def write(cr, location, tier, month, generation):
    """Write a month's rows of a tier, as the transaction of a cursor sees them, and check them.

    The manifest comes last: without it there is no such generation.

    :return: the manifest
    :raise Damaged: what is read back differs
    """
    found = {}
    for table, partition in partitions_of(cr, tier, month).items():
        columns = columns_of(cr, partition)
        path = f"{table}/{table}_{month:%Y%m}.{generation}.parquet"
        with location.writing(path) as file:
            columnar.write(cr, partition, columns, file)
        size, checksum = location.measured(path)
        found[table] = {
            "file": path,
            "bytes": size,
            "sha256": checksum,
            # A list: of an object, JSON keeps no order.
            "columns": [*columns.items()],
            **asdict(facts_of(cr, partition, columns)),
        }
    manifest = {
        "format": FORMAT,
        "tier": tier,
        "month": f"{month:%Y-%m}",
        "generation": generation,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **_origin(cr),
        "tables": found,
    }
    verify(cr, location, manifest)
    location.write_json(manifest_path(manifest), manifest)
    return manifest


def manifest_path(manifest):
    """Return where a manifest lies."""
    start = _manifest_start(tier_of(manifest), month_of(manifest))
    return f"{start}{manifest['generation']}.json"


def _manifest_start(tier, month):
    mark = "" if tier == Tier.DETAIL else f"{tier}_"
    return f"manifests/{mark}{month:%Y%m}."


def tier_of(manifest):
    """Return a manifest's tier; the first ones were all of detail and name none."""
    return Tier(manifest.get("tier", Tier.DETAIL))


def month_of(manifest):
    """Return the first day of a manifest's month."""
    return date.fromisoformat(f"{manifest['month']}-01")


def verify(cr, location, manifest):
    """Read all files back, and compare them with the manifest, row for row.

    :raise Damaged: something is not as it says
    """
    for told in manifest["tables"].values():
        cr.execute(f"DROP TABLE IF EXISTS {_CHECKED}")
        cr.execute(
            f"CREATE TEMP TABLE {_CHECKED} ("
            + ", ".join(f"{name} {kind}" for name, kind in told["columns"])
            + ")"
        )
        read(cr, location, told, _CHECKED)
        compare(told, facts_of(cr, _CHECKED, dict(told["columns"])))
        cr.execute(f"DROP TABLE {_CHECKED}")


def read(cr, location, told, table):
    """Copy a file's rows into a table; its checksum is compared first.

    :param told: what the manifest says of it
    """
    size, checksum = location.measured(told["file"])
    if (size, checksum) != (told["bytes"], told["sha256"]):
        raise Damaged(
            f"{told['file']} has {size} bytes and another checksum than its manifest says."
        )
    with location.reading(told["file"]) as file:
        columnar.load(cr, table, file, columns_of(cr, table))


def claim(cr, location):
    """Make a location this database's own: two would remove each other's files.

    :raise ConfigurationError: it is another one's
    """
    cr.execute(
        "SELECT system_identifier || '/' || current_database() FROM pg_control_system()"
    )
    [own] = cr.fetchone()
    if OWNER not in location.listed(""):
        location.write_json(OWNER, {"database": own})
    owner = location.read_json(OWNER)["database"]
    if owner != own:
        raise ConfigurationError(
            f"The archives at {location.address} are those of another database ({owner}). "
            f"Choose a folder of its own. If that database is this one, moved to another "
            f"server, write {own} into {OWNER} there."
        )


def clean(location, tier, month, manifest):
    """Remove what is there of a month and no manifest names: of a writer that died.

    :param manifest: of the generation that is whole, or None
    """
    kept = set()
    if manifest:
        kept = {told["file"] for told in manifest["tables"].values()}
        kept.add(manifest_path(manifest))
    starts = [f"{table}/{table}_{month:%Y%m}." for table in TABLES[tier]]
    for start in (*starts, _manifest_start(tier, month)):
        for path in location.listed(start.partition("/")[0]):
            if path.startswith(start) and path not in kept:
                location.remove(path)


def remove(location, manifest):
    """Remove a generation: its manifest first, so that no half of it seems whole."""
    location.remove(manifest_path(manifest))
    for told in manifest["tables"].values():
        location.remove(told["file"])


def is_as_told(cr, manifest):
    """Tell whether a month's rows are those of its files."""
    partitions = partitions_of(cr, tier_of(manifest), month_of(manifest))
    told = manifest["tables"]
    if set(partitions) - set(told):
        return False
    for table, of_table in told.items():
        partition = partitions.get(table)
        columns = dict(of_table["columns"])
        if not partition or columns_of(cr, partition) != columns:
            return False
        if facts_of(cr, partition, columns) != _facts(of_table):
            return False
    return True


def _facts(told):
    return Facts(told["rows"], told["sums"], told["digest"])


def compare(told, found):
    """Compare what was read with what the manifest says.

    :raise Damaged: it differs
    """
    if found != _facts(told):
        raise Damaged(
            f"{told['file']} holds {found.rows} rows that are not the {told['rows']} rows "
            "of its manifest."
        )


def _origin(cr):
    cr.execute("SELECT current_database(), max(name) FROM loyalty_reporting_schema")
    database, version = cr.fetchone()
    return {"database": database, "schema_version": version}

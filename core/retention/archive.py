"""Writing a month into its files, and reading them back.

A manifest says what the files hold: their columns and the version of the schema, how many
rows, the exact sums of numbers, a digest of all rows, the files' own size and checksum.
"""

from dataclasses import asdict
from datetime import UTC, date, datetime

from ..errors import ReportingError
from . import columnar
from .files import Unusable
from .policy import Tier
from .tables import Facts, columns_of, facts_of, partitions_of

FORMAT = 1
_CHECKED = "archive_checked"


class Damaged(ReportingError):
    """A file of an archive is not what its manifest says."""


def write(cr, location, tier, month, generation, *, writer):  # noqa: PLR0913
    """Write a month's rows of a tier, as the transaction of a cursor sees them, and check them.

    The manifest comes last: without it there is no such generation.

    :param writer: who writes it, to be told from others after a crash
    :return: the manifest
    :raise Damaged: what is read back differs
    """
    found = {}
    for table, partition in partitions_of(cr, tier, month).items():
        columns = columns_of(cr, partition)
        path = f"{start_of(table, month)}{generation}.parquet"
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
        "writer": writer,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        **_origin(cr),
        "tables": found,
    }
    verify(cr, location, manifest)
    location.write_json(manifest_path(tier, month, generation), manifest)
    return manifest


def start_of(table, month):
    """Return how the paths of a table's files of a month begin."""
    return f"{table}/{table}_{month:%Y%m}."


def start_of_manifests(tier, month):
    """Return how the paths of a month's manifests begin."""
    mark = "" if tier == Tier.DETAIL else f"{tier}_"
    return f"manifests/{mark}{month:%Y%m}."


def manifest_path(tier, month, generation):
    """Return where a manifest lies."""
    return f"{start_of_manifests(tier, month)}{generation}.json"


def paths_of(manifest):
    """Return the paths of a generation: its files, and the manifest itself."""
    path = manifest_path(tier_of(manifest), month_of(manifest), manifest["generation"])
    return {path, *(told["file"] for told in manifest["tables"].values())}


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


def remove(location, manifest):
    """Remove a generation: its manifest first, so that no half of it seems whole."""
    paths = paths_of(manifest)
    for path in sorted(paths, key=lambda path: not path.endswith(".json")):
        location.remove(path)


def is_whole(location, manifest):
    """Tell whether a generation's files are there as they were written."""
    try:
        return all(
            location.measured(told["file"]) == (told["bytes"], told["sha256"])
            for told in manifest["tables"].values()
        )
    except Unusable:
        return False


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

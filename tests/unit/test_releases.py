"""What was released stays as it was: databases were made by it."""

import ast
import hashlib
import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
SCHEMA = ROOT / "core" / "stores" / "schema" / "postgres"
RELEASES = json.loads((ROOT / "dev" / "releases.json").read_text())
MANIFEST = ast.literal_eval((ROOT / "__manifest__.py").read_text())


def number(version):
    return tuple(map(int, version.split(".")))


def test_released_schema_files_are_unchanged():
    for version, release in RELEASES.items():
        assert release["frozen"], version
        for name, digest in release["frozen"].items():
            found = hashlib.sha256((SCHEMA / name).read_bytes()).hexdigest()
            assert found == digest, f"{name} was released with {version}"


def test_what_came_after_a_release_has_later_numbers():
    for release in RELEASES.values():
        later = {f.name for f in SCHEMA.glob("[0-9]*.sql")} - {*release["frozen"]}
        assert all(name > max(release["frozen"]) for name in later)


def test_the_manifest_has_a_version_of_its_own():
    assert all(number(v) < number(MANIFEST["version"]) for v in RELEASES)


def test_migrations_are_of_versions_after_the_first_and_up_to_this_one():
    first = min(map(number, RELEASES))
    for folder in (ROOT / "migrations").iterdir():
        assert first < number(folder.name) <= number(MANIFEST["version"])
        assert all(f.name.startswith(("pre-", "post-")) for f in folder.glob("*.py"))

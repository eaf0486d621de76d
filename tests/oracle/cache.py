"""The facts of the reference history, computed once and kept on disk.

A cache file is a SHA-256 digest followed by the pickled frames, so that a truncated or
damaged file is noticed before it is read, and rebuilt. Its name holds the versions of
the data package and of pandas and a hash of this package's source: another rule,
another file. The pickle is our own, in the user's own cache directory, and names no
class of this package, which may be imported as `oracle` or under `odoo.addons`.
"""

import functools
import hashlib
import os
import pickle
import tempfile
from datetime import date
from pathlib import Path

import pandas as pd

from .promotion_lines import Facts, build
from .source_data import package_version, read_source_data

DIGEST_BYTES = hashlib.sha256().digest_size


class BrokenCache(Exception):
    """The cache file is not what was written."""


def remembered(compute):
    """Keep what a function computes of the reference history, by its arguments.

    Both stores and several surfaces are asked the same; each caller gets a copy. What is
    computed of other `facts` is not kept.
    """
    known = {}

    @functools.wraps(compute)
    def computed(*arguments, **options):
        key = repr((arguments, sorted(options.items())))
        if any(map(_is_data, (*arguments, *options.values()))):
            return compute(*arguments, **options)
        if key not in known:
            known[key] = compute(*arguments, **options)
        return known[key].copy()

    return computed


def _is_data(value):
    """Whether an argument is facts or frames, rather than a choice."""
    plain = str | int | float | date | list | tuple | type(None)
    return not isinstance(value, plain)


@functools.cache
def load():
    """The `Facts` of the reference history. Shared: do not change them in place."""
    return Facts(**load_from(cache_file(), compute_frames))


def compute_frames():
    """The frames of the facts by name, computed from the data package."""
    return vars(build(read_source_data()))


def load_from(path, compute):
    """What `path` holds; if it is absent or broken, computed and written there."""
    try:
        return read(path)
    except (FileNotFoundError, BrokenCache):
        value = compute()
        write(path, value)
        return value


def cache_file(kind="facts"):
    """Where one kind of facts of this source and these versions is kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    key = f"{package_version()}-{pd.__version__}-{source_hash()}"
    return Path(home) / "loyalty_reporting" / "oracle" / f"{kind}-{key}.pickle"


def source_hash():
    """First 16 digits of a hash over the oracle's own source files."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def read(path):
    """The value in a cache file; BrokenCache if its digest does not fit."""
    content = path.read_bytes()
    digest, payload = content[:DIGEST_BYTES], content[DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        raise BrokenCache(f"{path} is damaged")
    return pickle.loads(payload)


def write(path, value):
    """Write atomically: a reader sees the old file or the new one, never a part.

    Files of other sources or versions (140 MB each) are removed: at worst another
    checkout computes its own again, in seconds.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    payload = pickle.dumps(value, protocol=pickle.HIGHEST_PROTOCOL)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(hashlib.sha256(payload).digest() + payload)
        os.replace(name, path)
        remove_others(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def remove_others(path):
    """Delete the files of the same kind and of other keys beside this cache file."""
    kind = path.name.partition("-")[0]
    for other in path.parent.glob(f"{kind}-*.pickle"):
        if other != path:
            other.unlink(missing_ok=True)

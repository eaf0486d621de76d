"""Where archives lie: a local folder, or any file system that fsspec knows.

Credentials of a remote one are fsspec's own configuration (its environment variables
and files), never part of the address.

    <location>/<table>/<table>_<YYYYMM>.<generation>.parquet
    <location>/manifests/<YYYYMM>.<generation>.json
    <location>/owner.json
"""

import errno
import hashlib
import json
import os
import uuid
from contextlib import contextmanager, suppress

from ..errors import ConfigurationError, StoreError

_BLOCK = 1 << 20


class Unusable(StoreError):
    """A file of an archive cannot be read or written."""


class Location:
    """A folder of archives.

    :param address: a path, or an address such as ``s3://bucket/folder``
    """

    def __init__(self, address):
        try:
            from fsspec.core import url_to_fs  # noqa: PLC0415 (as pyarrow)
        except ImportError:
            raise ConfigurationError(
                "Archives need the Python package fsspec: install it and run again."
            ) from None
        self.address = address
        try:
            self._system, root = url_to_fs(address)
        except (ImportError, ValueError) as e:
            raise ConfigurationError(
                f"Archives cannot be kept at {address}: {e}"
            ) from e
        self._root = root.rstrip("/")

    @contextmanager
    def writing(self, path):
        """Give a binary file that gets its name when it is whole and on the disk."""
        beside = f"{path}.{uuid.uuid4().hex[:8]}.part"
        full = self._full(beside)
        with self._told(path):
            self._system.makedirs(full.rsplit("/", 1)[0], exist_ok=True)
            try:
                with self._system.open(full, "wb") as file:
                    yield file
                    file.flush()
                    if hasattr(file, "fileno"):
                        os.fsync(file.fileno())
                self._system.mv(full, self._full(path))
            except BaseException:
                self._remove(full)
                raise

    @contextmanager
    def reading(self, path):
        """Give a binary file to read."""
        with self._told(path), self._system.open(self._full(path), "rb") as file:
            yield file

    def write_json(self, path, value):
        """Write a value as JSON."""
        with self.writing(path) as file:
            file.write(json.dumps(value, indent=1, sort_keys=True).encode())

    def read_json(self, path):
        """Return the value of a JSON file."""
        with self.reading(path) as file:
            return json.loads(file.read())

    def measured(self, path):
        """Return (bytes, SHA-256) of a file, read anew."""
        digest, size = hashlib.sha256(), 0
        with self.reading(path) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                size += len(block)
        return size, digest.hexdigest()

    def listed(self, folder):
        """Return the paths of a folder's files; of none, where it is not there."""
        with self._told(folder):
            full = self._full(folder)
            if not self._system.exists(full):
                return []
            found = self._system.ls(full, detail=False, refresh=True)
        names = (name.rsplit("/", 1)[1] for name in found)
        return sorted(f"{folder}/{name}" if folder else name for name in names)

    def remove(self, path):
        """Remove a file, if it is there."""
        with self._told(path):
            full = self._full(path)
            if self._system.exists(full):
                self._system.rm(full)

    def _remove(self, full):
        # What broke the file may also keep us from removing it.
        with suppress(OSError, ValueError):
            self._system.rm(full)

    def _full(self, path):
        return f"{self._root}/{path}".rstrip("/")

    @contextmanager
    def _told(self, path):
        """Say where a file system failed, and that nothing is lost by it."""
        try:
            yield
        except OSError as e:
            reason = e.strerror or str(e) or type(e).__name__
            if e.errno in (errno.ENOSPC, errno.EDQUOT):
                reason = "the disk is full"
            raise Unusable(
                f"The archive {self.address}/{path} cannot be used: {reason}. "
                "Nothing was removed."
            ) from e

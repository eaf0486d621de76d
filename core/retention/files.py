"""Where archives lie: a local folder, or any file system that fsspec knows.

Credentials of a remote one are fsspec's own configuration (its environment variables
and files), never part of the address.

A file is there under its name when it is whole, or not at all. Where there are folders it
is written beside and renamed. A store of objects, such as S3, has neither folders nor a
rename: an object is there when its upload is completed, and an upload that fails is given
up. Files that no manifest names are of no generation, wherever a writer died.

    <location>/<table>/<table>_<YYYYMM>.<generation>.parquet
    <location>/manifests/<YYYYMM>.<generation>.json
    <location>/former/…      generations that are not the current one, in the same folders
    <location>/owner.json
"""

import errno
import hashlib
import io
import json
import os
import uuid
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

import psycopg2

from ..errors import ConfigurationError, ReportingError, StoreError

_BLOCK = 1 << 20
FORMER = "former"


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
        if has_password(address):
            raise ConfigurationError(
                "The address of the archives holds a password: put it into fsspec's own "
                "configuration."
            )
        self.address = address
        try:
            self._system, root = url_to_fs(address)
        except (ImportError, ValueError) as e:
            raise ConfigurationError(
                f"Archives cannot be kept at {address}: {e}"
            ) from e
        self._root = root.rstrip("/")
        # Of objects, an address begins with the name of a bucket.
        self._has_folders = root.startswith("/")
        # Others may have written there since this process looked.
        self._system.invalidate_cache()

    @contextmanager
    def writing(self, path):
        """Give a binary file that gets its name when it is whole and on the disk."""
        write = self._beside if self._has_folders else self._uploaded
        with self._told(path), write(self._full(path)) as file:
            yield file

    @contextmanager
    def _beside(self, full):
        beside = f"{full}.{uuid.uuid4().hex[:8]}.part"
        self._system.makedirs(full.rsplit("/", 1)[0], exist_ok=True)
        try:
            with self._system.open(beside, "wb") as file:
                yield file
                file.flush()
                with suppress(io.UnsupportedOperation, AttributeError):
                    os.fsync(file.fileno())
            self._system.mv(beside, full)
        except BaseException:
            # What broke the file may also keep us from removing it.
            with suppress(OSError, ValueError):
                self._system.rm(beside)
            raise

    @contextmanager
    def _uploaded(self, full):
        # No folder is made: of a misprint it would make a bucket.
        file = self._system.open(full, "wb", autocommit=False)
        try:
            yield file
            file.close()
            file.commit()
        except BaseException:
            # An upload that the server does not hear of any more is never completed.
            with suppress(Exception):
                file.discard()
            file.closed = True
            raise

    @contextmanager
    def reading(self, path):
        """Give a binary file to read, also one that was put aside."""
        with self._told(path):
            try:
                file = self._system.open(self._full(path), "rb")
            except FileNotFoundError:
                file = self._system.open(self._aside(path), "rb")
            with file:
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
            # Not exists(), to which all that goes wrong is as if nothing was there.
            try:
                found = self._system.ls(self._full(folder), detail=False, refresh=True)
            except FileNotFoundError:
                return []
        names = (name.rsplit("/", 1)[1] for name in found)
        return sorted(f"{folder}/{name}" if folder else name for name in names)

    def put_aside(self, path):
        """Move a file out of the way of those who read whole folders."""
        with self._told(path):
            aside = self._aside(path)
            if self._has_folders:
                self._system.makedirs(aside.rsplit("/", 1)[0], exist_ok=True)
            self._system.mv(self._full(path), aside)

    def remove(self, path):
        """Remove a file, if it is there, or was put aside."""
        with self._told(path):
            for full in (self._full(path), self._aside(path)):
                with suppress(FileNotFoundError):
                    self._system.rm(full)

    def _full(self, path):
        return f"{self._root}/{path}".rstrip("/")

    def _aside(self, path):
        return self._full(f"{FORMER}/{path}")

    @contextmanager
    def _told(self, path):
        """Say where a file system failed, and that nothing is lost by it."""
        try:
            yield
        except OSError as e:
            raise self._unusable(path, _reason(e)) from e
        except (ReportingError, psycopg2.Error):
            raise
        except Exception as e:
            if type(e).__module__ == "builtins":
                raise  # a fault of ours; libraries of file systems have errors of their own
            raise self._unusable(path, str(e)) from e

    def _unusable(self, path, reason):
        return Unusable(
            f"The archive {self.address}/{path} cannot be used: {reason.rstrip('.')}. "
            "No row left the database."
        )


def has_password(address):
    """Tell whether an address holds what nobody should read.

    Of a chain, such as ``simplecache::s3://bucket``, any part; options are not for
    addresses at all.
    """
    parts = map(urlsplit, address.split("::"))
    return any("@" in part.netloc or part.query for part in parts)


def _reason(error):
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full"
    if isinstance(error, PermissionError):
        return f"access is refused ({error.strerror or error}): check the credentials"
    if isinstance(error, FileNotFoundError) and not error.strerror:
        return "there is no such file, or no such bucket"
    return error.strerror or str(error) or type(error).__name__

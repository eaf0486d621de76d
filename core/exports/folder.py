"""Where exports are kept: a file is whole under its name, or not there at all."""

import os
from contextlib import contextmanager
from pathlib import Path

_PART = ".part"


class Folder:
    """Files by name; what is being written has a name of its own until it is whole."""

    def __init__(self, path):
        self._path = Path(path)

    def path(self, name):
        """Return the path of a file; whoever opens it must expect that it is gone."""
        return self._path / name

    @contextmanager
    def writing(self, name):
        """Yield a binary file; it gets its name once it is whole and on the disk."""
        self._path.mkdir(parents=True, exist_ok=True)
        part = self.path(name + _PART)
        try:
            with part.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path(name))
            self._sync()
        finally:
            part.unlink(missing_ok=True)

    def remove(self, name):
        """Remove a file, if it is there."""
        self.path(name).unlink(missing_ok=True)

    def sweep(self, known):
        """Remove what nobody knows: leftovers of killed runs and of deleted jobs.

        :param known: function → names of files; it is called after the folder was
            listed, so that it knows whatever was begun until then
        """
        if not self._path.is_dir():
            return
        found = [path.name for path in self._path.iterdir()]
        kept = {*known()} if found else ()
        for name in found:
            if name.removesuffix(_PART) not in kept:
                self.remove(name)

    def _sync(self):
        """Have the name outlive a loss of power, too."""
        opened = os.open(self._path, os.O_RDONLY)
        try:
            os.fsync(opened)
        finally:
            os.close(opened)

"""Keep lines that are no UTF-8 out of a COPY, and remember them.

Only a server whose encoding is SQL_ASCII can hand out such bytes; PostgreSQL checks
all others itself.
"""


class KeyText:
    """The keys of documents, as the source's connection and as we write them.

    A server that checks nothing is read as LATIN1, in which all bytes are text and
    none is changed.

    :param unchecked: the server's encoding is SQL_ASCII
    """

    def __init__(self, unchecked):
        self._unchecked = unchecked

    def ours(self, key):
        """Return a key as our database holds it; what is no text is marked."""
        if not self._unchecked:
            return key
        return key.encode("latin1").decode(errors="replace")

    def theirs(self, key):
        """Return a key of ours as the source's connection takes it."""
        return key.encode().decode("latin1") if self._unchecked else key

    def last_valid(self, keys):
        """Return the last of our keys that the source holds as it is, or None.

        A marked key does not stand in the order of the bytes that it replaces.
        """
        return next(
            (k for k in reversed(keys) if "\N{REPLACEMENT CHARACTER}" not in k), None
        )


class Utf8Guard:
    """A reading file that hands on valid lines only.

    :ivar broken: the lines left out, as bytes
    """

    def __init__(self, file):
        self._file = file
        self._rest = b""
        self.broken = []

    def read(self, size):
        """Return up to about ``size`` bytes of whole, valid lines."""
        while True:
            block = self._file.read(size)
            lines, newline, rest = (self._rest + block).rpartition(b"\n")
            self._rest = rest
            if not block:
                self._rest = b""
                return self._valid(lines + newline + rest)
            if newline:
                valid = self._valid(lines + newline)
                if valid:
                    return valid

    def _valid(self, data):
        try:
            data.decode()
            return data
        except UnicodeDecodeError:
            return b"".join(filter(self._keep, data.splitlines(keepends=True)))

    def _keep(self, line):
        try:
            line.decode()
            return True
        except UnicodeDecodeError:
            self.broken.append(line)
            return False

"""Keep lines that are no UTF-8 out of a COPY, and remember them.

Only a server whose encoding is SQL_ASCII can hand out such bytes; PostgreSQL checks
all others itself.
"""


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

"""Whom an erasure is about, as long as that must be known."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Who:
    """A person's identifiers, and what stands for them from now on.

    :param rows: kind → ((key, source, identifier), …)
    """

    rows: dict

    def keys(self, kind):
        """Return our own keys, which stay."""
        return [key for key, _source, _number in self.rows[kind]]

    def numbers(self, kind):
        """Return the identifiers, of whatever source."""
        return [number for _key, _source, number in self.rows[kind]]

    def of(self, source):
        """Return the identifiers of one system alone."""
        return Who(
            {
                kind: [row for row in rows if row[1] == source]
                for kind, rows in self.rows.items()
            }
        )

    def pseudonym_of(self, kind, number):
        """Return what stands for an identifier, or None."""
        return next(
            (-key for key, _s, known in self.rows[kind] if known == number), None
        )

    @property
    def systems(self):
        """Return the sources that know the person."""
        return sorted(
            {source for rows in self.rows.values() for _k, source, _n in rows}
        )

    @property
    def pattern(self):
        """Return a regular expression of PostgreSQL that finds texts to look into."""
        numbers = {str(row[2]) for rows in self.rows.values() for row in rows}
        return rf"\m({'|'.join(sorted(numbers))})\M"

"""What can go wrong, by who can mend it."""


class ReportingError(Exception):
    """Base of all errors that this package raises on purpose.

    The message is for a person: what happened, where, and what to do. It never
    holds a secret.
    """


class ConfigurationError(ReportingError):
    """An administrator must change a setting; trying again does not help."""


class SourceError(ReportingError):
    """The source did not answer or answered nonsense; the next run tries again."""


class StoreError(ReportingError):
    """A store of ours did not answer; the next run tries again."""


class Busy(ReportingError):
    """Another worker is doing this right now; nothing is wrong."""


class TooMany(ReportingError):
    """The caller must wait.

    :param seconds: how long
    :param policy: name of the quota that is spent, if it is one of a caller's
    """

    def __init__(self, message, seconds, policy=""):
        super().__init__(message)
        self.seconds = seconds
        self.policy = policy


class BadQuery(ReportingError):
    """The caller asked for something that cannot be answered.

    :param parameter: name of the offending parameter
    """

    def __init__(self, parameter, message):
        super().__init__(message)
        self.parameter = parameter


class NotFound(BadQuery):
    """The thing asked for does not exist, or not for this caller."""

"""The one error that a person at the terminal is meant to read."""


class SetupError(Exception):
    """Something could not be set up: says what, where and what to do, in one line or few."""


class Unavailable(SetupError):
    """Nobody offers it to this machine: what needs it is left out, and that is told."""

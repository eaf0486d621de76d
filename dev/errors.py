"""The one error that a person at the terminal is meant to read."""


class SetupError(Exception):
    """Something could not be set up: says what, where and what to do, in one line or few."""

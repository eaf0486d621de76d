"""The reporting database behind the screens: what tests plant there, and take away again."""

import os

import databases


def execute(statement, values=None):
    """Run statements and commit them."""
    databases.execute(os.environ["REPORT_PG_DSN"], statement, values)


def rows(statement, values=None):
    """Return the rows of a statement."""
    return databases.rows(os.environ["REPORT_PG_DSN"], statement, values)

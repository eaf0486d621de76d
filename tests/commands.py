"""Commands, called as Odoo calls them, in the test's transaction."""

from contextlib import contextmanager, redirect_stdout
from io import StringIO
from unittest.mock import patch

from odoo.tests import TransactionCase


class CommandCase(TransactionCase):
    """Calls ``command``.

    :cvar command: the module of the command
    :cvar name: of its class
    :ivar is_open: whether the command holds a cursor now
    """

    command = name = None
    is_open = False

    def call(self, *args, databases=None):
        """Call the command. Returns (exit status, what it prints or says)."""
        config = self.command.database.config
        options = type(config).__getitem__
        named = [self.env.cr.dbname] if databases is None else databases

        def given(config, option):
            return named if option == "db_name" else options(config, option)

        out = StringIO()
        with (
            patch.object(self.command.database, "Registry", self._registry),
            patch.object(config, "parse_config"),
            patch.object(type(config), "__getitem__", given),
            redirect_stdout(out),
        ):
            try:
                getattr(self.command, self.name)().run([*args])
            except SystemExit as stopped:
                if isinstance(stopped.code, str):
                    return 1, stopped.code
                return stopped.code, out.getvalue()
        return 0, out.getvalue()

    def _registry(self, name):
        self.assertEqual(name, self.env.cr.dbname)
        return self

    @contextmanager
    def cursor(self):
        """Give the test's cursor, as a registry gives one."""
        self.is_open = True
        yield self.env.cr
        self.is_open = False

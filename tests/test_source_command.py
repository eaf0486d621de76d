from contextlib import contextmanager, redirect_stdout
from io import StringIO
from unittest.mock import MagicMock, patch

from odoo.tests import TransactionCase, tagged

from ..cli import loyalty_stream
from ..core.records import Counts, RunResult

DONE = RunResult("done", Counts(rows_loaded=7))


@tagged("post_install", "-at_install")
class TestSourceCommand(TransactionCase):
    """``odoo-bin loyalty_stream``: which source it reads, and how it ends."""

    def setUp(self):
        super().setUp()
        self.env["loyalty.reporting.source"].search([("type", "=", "stream")]).unlink()

    def stream(self, code, **values):
        return self.env["loyalty.reporting.source"].create(
            {"name": code, "code": code, "type": "stream", **values}
        )

    def found(self, code=None):
        return loyalty_stream._source(self.env, code)

    def refusal(self, code=None):
        """Return what the command says when it ends at once."""
        with self.assertRaises(SystemExit) as ended:
            self.found(code)
        return str(ended.exception)

    def test_the_only_active_stream_is_read(self):
        only = self.stream("shop")
        self.stream("paused", active=False)
        self.assertEqual(self.found(), only)
        self.assertEqual(self.found("shop"), only)

    def test_without_a_stream_there_is_nothing_to_read(self):
        self.stream("paused", active=False)
        self.assertIn("there is none", self.refusal())
        self.assertIn("there is none", self.refusal("paused"))

    def test_of_two_streams_one_must_be_named(self):
        first, second = self.stream("first"), self.stream("second")
        self.assertIn("first, second", self.refusal())
        self.assertIn("first, second", self.refusal("third"))
        self.assertEqual(self.found("first"), first)
        self.assertEqual(self.found("second"), second)

    def test_a_source_of_another_type_is_not_a_stream(self):
        self.stream("shop")
        self.assertIn("shop", self.refusal("engine"))

    # ------------------------------------------------------------ arguments

    def run_command(self, *args, result=DONE, databases=("shop",)):
        """Run it; returns the options for Odoo, the sources read and the output."""
        sources = []

        def consumer(_pipeline, source):
            sources.append(source)
            return lambda stop: result

        @contextmanager
        def cursor(_registry):
            yield self.env.cr

        config = MagicMock()
        config.__getitem__.return_value = list(databases)
        registry = MagicMock()
        registry.return_value.cursor = lambda: cursor(registry)
        pipeline = type(self.env["loyalty.reporting.pipeline"])
        with (
            patch.object(loyalty_stream, "config", config),
            patch.object(loyalty_stream, "Registry", registry),
            patch.object(loyalty_stream.signal, "signal"),
            patch.object(pipeline, "_consumer", consumer),
            redirect_stdout(StringIO()) as output,
        ):
            loyalty_stream.Loyalty_Stream().run(list(args))
        return config.parse_config.call_args.args[0], sources, output.getvalue()

    def test_all_but_the_code_are_odoo_s_options(self):
        first, second = self.stream("first"), self.stream("second")
        options, [read], output = self.run_command("second", "-d", "shop")
        self.assertEqual(options, ["-d", "shop", "--no-http"])
        self.assertEqual(read, second)
        self.assertIn("done: 7 rows.", output)
        first.active = False
        options, [read], _output = self.run_command("-d", "shop")
        self.assertEqual(options, ["-d", "shop", "--no-http"])
        self.assertEqual(read, second)

    def test_one_database_must_be_named(self):
        self.stream("shop")
        for databases in ((), ("one", "two")):
            with self.assertRaises(SystemExit) as ended:
                self.run_command(databases=databases)
            self.assertIn("-d DATABASE", str(ended.exception))

    def test_a_failed_run_ends_with_status_1(self):
        self.stream("shop")
        failed = RunResult("failed", message="The stream is away.")
        with self.assertRaises(SystemExit) as ended:
            self.run_command("-d", "shop", result=failed)
        self.assertEqual(ended.exception.code, 1)

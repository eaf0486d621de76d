import os
import re
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import pytest
from odoo.tests import tagged

from ..core.api import openapi
from .test_rest import RestCase

_CONFORMANCE = Path(__file__).parent / "conformance"


@tagged("post_install", "-at_install")
class TestSchemathesis(RestCase):
    """Questions made of the OpenAPI document, and some that it forbids, over HTTP.

    The facts are few, and read in the test's own transaction: requests take turns.
    """

    def setUp(self):
        super().setUp()
        self.folder = self.enterContext(TemporaryDirectory())

    def test_the_api_is_as_its_document_says(self):
        self.assert_conforms("--phases=examples,fuzzing", "--max-examples=15")

    @pytest.mark.slow
    def test_the_api_is_as_its_document_says_at_every_bound_of_it(self):
        self.assert_conforms("--max-examples=200")

    def test_a_document_that_is_wrong_is_noticed(self):
        wrong = {"tier": ({"type": "integer"}, "It is none.")}
        self.startPatcher(patch.dict(openapi.answers._META, wrong))
        code, said = self.run_schemathesis(
            "--phases=examples", "--include-operation-id=promotions_performance"
        )
        self.assertEqual(code, 1, said)
        self.assertIn("Response violates schema", said)

    def assert_conforms(self, *options):
        code, said = self.run_schemathesis(*options)
        self.assertEqual(code, 0, said)
        [count] = re.findall(r"(\d+) generated", said)
        self.assertGreater(int(count), 50, said)

    def run_schemathesis(self, *options):
        """Return (exit code, what it said)."""
        self.env.flush_all()
        command = [
            Path(sys.executable).parent / "schemathesis",
            f"--config-file={_CONFORMANCE / 'schemathesis.toml'}",
            "run",
            f"{self.base_url()}/api/v1/openapi.json",
            "--no-color",
            *options,
        ]
        variables = {
            **os.environ,
            "LR_API_KEY": self.key_of_reader,
            "LR_HOOKS": str(_CONFORMANCE / "hooks.py"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with self.allow_requests(all_requests=True):
            done = subprocess.run(
                command,
                env=variables,
                # It keeps what failed in the folder where it runs.
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
        return done.returncode, done.stdout

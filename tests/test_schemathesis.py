import os
import subprocess
import sys
from pathlib import Path

import pytest
from odoo.tests import tagged

from .test_rest import RestCase

_CONFORMANCE = Path(__file__).parent / "conformance"


@tagged("post_install", "-at_install")
class TestSchemathesis(RestCase):
    """Questions made of the OpenAPI document, and some that it forbids, over HTTP.

    The facts are few, and read in the test's own transaction: requests take turns.
    """

    def test_the_api_is_as_its_document_says(self):
        self.run_schemathesis("--max-time=40", timeout=150)

    @pytest.mark.slow
    def test_the_api_is_as_its_document_says_asked_long(self):
        self.run_schemathesis("--max-examples=400", timeout=3600)

    def run_schemathesis(self, *options, timeout):
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
                cwd=_CONFORMANCE,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout,
                check=False,
            )
        self.assertEqual(done.returncode, 0, done.stdout)
        # It did ask: of every operation, and of each many times.
        self.assertRegex(done.stdout, r"\d{3,} generated")

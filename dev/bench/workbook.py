"""A workbook of 100,000 rows × 10 columns, by us and by Odoo's own export, in Odoo's process."""

import os
import sys
import time
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from tempfile import TemporaryFile
from types import SimpleNamespace

from .. import environment
from ..shell import run
from . import demo

ROWS, FEW = 100_000, 200
SLUG = "promotions/performance"
# Ten columns each: two names with their numbers or a time, a day, and numbers.
OURS = {
    "date_from": "2017-01-01",
    "date_to": "2017-05-31",
    "group_by": "hour",
    "dimensions": "program,store",
    "measures": "total_transactions,total_amount,total_discount,total_qty",
}
THEIRS = (
    "program_key", "shop_key", "date", "transaction_date", "line_count", "qty",
    "amount", "discount", "points_earned", "total_transactions",
)  # fmt: skip


def main():
    """Seconds and added memory of 100,000 rows × 10 columns: Odoo's export, and ours."""
    serving = demo.running()
    setup = serving.setup
    root = setup.paths.repository
    variables = {
        **environment.python(setup),
        **serving.demo_variables(),
        "PYTHONPATH": f"{setup.odoo.python_path}:{root}",
    }
    for way in WAYS:
        command = [setup.python, "-m", "dev.bench.workbook", way]
        print(run(command, way, env=variables, cwd=root), end="", flush=True)


def inside(way):
    """Do it in a transaction that is rolled back; run in the environment that has Odoo."""
    from odoo import api  # noqa: PLC0415 (only inside)
    from odoo.modules.registry import Registry  # noqa: PLC0415
    from odoo.tools import config  # noqa: PLC0415

    config.parse_config(["--config", os.environ["ODOO_RC"]], setup_logging=True)
    with Registry(os.environ["ODOO_DB"]).cursor() as cr:
        env = api.Environment(cr, 2, {})
        WAYS[way](env, FEW)
        env.invalidate_all()
        _clear_peak()
        before, cpu, begun = _peak(), time.process_time(), time.perf_counter()
        count, size = WAYS[way](env, ROWS)
        seconds, busy = time.perf_counter() - begun, time.process_time() - cpu
        print(
            f"{way:14} {count:7,} rows {seconds:7.2f} s, {busy:6.2f} s of them computing;"
            f" {_peak() - before:5.0f} MiB added; {size / 2**20:4.1f} MiB",
            flush=True,
        )
        cr.rollback()


def _odoo(env, rows):
    """The code of /web/export/xlsx for the list of promotions on orders."""
    from odoo.addons.web.controllers.export import ExcelExport  # noqa: PLC0415
    from odoo.tools import json  # noqa: PLC0415

    model = env["promotion.order"]
    asked = {
        "model": model._name,
        "fields": [{"name": n, "label": n, "type": ""} for n in THEIRS],
        "ids": model.search([], limit=rows).ids,
        "domain": [],
        "import_compat": False,
    }
    with _request(env):
        content = ExcelExport().base(json.scriptsafe.dumps(asked))
    return len(asked["ids"]), len(content)


@contextmanager
def _request(env):
    """What the controller asks of a request."""
    from odoo import http  # noqa: PLC0415

    http._request_stack.push(
        SimpleNamespace(
            env=env,
            httprequest=SimpleNamespace(environ={"REMOTE_ADDR": "bench"}),
            make_response=lambda content, **_more: content,
        )
    )
    try:
        yield
    finally:
        http._request_stack.pop()


def _ours(env, rows):
    """The whole way from the question to the file, sections and totals included."""
    from odoo.addons.loyalty_reporting.core.exports import files  # noqa: PLC0415

    reader = env["loyalty.reporting.reader"]
    query = reader._query(SLUG, OURS)
    with (
        reader._exported(query, files.XLSX) as answer,
        TemporaryFile() as file,
    ):
        cut = replace(answer, rows=islice(answer.rows, rows), total=rows)
        counted = files.Counted()
        edition = reader._edition(query, OURS)
        files.write(file, query, counted.of(cut), files.XLSX, edition)
        return counted.count, file.tell()


WAYS = {"Odoo's export": _odoo, "ours": _ours}


def _clear_peak():
    """Have the peak begin anew at what is used now."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def _peak():
    """MiB that this process had at most."""
    with open("/proc/self/status", encoding="ascii") as file:
        status = file.read()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


if __name__ == "__main__":
    inside(sys.argv[1])

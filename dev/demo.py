"""Configure the demo's database: company, customers, source, first load, API key.

Run in the environment that has Odoo, before Odoo is started; can be run again at
will. The API key goes into the file that LR_API_KEY_FILE names, readable by its
owner only.
"""

import os
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry
from odoo.tools import config

from core.database import connect

from .errors import SetupError
from .steps import step

TIME_ZONE = "America/New_York"
KEY_DAYS = 365
# Customers of the live replay are nobody's household (dev/reference_engine/replay/ids.py).
FIRST_LIVE_CUSTOMER = 9_000_000
# What the reference engine asks for (dev/reference_engine/membership.py), by product.
THRESHOLDS = {1: 0, 2: 300, 3: 1000}


def main():
    """Do each step that is not done yet."""
    config.parse_config(["--config", os.environ["ODOO_RC"]], setup_logging=True)
    with _environment() as env:
        _configure(env)
    with step("loading the engine's history"), _environment() as env:
        _load(env)
    with _environment() as env:
        _tell_thresholds(env)
    with step("filling ClickHouse, refreshing the summary"), _environment() as env:
        pipeline = env["loyalty.reporting.pipeline"]
        _check(pipeline._push())
        for result in pipeline._refresh().values():
            _check(result)
    with _environment() as env:
        _ensure_key(env, Path(os.environ["LR_API_KEY_FILE"]))


@contextmanager
def _environment():
    with Registry(os.environ["ODOO_DB"]).cursor() as cr:
        yield api.Environment(cr, SUPERUSER_ID, {"active_test": False})


def _configure(env):
    """The shops are in America: currency, business days; a partner per household."""
    company = env.ref("base.main_company")
    usd = env.ref("base.USD")
    if company.currency_id != usd:
        usd.active = True
        company.currency_id = usd
    if company.loyalty_reporting_tz != TIME_ZONE:
        company.loyalty_reporting_tz = TIME_ZONE
    source = env["loyalty.reporting.source"].search([("code", "=", "engine")])
    households = _households(source)
    known = set(env["res.partner"].search([("ref", "!=", False)]).mapped("ref"))
    env["res.partner"].create(
        [
            {"name": f"Household {household}", "ref": str(household)}
            for household in households
            if str(household) not in known
        ]
    )


def _households(source):
    with (
        closing(connect(source._connector().dsn, readonly=True)) as connection,
        connection.cursor() as cr,
    ):
        cr.execute(
            "SELECT DISTINCT partner_id FROM engine.processed_order"
            " WHERE partner_id < %s ORDER BY 1",
            [FIRST_LIVE_CUSTOMER],
        )
        return [household for (household,) in cr.fetchall()]


def _load(env):
    source = env["loyalty.reporting.source"].search([("code", "=", "engine")])
    _check(env["loyalty.reporting.pipeline"]._sync(source))


def _tell_thresholds(env):
    """Tell what spend the levels of the engine ask for: its contract does not."""
    company = env.ref("base.main_company")
    products = env["loyalty.reporting.membership.product"].with_company(company)
    for product in products.search([("source", "=", "engine")]):
        threshold = THRESHOLDS.get(product.external_id, product.threshold)
        if product.threshold != threshold:
            product.threshold = threshold


def _check(result):
    if result.state not in ("done", "busy"):
        raise SetupError(result.message)


def _ensure_key(env, path):
    """Make an API key of the administrator, unless the file holds one that works."""
    user = env.ref("base.user_admin")
    keys = env["res.users.apikeys"].with_user(user)
    if path.exists() and keys._check_credentials(scope="rpc", key=path.read_text()):
        return
    expires = datetime.now() + timedelta(days=KEY_DAYS)
    key = keys.sudo()._generate(None, "Loyalty Reporting demo", expires)
    path.touch(mode=0o600)
    path.write_text(key)


if __name__ == "__main__":
    main()

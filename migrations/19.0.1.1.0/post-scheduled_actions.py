"""Scheduled actions are the administrator's: an update does not rename them by itself."""

from odoo import SUPERUSER_ID, api

FORMER = "Loyalty Reporting: refresh the day summary"
NAME = "Loyalty Reporting: refresh the materialized views"


def migrate(cr, version):
    env = api.Environment(cr, SUPERUSER_ID, {"lang": "en_US"})
    cron = env.ref("loyalty_reporting.ir_cron_refresh", raise_if_not_found=False)
    if cron and cron.name == FORMER:
        cron.name = NAME

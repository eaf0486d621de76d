"""For how long Odoo lets a worker be at one piece of work."""

from odoo.tools import config

_MARGIN_SECONDS = 10  # to end well before the worker is killed


def of_scheduled_action():
    """Return for how many seconds a scheduled action may run; None: without end."""
    limit = config["limit_time_real_cron"]
    if limit < 0 or not (limit or config["workers"]):
        return of_request()
    return _before(limit)


def of_request():
    """Return for how many seconds a request may be answered; None: without end."""
    return _before(config["limit_time_real"])


def of_computing(seconds):
    """Return the shorter of some seconds and those for which a worker may use the CPU."""
    limits = [seconds, config["limit_time_cpu"] if config["workers"] else None]
    return min(filter(None, limits), default=None)


def _before(limit):
    return max(1, limit - _MARGIN_SECONDS) if limit else None

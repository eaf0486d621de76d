"""A message in the corner of the page, as the action that Odoo shows it by."""

RELOAD = {"type": "ir.actions.client", "tag": "soft_reload"}


def notification(title, message, kind="info", following=None):
    """Return the action that tells something.

    :param kind: ``success``, ``info``, ``warning`` or ``danger``, which stays until it is
        closed
    :param following: action that follows at once, such as :data:`RELOAD`
    """
    params = {"title": title, "message": message, "type": kind}
    params["sticky"] = kind == "danger"
    if following:
        params["next"] = following
    return {
        "type": "ir.actions.client",
        "tag": "display_notification",
        "params": params,
    }

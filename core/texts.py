"""Marks texts that a reader sees: they are English here, and translated where they are shown.

The registry is read once, by everybody; in which language is known only when something
is shown. Odoo's export of terms finds what is marked, as gettext's does.
"""


def _(text):
    """Return the text as it is; its translation has its place in ``i18n/``."""
    return text

"""What a report's measure is called and means, for the fields of pivots."""

import re

from ..core.queries import REPORTS

_NAME = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b")


def described(slug, name, more=""):
    """Return ``string`` and ``help`` of the field that shows a measure of a report.

    Both follow from the measure's own label and definition, in which other measures
    are called by their labels.

    :param more: a sentence that holds in Odoo only
    :raise KeyError: the report, or a measure of it, does not exist
    """
    report = REPORTS[slug]

    def label(found):
        return report.measure(found[0]).label.lower()

    measure = report.measure(name)
    text = _NAME.sub(label, measure.definition.replace(" / ", " ÷ "))
    text = text[0].upper() + text[1:]
    return {"string": measure.label.title(), "help": f"{text} {more}".strip()}

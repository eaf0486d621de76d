"""What columns and restrictions are called in a file, in the reader's language."""

from ..queries.base import PREVIOUS, Additivity, Grain, Kind, Measure


def label_of(column, query, edition):
    """Return what a column is called; an instant says whose clock shows it."""
    _ = edition.translate
    if measure := _compared(column, query):
        return _("%(measure)s before") % {"measure": _(measure.label)}
    if _is_instant(column):
        return f"{_(column.label).removesuffix(' (UTC)')} ({query.company.timezone})"
    return _(column.label)


def definition_of(column, query, edition):
    """Return what a column means."""
    _ = edition.translate
    if measure := _compared(column, query):
        before = _("In the period that is compared with.")
        return f"{_(measure.definition)} {before}"
    if _is_instant(column):
        shown = _("Shown here by the clock of %(zone)s.")
        zone = {"zone": query.company.timezone}
        return f"{_(column.definition)} {shown % zone}"
    return _(column.definition)


def adding_up(column, edition):
    """Return whether values of several rows may be added up, in words."""
    _ = edition.translate
    if not isinstance(column, Measure):
        return ""
    return {
        Additivity.ADDITIVE: _("Yes"),
        Additivity.RATIO: _("No: a ratio of sums"),
        Additivity.DISTINCT: _("No: counted distinct"),
        Additivity.SEMI_ADDITIVE: _("Not over time: a level at the end"),
    }[column.additivity]


def grain_of(query, edition):
    """Return the buckets of time of a question, in words; empty for a listing."""
    _ = edition.translate
    return {
        Grain.HOUR: _("Hour"),
        Grain.DAY: _("Day"),
        Grain.WEEK: _("Week"),
        Grain.MONTH: _("Month"),
        Grain.YEAR: _("Year"),
        Grain.PERIOD: _("Whole period"),
        None: "",
    }[query.grain]


def restrictions(query, edition):
    """Return (what is restricted, to what) of a question, in words."""
    _ = edition.translate
    found = []
    for asked, values in query.filters:
        names = edition.names.get(asked.name, {})
        shown = ", ".join(_named(value, names, edition) for value in values)
        found.append((_(asked.label or asked.name), shown))
    return found


def told(query, edition):
    """Return a question in words, a line for each of its parts; without its period."""
    _ = edition.translate
    parts = [
        (_("A row for each"), grain_of(query, edition)),
        (_("Told apart by"), _listed((d.columns[-1] for d in query.dimensions), _)),
        (_("Measures"), _listed(query.measures, _)),
        *restrictions(query, edition),
    ]
    return "\n".join(f"{label}: {text}" for label, text in parts if text)


def _listed(columns, translate):
    return ", ".join(translate(column.label) for column in columns)


def store_of(answer, edition):
    """Return which store and which of its tables answered, in words."""
    stores = {"postgresql": "PostgreSQL", "clickhouse": "ClickHouse"}
    known = {"store": stores.get(answer.store, answer.store), "tier": answer.tier}
    _ = edition.translate
    return _("%(store)s, table “%(tier)s”") % known


def _named(value, names, edition):
    if name := names.get(value):
        return f"{name} ({value})" if isinstance(value, int) else name
    _ = edition.translate
    return str(value) or _("(none)")


def _compared(column, query):
    """Return the measure that a column shows of the period before, or None."""
    if isinstance(column, Measure) and column.name.startswith(PREVIOUS):
        return query.report.measure(column.name.removeprefix(PREVIOUS))
    return None


def _is_instant(column):
    return getattr(column, "kind", None) is Kind.INSTANT

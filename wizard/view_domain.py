"""A view's domain as the parameters of a report, as far as they can say it."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, timedelta

from odoo.fields import Domain
from odoo.orm.domains import DomainAnd, DomainCondition, DomainOr

_DAY = timedelta(days=1)
_SIGNS = {"in": "=", "not in": "≠", "any": "=", "not any": "≠"}
_LIKE = ("ilike", "like", "=ilike", "=like")


class Unsaid(Exception):
    """A report has no parameter for a part of a domain."""


@dataclass
class Said:
    """What parameters say of a domain.

    :param values: name of a filter → its values, as the engine numbers or writes them
    :param records: name of a filter → the records, where its values are records'
    :param period: first and last business day, or None for what is open
    :param company: id, where there is one
    :param left_out: parts that no parameter says, in words
    """

    values: dict = field(default_factory=dict)
    records: dict = field(default_factory=dict)
    period: tuple = (None, None)
    company: int | None = None
    left_out: list = field(default_factory=list)


def said(domain, model, view):
    """Return the :class:`Said` of a domain.

    :param domain: of the model
    :param view: :class:`~report.views.View`
    """
    reader = _Reader(model, view)
    for part in _parts(Domain(domain).optimize_full(model)):
        try:
            reader.take(part)
        except Unsaid:
            reader.said.left_out.append(reader.words(part))
    return reader.said


def _parts(domain):
    """Return what must all hold."""
    if domain.is_true():
        return ()
    return domain.children if isinstance(domain, DomainAnd) else (domain,)


class _Reader:
    def __init__(self, model, view):
        self._model, self._view = model, view
        self.said = Said()

    def take(self, part):
        """Note what a part says.

        :raise Unsaid: no parameter says it
        """
        names = {condition.field_expr for condition in part.iter_conditions()}
        if len(names) != 1:
            raise Unsaid()
        [name] = names
        if name == self._view.day:
            self._take_period(part)
        elif name == "company_id":
            self._take_company(part)
        else:
            self._take_values(name, part)

    def _take_period(self, part):
        begin, end = _both(self.said.period, _period(part))
        if begin and end and begin > end:
            raise Unsaid()
        self.said.period = (begin, end)

    def _take_company(self, part):
        if not isinstance(part, DomainCondition) or part.operator != "in":
            raise Unsaid()
        companies = {*part.value} & {*self._model.env.companies.ids}
        if len(companies) != 1:
            raise Unsaid()
        [self.said.company] = companies

    def _take_values(self, name, part):
        asked, _dimension = self._view.fields.get(name, ("", ""))
        if not asked:
            raise Unsaid()
        found = self._records(name, part) if self._comodel(name) is not None else None
        values = found.mapped("external_id") if found is not None else None
        values = {*(self._texts(name, part) if values is None else values)}
        if asked in self.said.values:
            values &= self.said.values[asked]
        if not values:
            raise Unsaid()
        self.said.values[asked] = values
        if found is not None:
            kept = found.filtered(lambda record: record.external_id in values)
            self.said.records[asked] = kept

    def _comodel(self, name):
        shown = self._model._fields[name]
        return self._model.env[shown.comodel_name] if shown.relational else None

    def _records(self, name, part):
        """Return the records that a part lets through."""
        comodel = self._comodel(name).with_context(active_test=False)
        if isinstance(part, DomainOr):
            parts = (self._records(name, child) for child in part.children)
            return comodel.union(*parts)
        if not isinstance(part, DomainCondition):
            raise Unsaid()
        if part.operator == "in" and False not in part.value:
            return comodel.browse(part.value).exists()
        if part.operator == "any" and isinstance(part.value, Domain):
            return comodel.search(part.value)
        raise Unsaid()

    def _texts(self, name, part):
        """Return the texts that a part lets through."""
        if isinstance(part, DomainOr):
            texts = [self._texts(name, child) for child in part.children]
            return set().union(*texts)
        if not isinstance(part, DomainCondition):
            raise Unsaid()
        if part.operator == "in" and False not in part.value:
            return {*part.value}
        if part.operator in _LIKE:
            groups = self._model._read_group([*part], [name])
            return {text for (text,) in groups if text}
        raise Unsaid()

    def words(self, part):
        """Return a part of a domain as a person reads it."""
        env = self._model.env
        if isinstance(part, DomainCondition):
            return self._words_of(part)
        joint = env._(" or ") if isinstance(part, DomainOr) else env._(" and ")
        if isinstance(part, DomainAnd | DomainOr):
            return "(" + joint.join(self.words(child) for child in part.children) + ")"
        return str(part)

    def _words_of(self, condition):
        env = self._model.env
        path, model = [], self._model
        for name in condition.field_expr.split("."):
            shown = model._fields.get(name)
            path.append(shown.get_description(model.env)["string"] if shown else name)
            if shown is not None and shown.relational:
                model = model.env[shown.comodel_name]
        sign = _SIGNS.get(condition.operator, condition.operator)
        values = condition.value
        if isinstance(values, Domain):
            texts = [str(inner.value) for inner in values.iter_conditions()]
        else:
            is_one = isinstance(values, str) or not isinstance(values, Collection)
            texts = [str(values)] if is_one else [*map(str, values)]
        texts = [env._("(none)") if text == "False" else text for text in texts]
        return f"{' / '.join(path)} {sign} {', '.join(sorted(texts))}"


def _period(part):
    """Return (first, last) business day that a part lets through."""
    if isinstance(part, DomainAnd):
        period = (None, None)
        for child in part.children:
            period = _both(period, _period(child))
        return period
    if isinstance(part, DomainOr):
        return _either([_period(child) for child in part.children])
    if not isinstance(part, DomainCondition):
        raise Unsaid()
    return _days(part.operator, part.value)


def _days(operator, value):
    if operator == "in" and all(isinstance(day, date) for day in value):
        return _either([(day, day) for day in value])
    if not isinstance(value, date):
        raise Unsaid()
    found = {
        ">=": (value, None),
        ">": (value + _DAY, None),
        "<=": (None, value),
        "<": (None, value - _DAY),
    }
    if operator not in found:
        raise Unsaid()
    return found[operator]


def _both(one, other):
    begins = [begin for begin, _end in (one, other) if begin]
    ends = [end for _begin, end in (one, other) if end]
    return max(begins, default=None), min(ends, default=None)


def _either(periods):
    """Return the one period that several make, if there is no day between them."""
    first, *others = sorted(periods, key=lambda period: period[0] or date.min)
    begin, end = first
    for next_begin, next_end in others:
        if end is None or next_begin is None or next_begin <= end + _DAY:
            end = None if end is None or next_end is None else max(end, next_end)
        else:
            raise Unsaid()
    return begin, end

"""How much a document may ask for: each limit has an error of its own.

``depth`` and ``fields`` are looked at before the document is validated, ``cost`` after it:
cost = the sum over all selected fields of how often each can occur in the answer: a field
of rows as often as there can be rows (perPage, or the limit of a bare list), a field of
the catalogue as often as the longest list of any report has entries. A field of
introspection counts 300.
"""

from dataclasses import dataclass

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    IntValueNode,
    OperationDefinitionNode,
    OperationType,
    VariableNode,
    get_named_type,
)

from ...queries.params import MAX_PER_PAGE

_INTROSPECTION = ("__schema", "__type")
_COST_OF_INTROSPECTION = 300


@dataclass(frozen=True)
class Limits:
    """The limits; see ``core.settings``.

    :param depth: of fields within fields, introspection aside
    :param fields: at the top, under whatever alias
    :param tokens: of a document
    :param cost: see above
    :param rows: of a bare list
    :param introspection: may the schema be asked for? 0 or 1
    """

    depth: int = 8
    fields: int = 20
    tokens: int = 1000
    cost: int = 100_000
    rows: int = 1000
    introspection: int = 1

    @classmethod
    def of(cls, settings):
        """Return the limits that an installation is set to."""
        names = ("depth", "fields", "tokens", "cost", "rows", "introspection")
        return cls(**{name: getattr(settings, f"graphql_{name}") for name in names})


class LimitExceeded(GraphQLError):
    """The document asks for too much."""


@dataclass(frozen=True)
class _Shape:
    """Of a selection: how deep it is, how many fields stand at its top, and in it."""

    depth: int = 0
    fields: int = 0
    all_fields: int = 0


def check_shape(document, limits):
    """Refuse a document that is too deep or too wide at its top.

    :raise LimitExceeded: with what was found and what is allowed
    """
    shapes = _Shapes(document)
    for operation in _operations(document):
        shape = shapes.of(operation.selection_set)
        if shape.depth > limits.depth:
            raise LimitExceeded(
                f"The operation is {shape.depth} fields deep, allowed are {limits.depth}.",
                operation,
            )
        if shape.fields > limits.fields:
            raise LimitExceeded(
                f"The operation has {shape.fields} fields at its top, allowed are "
                f"{limits.fields}: ask in several requests.",
                operation,
            )


def check_cost(schema, document, operation_name, variables, limits):
    """Refuse a valid document that could have too large an answer.

    :param variables: as they came
    :raise LimitExceeded: with the cost and what is allowed
    """
    for operation in _operations(document):
        name = operation.name and operation.name.value
        is_query = operation.operation is OperationType.QUERY
        if is_query and operation_name in (None, "", name):
            costs = _Costs(schema, document, variables or {}, limits)
            cost = costs.of(operation.selection_set, schema.query_type, None)
            if cost > limits.cost:
                raise LimitExceeded(
                    f"The operation costs {cost}, allowed are {limits.cost}: rows times "
                    "fields, rows being perPage or, of a list, "
                    f"{limits.rows}. Ask for fewer fields or smaller pages.",
                    operation,
                )


def _operations(document):
    return [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]


def _fragments(document):
    found = (d for d in document.definitions if isinstance(d, FragmentDefinitionNode))
    return {fragment.name.value: fragment for fragment in found}


class _Shapes:
    """Shapes of selections; each fragment is looked at once, whoever spreads it."""

    def __init__(self, document):
        self._fragments = _fragments(document)
        self._known = {}

    def of(self, selection_set):
        depth = fields = total = 0
        for node in selection_set.selections if selection_set else ():
            shape = self._of_selection(node)
            depth = max(depth, shape.depth)
            fields += shape.fields
            total += shape.all_fields
        return _Shape(depth, fields, total)

    def _of_selection(self, node):
        if isinstance(node, FieldNode):
            below = self.of(node.selection_set)
            depth = 0 if node.name.value in _INTROSPECTION else below.depth
            return _Shape(1 + depth, 1, 1 + below.all_fields)
        if isinstance(node, FragmentSpreadNode):
            return self._of_fragment(node.name.value)
        return self.of(node.selection_set)

    def _of_fragment(self, name):
        if name not in self._known:
            # Within itself it adds nothing: that is no valid document, as is told later.
            self._known[name] = _Shape()
            if name in self._fragments:
                self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]


class _Costs:
    """Costs of selections of a valid document."""

    def __init__(self, schema, document, variables, limits):
        self._schema = schema
        self._fragments = _fragments(document)
        self._shapes = _Shapes(document)
        self._variables = variables
        self._limits = limits
        self._known = {}

    def of(self, selection_set, parent, per_page):
        return sum(
            self._of_selection(node, parent, per_page)
            for node in (selection_set.selections if selection_set else ())
        )

    def _of_selection(self, node, parent, per_page):
        if isinstance(node, FragmentSpreadNode):
            key = (node.name.value, per_page)
            if key not in self._known:
                fragment = self._fragments[node.name.value]
                self._known[key] = self.of(fragment.selection_set, parent, per_page)
            return self._known[key]
        if not isinstance(node, FieldNode):
            return self.of(node.selection_set, parent, per_page)
        return self._of_field(node, parent, per_page)

    def _of_field(self, node, parent, per_page):
        name = node.name.value
        if name in _INTROSPECTION:
            below = self._shapes.of(node.selection_set).all_fields
            return _COST_OF_INTROSPECTION * below
        if name.startswith("__"):
            return 1
        definition = parent.fields[name]
        if "perPage" in definition.args:
            per_page = self._per_page(node)
        below = self.of(node.selection_set, get_named_type(definition.type), per_page)
        sizes = {"rows": self._limits.rows, "page": per_page}
        size = definition.extensions.get("size", 1)
        return 1 + sizes.get(size, size) * below

    def _per_page(self, node):
        """Return the argument perPage; where that cannot be told, the most it can be."""
        for argument in node.arguments:
            if argument.name.value == "perPage":
                value = argument.value
                if isinstance(value, IntValueNode):
                    return int(value.value)
                found = isinstance(value, VariableNode) and self._variables.get(
                    value.name.value
                )
                return found if isinstance(found, int) and found > 0 else MAX_PER_PAGE
        return 100

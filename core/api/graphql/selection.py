"""What a document selects below a field, fragments and @skip/@include seen through."""

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLSkipDirective,
    get_directive_values,
)


def below(info, nodes):
    """Return {name in the response: its field nodes} of what is selected below fields.

    No type of ours is abstract, so that every fragment of a valid document applies.

    :param nodes: the nodes of one field, which may stand in a document several times
    """
    found = {}
    for node in nodes:
        _collect(info, node.selection_set, found, set())
    return found


def named(fields, name):
    """Return the nodes of all selections of a field, under whatever name."""
    return [node for nodes in fields.values() for node in nodes if _name(node) == name]


def field_names(fields):
    """Return the names of the fields that are selected, each once, in order."""
    return [*dict.fromkeys(_name(nodes[0]) for nodes in fields.values())]


def _name(node):
    return node.name.value


def _collect(info, selection_set, found, visited):
    for node in selection_set.selections:
        if not _is_included(info, node):
            continue
        if isinstance(node, FieldNode):
            name = node.alias.value if node.alias else _name(node)
            found.setdefault(name, []).append(node)
        elif not isinstance(node, FragmentSpreadNode):
            _collect(info, node.selection_set, found, visited)
        elif _name(node) not in visited:
            visited.add(_name(node))
            fragment = info.fragments[_name(node)]
            _collect(info, fragment.selection_set, found, visited)


def _is_included(info, node):
    if not node.directives:
        return True
    skip, include = (
        get_directive_values(directive, node, info.variable_values) or {}
        for directive in (GraphQLSkipDirective, GraphQLIncludeDirective)
    )
    return not skip.get("if", False) and include.get("if", True)

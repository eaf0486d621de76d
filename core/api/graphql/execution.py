"""From the text of a document to the response: parse, check, execute."""

from dataclasses import dataclass
from functools import lru_cache

import simplejson
from graphql import (
    ExecutionResult,
    GraphQLError,
    NoSchemaIntrospectionCustomRule,
    OperationType,
    execute_sync,
    get_operation_ast,
    parse,
    specified_rules,
    validate,
)

from . import errors
from .asking import Context
from .limits import check_cost, check_shape
from .schema import schema

_MOST_ERRORS = 20
# Documents that are kept parsed and checked; one has at most Limits.tokens tokens.
_KEPT_DOCUMENTS = 64


@dataclass(frozen=True)
class Response:
    """What is sent.

    :param data: None where it is not there or null
    :param errors: in GraphQL's form
    :param is_executed: without it there is no data, not even null
    """

    data: dict | None
    errors: list
    is_executed: bool

    def text(self):
        """Return the response as JSON; decimals are numbers with all their digits."""
        document = {"errors": self.errors} if self.errors else {}
        if self.is_executed:
            document["data"] = self.data
        return simplejson.dumps(document, use_decimal=True, ensure_ascii=False)


class Refused(Exception):
    """A document that is not executed.

    :param errors: why, as the library has them
    """

    def __init__(self, found):
        super().__init__()
        self.errors = found


def execute(document, variables, operation_name, reader, limits):
    """Answer a document.

    :param variables: a dict, or None
    :param reader: has ``reports()`` → {slug: report} that may be read, ``query(slug,
        given)`` and ``answer(query)`` as ``loyalty.reporting.reader`` has them, and raises
        our errors, among them :class:`~core.api.graphql.errors.Forbidden`
    :param limits: :class:`~core.api.graphql.limits.Limits`
    :return: :class:`Response`; nothing is raised
    """
    try:
        parsed = _checked(document, limits)
        check_cost(schema(), parsed, operation_name, variables, limits)
    except Refused as refused:
        return _refused(refused.errors, errors.of_request)
    except GraphQLError as error:
        return _refused([error], errors.of_request)
    context = Context(reader, limits)
    result = execute_sync(
        schema(),
        parsed,
        context_value=context,
        variable_values=variables,
        operation_name=operation_name or None,
    )
    return _response(result, context)


def is_mutation(document, operation_name, limits):
    """Tell whether a document is one that must not be executed by GET.

    A faulty one is not: its faults are told when it is executed.
    """
    try:
        parsed = parse(document, max_tokens=limits.tokens)
    except (GraphQLError, RecursionError):
        return False
    operation = get_operation_ast(parsed, operation_name or None)
    return operation is not None and operation.operation is OperationType.MUTATION


@lru_cache(maxsize=_KEPT_DOCUMENTS)
def _checked(document, limits):
    """Return a valid document, parsed.

    :raise Refused: it is not valid, or too large
    """
    try:
        parsed = parse(document, max_tokens=limits.tokens)
        check_shape(parsed, limits)
    except GraphQLError as error:
        raise Refused([error]) from None
    except RecursionError:
        raise Refused([GraphQLError("The document is nested too deeply.")]) from None
    rules = [*specified_rules]
    if not limits.introspection:
        rules.append(NoSchemaIntrospectionCustomRule)
    if found := validate(schema(), parsed, rules, max_errors=_MOST_ERRORS):
        raise Refused(found)
    return parsed


def _refused(found, formatted):
    return Response(None, [formatted(error) for error in found], is_executed=False)


def _response(result: ExecutionResult, context):
    found = result.errors or []
    if result.data is None and not any(error.path for error in found):
        return _refused(found, errors.of_variables)
    context.ready.place(result.data)
    return Response(result.data, [*map(errors.of_field, found)], is_executed=True)

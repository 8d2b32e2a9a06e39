"""What a document may ask for. It is looked through before anything is read or written."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    parse,
)

from handler.contract import ErrorCode
from handler.errors import Refused

# The longest of Webiny's own documents has 2,000 characters and 90 tokens; the introspection of
# GraphQL's clients has 1,500 and 200, and is 13 levels deep.
MAX_DOCUMENT_CHARACTERS: Final = 100_000
MAX_TOKENS: Final = 10_000
MAX_LEVELS: Final = 20
# A list looks at 200 tasks for its page, or at as many as it may have; the others at one task, or
# at one's logs.
MAX_READS: Final = 50
MAX_LISTS: Final = 10
MAX_MUTATIONS: Final = 10
# Half a million of the smallest values take the API some 200 MB.
MAX_VARIABLE_VALUES: Final = 500_000

# The fields of a query, or a mutation, that have all others.
TASKS: Final = "backgroundTasks"
TRIGGERS: Final = "trigger"
# Each of their pages takes as many requests as a list of tasks, or more.
_LISTS: Final = ("listTasks", "listQueue", "getLimits")

_Fragments = Mapping[str, FragmentDefinitionNode]


def too_large(message: str) -> Refused:
    """The error of a request that asks for too much."""
    return Refused(message, code=ErrorCode.REQUEST_TOO_LARGE)


def parsed(_: object, data: Mapping[str, Any]) -> DocumentNode:
    """The document of a request, as Ariadne wants it parsed.

    Raises:
        Refused: it asks for more than a request may.
        GraphQLError: it is no document, or has too many tokens.
    """
    text: str = data["query"]
    if len(text) > MAX_DOCUMENT_CHARACTERS:
        raise too_large(
            f"The document has {len(text):,} characters; it may have {MAX_DOCUMENT_CHARACTERS:,}."
            " Next: send values as variables, and split the rest."
        )
    _check_values(data.get("variables"))
    document = parse(text, max_tokens=MAX_TOKENS)
    fragments = {
        node.name.value: node
        for node in document.definitions
        if isinstance(node, FragmentDefinitionNode)
    }
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            _check(node, fragments)
    return document


def _check_values(variables: object) -> None:
    """Refuses variables of too many values: each is an object in memory, and is copied."""
    count, left = 0, [variables]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)
        count += 1
        if count + len(left) > MAX_VARIABLE_VALUES:
            raise too_large(
                f"The variables have more than {MAX_VARIABLE_VALUES:,} values."
                " Next: keep a large input in S3, and send its name."
            )


def _check(operation: OperationDefinitionNode, fragments: _Fragments) -> None:
    _check_levels(operation.selection_set, fragments)
    roots = [
        nodes
        for nodes in _selected([operation.selection_set], fragments)
        if nodes[0].name.value in (TASKS, TRIGGERS)
    ]
    names = [nodes[0].name.value for root in roots for nodes in _selected(_sets(root), fragments)]
    if operation.operation is OperationType.MUTATION:
        _check_count("mutations", len(names), MAX_MUTATIONS)
    else:
        _check_count("reads", len(names), MAX_READS)
        _check_count("lists", sum(map(names.count, _LISTS)), MAX_LISTS)


def _check_count(what: str, count: int, limit: int) -> None:
    if count > limit:
        raise too_large(
            f"The document has {count:,} {what}; it may have {limit}."
            " Next: send them in several requests."
        )


def _check_levels(selections: SelectionSetNode, fragments: _Fragments) -> None:
    """Refuses fields inside of more than 20 others.

    Each fragment is looked at once a level at most, however often it is spread.
    """
    level, sets = 0, [selections]
    while sets:
        level += 1
        if level > MAX_LEVELS:
            raise too_large(
                f"The document has fields inside of {MAX_LEVELS} others or more; it may have"
                f" {MAX_LEVELS} levels. Next: ask for less in one request."
            )
        sets = [inner for nodes in _selected(sets, fragments) for inner in _sets(nodes)]


def _selected(sets: Iterable[SelectionSetNode], fragments: _Fragments) -> list[list[FieldNode]]:
    """The fields of selection sets: those of one name in the answer are one, as GraphQL has it."""
    found: dict[str, list[FieldNode]] = {}
    spread: set[str] = set()
    left = list(sets)
    while left:
        for node in left.pop().selections:
            if isinstance(node, FieldNode):
                found.setdefault((node.alias or node.name).value, []).append(node)
            elif isinstance(node, InlineFragmentNode):
                left.append(node.selection_set)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                if fragment := fragments.get(node.name.value):
                    left.append(fragment.selection_set)
    return list(found.values())


def _sets(nodes: Iterable[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]

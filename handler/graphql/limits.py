"""What a request may ask for. It is looked through before anything is read or written."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    GraphQLSyntaxError,
    Node,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    parse,
)

from handler.contract import ErrorCode
from handler.errors import Refused
from handler.graphql.definition_names import name_types_in_full
from handler.graphql.operation import Asked, Fragments, Operation, selected, sets_of

# The longest of Webiny's own documents has 2,000 characters and 90 tokens; the introspection of
# GraphQL's clients has 1,500 and 200, and is 13 levels deep.
MAX_DOCUMENT_CHARACTERS: Final = 100_000
MAX_TOKENS: Final = 5_000
MAX_LEVELS: Final = 20
# GraphQL compares each with others before it says what is wrong with a document.
MAX_ALIASES: Final = 100
MAX_OPERATIONS: Final = 20
MAX_FRAGMENTS: Final = 100
MAX_SELECTIONS: Final = 2_000
MAX_VARIABLES: Final = 200
MAX_REPEATS: Final = 5_000
# A list looks at 200 tasks for its page, or at as many as it may have; the others at one task, or
# at one's logs.
MAX_READS: Final = 50
MAX_LISTS: Final = 10
MAX_MUTATIONS: Final = 10
# Also of the answer. A field takes some 20 microseconds: all of them, a few of the 30 seconds that
# the API has.
MAX_FIELDS: Final = 200_000
# A batch of DynamoDB has 100: ten requests.
MAX_FILTER_VALUES: Final = 1_000
# A task takes some 10 ms to be triggered: all of them, a third of the 30 seconds that the API has.
MAX_INPUTS: Final = 1_000
# Half a million of the smallest values take the API some 200 MB.
MAX_VARIABLE_VALUES: Final = 500_000

_BILLION: Final = 10**9
_MOST: Final = (
    ("reads", MAX_READS),
    ("lists", MAX_LISTS),
    ("mutations", MAX_MUTATIONS),
    ("fields (counted once for each task or log of a page)", MAX_FIELDS),
    ("values in the lists of its filters", MAX_FILTER_VALUES),
    ("inputs of triggerTasks", MAX_INPUTS),
    ("pairs of fields of one name", MAX_REPEATS),
)


def too_large(message: str) -> Refused:
    """The error of a request that asks for too much."""
    return Refused(message, code=ErrorCode.REQUEST_TOO_LARGE)


class Limits:
    """What is left of what one request may ask for. A batch has several documents."""

    def __init__(self) -> None:
        self._asked = Asked()
        self._values = 0

    def parsed(self, data: Mapping[str, Any]) -> DocumentNode:
        """The next document of the request, `data["query"]`.

        Raises:
            Refused: it asks for more than is left, or is too large itself.
            GraphQLError: it is no document.
        """
        text: str = data["query"]
        if len(text) > MAX_DOCUMENT_CHARACTERS:
            raise too_large(
                f"The document has {len(text):,} characters; it may have"
                f" {MAX_DOCUMENT_CHARACTERS:,}. Next: send values as variables, and split the rest."
            )
        self._add_values(data.get("variables"))
        document = _parsed(text)
        _check_size(document)
        name_types_in_full(document)
        self._add(document, data)
        return document

    def _add_values(self, variables: object) -> None:
        """Refuses variables of too many values: each is an object in memory, and is copied."""
        left = [variables]
        while left:
            value = left.pop()
            if isinstance(value, dict):
                left.extend(value.values())
            elif isinstance(value, list):
                left.extend(value)
            self._values += 1
            if self._values + len(left) > MAX_VARIABLE_VALUES:
                raise too_large(
                    f"The variables have more than {MAX_VARIABLE_VALUES:,} values."
                    " Next: keep a large input in S3, and send its name."
                )

    def _add(self, document: DocumentNode, data: Mapping[str, Any]) -> None:
        """Refuses a document if any of its operations is too much; the one that runs is counted."""
        fragments = {
            node.name.value: node
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }
        variables, name = data.get("variables"), data.get("operationName")
        known = variables if isinstance(variables, dict) else {}
        after = self._asked
        for node in document.definitions:
            if isinstance(node, OperationDefinitionNode):
                _check_levels(node.selection_set, fragments)
                asked = self._asked.with_more(Operation(node, fragments, known).asked())
                _check(asked)
                if not name or (node.name and node.name.value == name):
                    after = asked
        self._asked = after


def _check(asked: Asked) -> None:
    for count, (what, limit) in zip(asked, _MOST, strict=True):
        if count > limit:
            shown = f"{count:,}" if count < _BILLION else "more than a billion"
            raise too_large(
                f"The request has {shown} {what}; it may have {limit:,}."
                " Next: send them in several requests."
            )


def _check_levels(selections: SelectionSetNode, fragments: Fragments) -> None:
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
        sets = [inner for nodes in selected(sets, fragments) for inner in sets_of(nodes)]


def _parsed(text: str) -> DocumentNode:
    try:
        return parse(text, max_tokens=MAX_TOKENS)
    except GraphQLSyntaxError as error:
        if f"{MAX_TOKENS} tokens" not in error.message:
            raise
        raise too_large(
            f"The document has more than {MAX_TOKENS:,} tokens. Next: send values as variables, and"
            " split the rest."
        ) from error


def _check_size(document: DocumentNode) -> None:
    """Refuses a document of too many parts, each as often as it is written."""
    operations = _all(document.definitions, OperationDefinitionNode)
    fragments = _all(document.definitions, FragmentDefinitionNode)
    parts = list(_selections_of([*operations, *fragments]))
    aliased = [node for node in _all(parts, FieldNode) if node.alias]
    variables = sum(len(node.variable_definitions or ()) for node in operations)
    for what, count, limit in (
        ("operations", len(operations), MAX_OPERATIONS),
        ("fragments", len(fragments), MAX_FRAGMENTS),
        ("fields and spreads", len(parts), MAX_SELECTIONS),
        ("variables", variables, MAX_VARIABLES),
        ("aliases", len(aliased), MAX_ALIASES),
    ):
        if count > limit:
            raise too_large(
                f"The document has {count:,} {what}; it may have {limit:,}."
                " Next: send several requests."
            )


def _all(nodes: Iterable[Any], kind: type[Node]) -> list[Any]:
    return [node for node in nodes if isinstance(node, kind)]


def _selections_of(definitions: Iterable[Node]) -> Iterator[SelectionNode]:
    """The fields, spreads and inline fragments of definitions, as they are written."""
    left: list[Any] = list(definitions)
    while left:
        inner = getattr(left.pop(), "selection_set", None)
        selections = inner.selections if inner else ()
        yield from selections
        left.extend(selections)

"""What a request may ask for. It is looked through before anything is read or written."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    OperationDefinitionNode,
    SelectionSetNode,
    parse,
)

from handler.contract import ErrorCode
from handler.errors import Refused
from handler.graphql.operation import Asked, Fragments, Operation, selected, sets_of

# The longest of Webiny's own documents has 2,000 characters and 90 tokens; the introspection of
# GraphQL's clients has 1,500 and 200, and is 13 levels deep.
MAX_DOCUMENT_CHARACTERS: Final = 100_000
MAX_TOKENS: Final = 10_000
MAX_LEVELS: Final = 20
MAX_ALIASES: Final = 100
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
    ("fields, counted once for each task or log of a page,", MAX_FIELDS),
    ("values in the lists of its filters", MAX_FILTER_VALUES),
    ("inputs of triggerTasks", MAX_INPUTS),
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
            Refused: it asks for more than is left.
            GraphQLError: it is no document, or has too many tokens.
        """
        text: str = data["query"]
        if len(text) > MAX_DOCUMENT_CHARACTERS:
            raise too_large(
                f"The document has {len(text):,} characters; it may have"
                f" {MAX_DOCUMENT_CHARACTERS:,}. Next: send values as variables, and split the rest."
            )
        self._add_values(data.get("variables"))
        document = parse(text, max_tokens=MAX_TOKENS)
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
        _check_aliases(document)
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


def _check_aliases(document: DocumentNode) -> None:
    """Refuses a document with too many aliases, each as often as it is written."""
    count = sum(node.alias is not None for node in _fields_of(document))
    if count > MAX_ALIASES:
        raise too_large(
            f"The document has {count:,} aliases; it may have {MAX_ALIASES}."
            " Next: send several requests."
        )


def _fields_of(document: DocumentNode) -> Iterator[FieldNode]:
    """The fields of a document, as it is written."""
    left: list[Any] = [
        node
        for node in document.definitions
        if isinstance(node, OperationDefinitionNode | FragmentDefinitionNode)
    ]
    while left:
        node = left.pop()
        if isinstance(node, FieldNode):
            yield node
        if node.selection_set:
            some = node.selection_set.selections
            left.extend(each for each in some if not isinstance(each, FragmentSpreadNode))

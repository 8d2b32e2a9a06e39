"""What an operation of a document asks for, as far as the document and its variables say."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    value_from_ast_untyped,
)

from handler.lifecycle import DEFAULT_LIMIT, MAX_LIMIT

Fragments = Mapping[str, FragmentDefinitionNode]

# The fields of a query, or a mutation, that have all others.
TASKS: Final = "backgroundTasks"
TRIGGERS: Final = "trigger"
_MANY: Final = "triggerTasks"
# Each of their pages takes as many requests as a list of tasks, or more.
_LISTS: Final = ("listTasks", "listQueue", "getLimits")
# How many there are on a page: what `limit` says, or else the first, and the second at most. Of
# logs and of their lines nobody knows the number before they are read.
_ENVELOPED: Final = frozenset({*_LISTS, "listLogs"})
_PAGES: Final = {
    **dict.fromkeys(_ENVELOPED, (DEFAULT_LIMIT, MAX_LIMIT)),
    "logs": (3, 100),
    "items": (5, 5),
}


class Asked(NamedTuple):
    """How much is asked for.

    Args:
        fields: each as often as the pages that it is on may have it.
        values: of the lists of filters, such as ids.
        inputs: those that are triggered together.
        repeats: pairs of fields of one name in the answer, which GraphQL compares.
    """

    reads: int = 0
    lists: int = 0
    mutations: int = 0
    fields: int = 0
    values: int = 0
    inputs: int = 0
    repeats: int = 0

    def with_more(self, more: "Asked") -> "Asked":
        return Asked(*map(sum, zip(self, more, strict=True)))


class Operation:
    """An operation, which is looked through.

    Args:
        fragments: those of its document. None is inside of itself.
        variables: as they were sent.
    """

    def __init__(
        self, node: OperationDefinitionNode, fragments: Fragments, variables: Mapping[str, Any]
    ) -> None:
        self._node = node
        self._fragments = fragments
        self._variables = {**_defaults(node), **variables}
        self._costs: dict[tuple[int, ...], int] = {}
        self._repeats = 0

    def asked(self) -> Asked:
        roots = selected([self._node.selection_set], self._fragments)
        fields = [
            nodes
            for root in roots
            if root[0].name.value in (TASKS, TRIGGERS)
            for nodes in selected(sets_of(root), self._fragments)
        ]
        names = [nodes[0].name.value for nodes in fields]
        is_mutation = self._node.operation is OperationType.MUTATION
        cost = sum(map(self._cost, roots))
        return Asked(
            reads=0 if is_mutation else len(names),
            lists=0 if is_mutation else sum(map(names.count, _LISTS)),
            mutations=len(names) if is_mutation else 0,
            fields=cost,
            values=sum(_count_in_lists(self._value(nodes[0], "where")) for nodes in fields),
            inputs=sum(self._inputs(nodes[0]) for nodes in fields),
            repeats=self._repeats,
        )

    def _cost(self, nodes: list[FieldNode]) -> int:
        """A field, and all that it has. What is spread at several places is looked at once."""
        key = tuple(map(id, nodes))
        if key not in self._costs:
            self._repeats += math.comb(len(nodes), 2)
            page, is_enveloped = self._page(nodes[0]), nodes[0].name.value in _ENVELOPED
            self._costs[key] = 1 + sum(
                self._cost(each) * (page if not is_enveloped or _is_data(each) else 1)
                for each in selected(sets_of(nodes), self._fragments)
            )
        return self._costs[key]

    def _page(self, field: FieldNode) -> int:
        default, most = _PAGES.get(field.name.value, (1, 1))
        limit = self._value(field, "limit")
        if not isinstance(limit, int | float) or not limit > 0:
            return default
        return int(min(limit, most))

    def _inputs(self, field: FieldNode) -> int:
        if field.name.value != _MANY:
            return 0
        inputs = self._value(field, "inputs")
        return len(inputs) if isinstance(inputs, list) else 1

    def _value(self, field: FieldNode, name: str) -> Any:
        """The value of an argument; `None` where it has none."""
        for argument in field.arguments:
            if argument.name.value == name:
                return value_from_ast_untyped(argument.value, self._variables)
        return None


def _is_data(nodes: list[FieldNode]) -> bool:
    return nodes[0].name.value == "data"


def selected(selections: Iterable[SelectionSetNode], fragments: Fragments) -> list[list[FieldNode]]:
    """The fields of selection sets: those of one name in the answer are one, as GraphQL has it."""
    found: dict[str, list[FieldNode]] = {}
    spread: set[str] = set()
    left = list(selections)
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


def sets_of(nodes: Iterable[FieldNode]) -> list[SelectionSetNode]:
    return [node.selection_set for node in nodes if node.selection_set]


def _defaults(node: OperationDefinitionNode) -> dict[str, Any]:
    return {
        each.variable.name.value: value_from_ast_untyped(each.default_value)
        for each in node.variable_definitions
        if each.default_value
    }


def _count_in_lists(value: object) -> int:
    count, left = 0, [value]
    while left:
        some = left.pop()
        if isinstance(some, dict):
            left.extend(some.values())
        elif isinstance(some, list):
            count += len(some)
    return count

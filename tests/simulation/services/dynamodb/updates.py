"""Update expressions: read once, then applied to items. "Using update expressions in DynamoDB"."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.services.dynamodb import operands
from tests.simulation.services.dynamodb.numbers import added, number
from tests.simulation.services.dynamodb.operands import Operand, Values
from tests.simulation.services.dynamodb.paths import (
    Path,
    found,
    path_of,
    tree_of,
    with_value,
    without,
)
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.tokens import END, Tokens
from tests.simulation.services.dynamodb.values import SETS, Item, Value

_CLAUSES: Final = ("SET", "REMOVE", "ADD", "DELETE")

Change = Callable[[Item, Values], Value | None]
"""What stands at a path after an update of an item; `None` if nothing does any more."""


@dataclass(frozen=True, slots=True)
class Action:
    """A change of one path."""

    path: Path
    change: Change


class Update:
    """An update that was read.

    Attributes:
        roots: the attributes that it changes, or changes a part of.
        tree: its paths by their first steps.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.checks: list[Callable[[Values], None]] = []
        self._tokens = tokens
        self._actions: list[Action] = []
        self._removed: list[Path] = []
        self._read_clauses()
        paths = [*(action.path for action in self._actions), *self._removed]
        self.tree = tree_of(paths, tokens)
        self.roots = frozenset(self.tree)
        # Positions in a list are those before the update: the last ones go first.
        self._removed.sort(key=_by_positions, reverse=True)
        self._is_flat = all(len(path) == 1 for path in paths)
        self.names, self.values = frozenset(tokens.used_names), frozenset(tokens.used_values)

    def applied(self, item: Item, values: Values) -> Item:
        """The item after the update. Each operand is what it was before. `item` stays as it is.

        Raises:
            ValidationException: an operand is missing, or of a type that doesn't fit.
        """
        changes = [(action.path, action.change(item, values)) for action in self._actions]
        if self._is_flat:
            return self._applied_flat(item, changes)
        after = item
        for path, value in changes:
            if value is not None:
                after = with_value(after, path, value)
            elif found(item, path) is not None:
                after = without(after, path)
        for path in self._removed:
            after = without(after, path)
        return after

    def _applied_flat(self, item: Item, changes: list[tuple[Path, Value | None]]) -> Item:
        after: dict[Any, Value] = dict(item)
        for path, value in changes:
            if value is None:
                after.pop(path[0], None)
            else:
                after[path[0]] = value
        for path in self._removed:
            after.pop(path[0], None)
        return after

    def _read_clauses(self) -> None:
        tokens = self._tokens
        seen: set[str] = set()
        while tokens.peek() != END:
            clause = tokens.take().upper()
            if clause not in _CLAUSES:
                raise tokens.syntax_error()
            if clause in seen:
                raise tokens.error(f'The "{clause}" section can only be used once')
            seen.add(clause)
            self._read_action(clause)
            while tokens.takes(","):
                self._read_action(clause)

    def _read_action(self, clause: str) -> None:
        path = path_of(self._tokens)
        if clause == "REMOVE":
            self._removed.append(path)
        elif clause == "SET":
            self._tokens.expect("=")
            self._actions.append(Action(path, _present(self._sum())))
        else:
            placeholder = self._tokens.value()
            kinds = SETS | {"N"} if clause == "ADD" else SETS
            self._check_kind(placeholder, kinds, clause)
            change = _addition if clause == "ADD" else _deletion
            self._actions.append(Action(path, change(operands.at(path), placeholder)))

    def _sum(self) -> Operand:
        first, first_word = self._operand()
        sign = {"+": 1, "-": -1}.get(self._tokens.peek())
        if sign is None:
            return first
        self._tokens.take()
        second, second_word = self._operand()
        for word in (first_word, second_word):
            if word:
                self._check_kind(word, frozenset({"N"}), "+" if sign > 0 else "-")

        def total(item: Item, values: Values) -> Value:
            terms = [_defined(each(item, values)) for each in (first, second)]
            if not all("N" in term for term in terms):
                raise _incorrect_type()
            return {"N": added(terms[0]["N"], terms[1]["N"], sign)}

        return total

    def _operand(self) -> tuple[Operand, str]:
        """An operand of `SET`, and the placeholder if it is a value of the request."""
        tokens = self._tokens
        if tokens.peek(1) != "(":
            word = tokens.peek()
            return operands.path_or_value(tokens), word if word.startswith(":") else ""
        name = tokens.take().lower()
        tokens.expect("(")
        if name == "if_not_exists":
            operand = self._if_not_exists()
        elif name == "list_append":
            operand = self._list_append()
        else:
            raise tokens.error(f"Invalid function name; function: {name}")
        tokens.expect(")")
        return operand, ""

    def _if_not_exists(self) -> Operand:
        there = operands.at(path_of(self._tokens))
        self._tokens.expect(",")
        other = self._operand()[0]

        def first_of(item: Item, values: Values) -> Value | None:
            value = there(item, values)
            return other(item, values) if value is None else value

        return first_of

    def _list_append(self) -> Operand:
        first, first_word = self._operand()
        self._tokens.expect(",")
        second, second_word = self._operand()
        for word in (first_word, second_word):
            if word:
                self._check_kind(word, frozenset({"L"}), "list_append")

        def joined(item: Item, values: Values) -> Value:
            lists = [_defined(each(item, values)) for each in (first, second)]
            if not all("L" in each for each in lists):
                raise _incorrect_type()
            return {"L": [*lists[0]["L"], *lists[1]["L"]]}

        return joined

    def _check_kind(self, placeholder: str, kinds: frozenset[str], sign: str) -> None:
        def check(values: Values) -> None:
            if not kinds & values[placeholder].keys():
                message = f"Incorrect operand type for operator or function; operator: {sign}"
                raise self._tokens.error(message)

        self.checks.append(check)


@functools.lru_cache(maxsize=4_096)
def update(text: str, names: frozenset[tuple[str, str]]) -> Update:
    """Reads an update. Raises `ValidationException`.

    Args:
        names: the attribute names by their placeholders.
    """
    return Update(Tokens("UpdateExpression", text, dict(names)))


def _present(operand: Operand) -> Change:
    return lambda item, values: _defined(operand(item, values))


def _defined(value: Value | None) -> Value:
    if value is None:
        raise invalid(
            "The provided expression refers to an attribute that does not exist in the item"
        )
    return value


def _addition(there: Operand, placeholder: str) -> Change:
    def change(item: Item, values: Values) -> Value:
        value, more = there(item, values), values[placeholder]
        if value is None:
            return more
        if value.keys() != more.keys():
            raise _incorrect_type()
        [(kind, content)] = value.items()
        if kind == "N":
            return {"N": added(content, more["N"])}
        return {kind: _sorted(kind, {*content, *more[kind]})}

    return change


def _deletion(there: Operand, placeholder: str) -> Change:
    def change(item: Item, values: Values) -> Value | None:
        value, less = there(item, values), values[placeholder]
        if value is None:
            return None
        if value.keys() != less.keys():
            raise _incorrect_type()
        [(kind, content)] = value.items()
        left = set(content) - set(less[kind])
        return {kind: _sorted(kind, left)} if left else None  # there is no empty set

    return change


def _sorted(kind: str, members: set[Any]) -> list[Any]:
    return sorted(members, key=number) if kind == "NS" else sorted(members)


def _incorrect_type() -> Exception:
    return invalid("An operand in the update expression has an incorrect data type")


def _by_positions(path: Path) -> tuple[tuple[bool, Any], ...]:
    return tuple((isinstance(step, int), step) for step in path)

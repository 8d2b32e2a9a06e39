"""Condition expressions: read once, then asked of items.

"Condition and filter expressions, operators, and functions in DynamoDB".
"""

import functools
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.simulation.services.dynamodb import operands
from tests.simulation.services.dynamodb.operands import Operand, Values
from tests.simulation.services.dynamodb.paths import path_of
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.tokens import Tokens
from tests.simulation.services.dynamodb.values import ORDERED, SETS, Item, Value, order

Test = Callable[[Item, Values], bool]
"""Whether a condition holds for an item."""

_MAX_IN: Final = 100
_TYPES: Final = frozenset({"S", "SS", "N", "NS", "B", "BS", "BOOL", "NULL", "L", "M"})
_ORDERS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Condition:
    """A condition that was read.

    Attributes:
        holds: whether it holds for an item; a missing item is an empty one.
        checks: what is wrong with the values of a request, whatever the item; each may raise
            `ValidationException`.
    """

    def __init__(self, tokens: Tokens) -> None:
        self.checks: list[Callable[[Values], None]] = []
        self._tokens = tokens
        self.holds = self._any()
        tokens.expect_end()
        self.names, self.values = frozenset(tokens.used_names), frozenset(tokens.used_values)

    def _any(self) -> Test:
        tests = [self._all()]
        while self._tokens.takes("OR"):
            tests.append(self._all())
        return functools.reduce(_either, tests)

    def _all(self) -> Test:
        tests = [self._negated()]
        while self._tokens.takes("AND"):
            tests.append(self._negated())
        return functools.reduce(_both, tests)

    def _negated(self) -> Test:
        if self._tokens.takes("NOT"):
            test = self._negated()
            return lambda item, values: not test(item, values)
        return self._single()

    def _single(self) -> Test:
        tokens = self._tokens
        if tokens.takes("("):
            is_doubled = tokens.peek() == "("
            before = tokens.position
            test = self._any()
            # DynamoDB refuses `((a))`, and takes `((a) AND b)`: the issue 99 of architect/dynalite
            # has what was tried on AWS.
            if is_doubled and tokens.closes(before):
                raise tokens.error("The expression has redundant parentheses")
            tokens.expect(")")
            return test
        if tokens.peek(1) == "(" and tokens.peek().lower() != "size":
            return self._function(tokens.take())
        return self._comparison()

    def _comparison(self) -> Test:
        tokens = self._tokens
        left, left_word = self._operand()
        if tokens.takes("BETWEEN"):
            return self._between(left, left_word)
        if tokens.takes("IN"):
            return self._in(left)
        sign = tokens.peek()
        if sign not in ("=", "<>", *_ORDERS):
            raise tokens.syntax_error()
        tokens.take()
        right, right_word = self._operand()
        if sign == "=":
            return lambda item, values: _equal(left(item, values), right(item, values))
        if sign == "<>":
            return lambda item, values: not _equal(left(item, values), right(item, values))
        for word in (left_word, right_word):
            self._check_ordered(word, sign)
        return _ordered(_ORDERS[sign], left, right)

    def _between(self, middle: Operand, middle_word: str) -> Test:
        low, low_word = self._operand()
        self._tokens.expect("AND")
        high, high_word = self._operand()
        for word in (middle_word, low_word, high_word):
            self._check_ordered(word, "BETWEEN")
        if low_word and high_word:
            self.checks.append(lambda values: check_range(values[low_word], values[high_word]))
        at_least = _ordered(operator.ge, middle, low)
        at_most = _ordered(operator.le, middle, high)
        return _both(at_least, at_most)

    def _in(self, left: Operand) -> Test:
        tokens = self._tokens
        tokens.expect("(")
        members = [self._operand()[0]]
        while tokens.takes(","):
            members.append(self._operand()[0])
        tokens.expect(")")
        if len(members) > _MAX_IN:
            raise tokens.error("Invalid number of operands for the IN operator; at most 100")

        def test(item: Item, values: Values) -> bool:
            value = left(item, values)
            return value is not None and any(value == each(item, values) for each in members)

        return test

    def _function(self, name: str) -> Test:
        tokens = self._tokens
        tokens.expect("(")
        match name.lower():
            case "attribute_exists":
                test = _exists(operands.at(path_of(tokens)))
            case "attribute_not_exists":
                test = _is_missing(operands.at(path_of(tokens)))
            case "attribute_type":
                test = self._attribute_type()
            case "begins_with":
                test = self._two_operands(_begins_with, frozenset({"S", "B"}), name)
            case "contains":
                test = self._two_operands(_contains, _TYPES, name)
            case _:
                raise tokens.error(f"Invalid function name; function: {name}")
        tokens.expect(")")
        return test

    def _attribute_type(self) -> Test:
        path = operands.at(path_of(self._tokens))
        self._tokens.expect(",")
        placeholder = self._tokens.value()

        def check(values: Values) -> None:
            if values[placeholder].get("S") not in _TYPES:
                raise self._tokens.error("Invalid attribute type name found")

        def test(item: Item, values: Values) -> bool:
            value = path(item, values)
            return value is not None and values[placeholder]["S"] in value

        self.checks.append(check)
        return test

    def _two_operands(
        self, function: Callable[[Value, Value], bool], kinds: frozenset[str], name: str
    ) -> Test:
        first, first_word = self._operand()
        self._tokens.expect(",")
        second, second_word = self._operand()
        for word in (first_word, second_word):
            self._check_kind(word, kinds, name)

        def test(item: Item, values: Values) -> bool:
            whole, part = first(item, values), second(item, values)
            return whole is not None and part is not None and function(whole, part)

        return test

    def _operand(self) -> tuple[Operand, str]:
        """An operand, and the placeholder if it is a value of the request."""
        word = self._tokens.peek()
        return operands.compared(self._tokens), word if word.startswith(":") else ""

    def _check_ordered(self, placeholder: str, sign: str) -> None:
        self._check_kind(placeholder, ORDERED, sign)

    def _check_kind(self, placeholder: str, kinds: frozenset[str], sign: str) -> None:
        if not placeholder:
            return

        def check(values: Values) -> None:
            if not kinds & values[placeholder].keys():
                message = f"Incorrect operand type for operator or function; operator: {sign}"
                raise self._tokens.error(message)

        self.checks.append(check)


@functools.lru_cache(maxsize=4_096)
def condition(kind: str, text: str, names: frozenset[tuple[str, str]]) -> Condition:
    """Reads a condition. Raises `ValidationException`.

    Args:
        kind: the parameter that has it.
        names: the attribute names by their placeholders.
    """
    return Condition(Tokens(kind, text, dict(names)))


def check_range(low: Value, high: Value) -> None:
    """Raises `ValidationException` unless two bounds are of one type and in order."""
    if low.keys() != high.keys():
        raise invalid("The BETWEEN operator requires same data type for lower and upper bounds")
    if order(low) > order(high):  # type: ignore[operator]
        raise invalid(
            "The BETWEEN operator requires upper bound to be greater than or equal to lower bound"
        )


def _either(first: Test, second: Test) -> Test:
    return lambda item, values: first(item, values) or second(item, values)


def _both(first: Test, second: Test) -> Test:
    return lambda item, values: first(item, values) and second(item, values)


def _exists(operand: Operand) -> Test:
    return lambda item, values: operand(item, values) is not None


def _is_missing(operand: Operand) -> Test:
    return lambda item, values: operand(item, values) is None


def _equal(first: Value | None, second: Value | None) -> bool:
    # Equal values have one form. What is missing equals nothing.
    return first is not None and first == second


def _ordered(compare: Callable[[Any, Any], bool], left: Operand, right: Operand) -> Test:
    def test(item: Item, values: Values) -> bool:
        first, second = left(item, values), right(item, values)
        if first is None or second is None or first.keys() != second.keys():
            return False
        return bool(ORDERED & first.keys()) and compare(order(first), order(second))

    return test


def _begins_with(whole: Value, part: Value) -> bool:
    [(kind, content)] = whole.items()
    return kind in ("S", "B") and kind in part and content.startswith(part[kind])


def _contains(whole: Value, part: Value) -> bool:
    [(kind, content)] = whole.items()
    if kind in ("S", "B"):
        return kind in part and part[kind] in content
    if kind in SETS:
        return kind[0] in part and part[kind[0]] in content
    return kind == "L" and part in content

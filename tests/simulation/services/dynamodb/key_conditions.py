"""Key conditions: which rows a query reads. "Key condition expressions for the Query operation"."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.services.dynamodb.conditions import check_range
from tests.simulation.services.dynamodb.keys import KeySchema
from tests.simulation.services.dynamodb.operands import Values
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.rows import Range
from tests.simulation.services.dynamodb.tokens import END, Tokens
from tests.simulation.services.dynamodb.values import Value, order

_SIGNS: Final = ("=", "<", "<=", ">", ">=")
_LAST_CHARACTER: Final = chr(0x10FFFF)


@dataclass(frozen=True, slots=True)
class Term:
    """What must hold of one part of a key: `operator` and the placeholders of its values."""

    name: str
    operator: str
    placeholders: tuple[str, ...]


class KeyCondition:
    """A key condition that was read."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._terms = [self._term()]
        while tokens.takes("AND"):
            self._terms.append(self._term())
        tokens.expect_end()
        self.names, self.values = frozenset(tokens.used_names), frozenset(tokens.used_values)

    def range(self, schema: KeySchema, values: Values) -> tuple[Any, Range]:
        """The partition that a query reads, and the range of its sort keys.

        Raises:
            ValidationException: it does not name one partition, or asks what no key can answer.
        """
        terms = {term.name: term for term in self._terms}
        if len(terms) < len(self._terms):
            raise self._tokens.error(
                "KeyConditionExpressions must only contain one condition per key"
            )
        hash_term = terms.pop(schema.partition, None)
        if hash_term is None:
            raise invalid(f"Query condition missed key schema element: {schema.partition}")
        if hash_term.operator != "=":
            raise invalid("Query key condition not supported")
        partition = schema.bare(schema.partition, values[hash_term.placeholders[0]])
        if not terms:
            return partition, Range()
        sort_term = terms.pop(schema.sort, None)
        if sort_term is None or terms:
            raise invalid("Query condition missed key schema element")
        bounds = [values[placeholder] for placeholder in sort_term.placeholders]
        for bound in bounds:
            schema.bare(schema.sort, bound)
        return partition, _range(sort_term.operator, bounds)

    def _term(self) -> Term:
        tokens = self._tokens
        if tokens.takes("("):
            if tokens.peek() == "(":
                raise tokens.error("The expression has redundant parentheses")
            term = self._term()
            tokens.expect(")")
            return term
        if tokens.peek().lower() == "begins_with" and tokens.peek(1) == "(":
            tokens.take()
            tokens.expect("(")
            name = tokens.name()
            tokens.expect(",")
            term = Term(name, "begins_with", (tokens.value(),))
            tokens.expect(")")
            return term
        name, sign = tokens.name(), tokens.peek()
        if tokens.takes("BETWEEN"):
            low = tokens.value()
            tokens.expect("AND")
            return Term(name, "between", (low, tokens.value()))
        if sign == "<>" or sign.upper() in ("IN", "OR", "NOT"):
            raise tokens.error("Invalid operator used in KeyConditionExpression")
        if sign not in _SIGNS or sign == END:
            raise tokens.syntax_error()
        tokens.take()
        return Term(name, sign, (tokens.value(),))


@functools.lru_cache(maxsize=4_096)
def key_condition(text: str, names: frozenset[tuple[str, str]]) -> KeyCondition:
    """Reads a key condition. Raises `ValidationException`.

    Args:
        names: the attribute names by their placeholders.
    """
    return KeyCondition(Tokens("KeyConditionExpression", text, dict(names)))


def _range(sign: str, bounds: list[Value]) -> Range:
    value = order(bounds[0])
    ranges: dict[str, Callable[[], Range]] = {
        "=": lambda: Range(value, value),
        "<": lambda: Range(high=value, has_high=False),
        "<=": lambda: Range(high=value),
        ">": lambda: Range(value, has_low=False),
        ">=": lambda: Range(value),
        "between": lambda: _between(*bounds),
        "begins_with": lambda: _beginning(bounds[0]),
    }
    return ranges[sign]()


def _between(low: Value, high: Value) -> Range:
    check_range(low, high)
    return Range(order(low), order(high))


def _beginning(prefix: Value) -> Range:
    [(kind, content)] = prefix.items()
    if kind == "N":
        raise invalid("Incorrect operand type for operator or function; operator: begins_with")
    return Range(content, _behind(content), has_high=False)


def _behind(prefix: Any) -> Any:
    """What stands first behind everything that begins with a prefix; `None` if nothing can."""
    if isinstance(prefix, bytes):
        shorter = prefix.rstrip(b"\xff")
        return shorter[:-1] + bytes([shorter[-1] + 1]) if shorter else None
    shorter = prefix.rstrip(_LAST_CHARACTER)
    return shorter[:-1] + chr(ord(shorter[-1]) + 1) if shorter else None

"""The words of an expression, one after the other."""

import re
from typing import Final

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from tests.simulation.services.dynamodb.refusals import invalid

_TOKEN: Final = re.compile(
    r"\s*(?:(?P<word>[#:]?[A-Za-z0-9_]+|<>|<=|>=|[=<>(),.\[\]+-])|(?P<odd>\S))"
)
_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# "Reserved words in DynamoDB", as moto lists them.
_RESERVED: Final = frozenset(word.upper() for word in ReservedKeywords.get_reserved_keywords())
# "Expressions", Expression parameters, of "Constraints in Amazon DynamoDB": 4 KB.
_MAX_EXPRESSION_BYTES: Final = 4_096
END: Final = ""


class Tokens:
    """What is left of an expression, and the placeholders that it has used so far.

    Args:
        kind: which expression it is, for errors: `ConditionExpression`.
        names: the attribute names by their placeholders.
    """

    def __init__(self, kind: str, text: str, names: dict[str, str]) -> None:
        self.used_names: set[str] = set()
        self.used_values: set[str] = set()
        self._kind = kind
        self._names = names
        self._position = 0
        if not text.strip():
            raise self.error("The expression can not be empty")
        if len(text.encode()) > _MAX_EXPRESSION_BYTES:
            raise self.error("Expression size has exceeded the maximum allowed size")
        self._words = self._split(text)

    @property
    def position(self) -> int:
        """How many words are used up."""
        return self._position

    def closes(self, opened_at: int) -> bool:
        """Whether the parenthesis at a position was closed by the word that came last."""
        depth = 0
        for position in range(opened_at, self._position):
            depth += {"(": 1, ")": -1}.get(self._words[position], 0)
            if not depth:
                return position == self._position - 1
        return False

    def error(self, message: str) -> Exception:
        """A `ValidationException` about the expression."""
        return invalid(f"Invalid {self._kind}: {message}")

    def peek(self, ahead: int = 0) -> str:
        """The next word, or one behind it; `END` behind the last."""
        position = self._position + ahead
        return self._words[position] if position < len(self._words) else END

    def take(self) -> str:
        """The next word, which is then used up."""
        word = self.peek()
        self._position += 1
        return word

    def takes(self, *words: str) -> bool:
        """Whether the next word is one of these, in any case; it is used up then."""
        if self.peek().upper() not in words:
            return False
        self._position += 1
        return True

    def expect(self, word: str) -> None:
        """Uses up this word. Raises `ValidationException` if another one comes."""
        if not self.takes(word):
            raise self.syntax_error()

    def expect_end(self) -> None:
        if self.peek() != END:
            raise self.syntax_error()

    def syntax_error(self) -> Exception:
        return self.error(f'Syntax error; token: "{self.peek() or "<EOF>"}"')

    def name(self) -> str:
        """An attribute's name, written out or by its placeholder."""
        word = self.peek()
        if word.startswith("#"):
            if word not in self._names:
                message = "An expression attribute name used in the document path is not defined"
                raise self.error(f"{message}; attribute name: {word}")
            self.used_names.add(word)
            word = self._names[word]
        elif not _NAME.fullmatch(word):
            raise self.syntax_error()
        elif word.upper() in _RESERVED:
            raise self.error(f"Attribute name is a reserved keyword; reserved keyword: {word}")
        self._position += 1
        return word

    def value(self) -> str:
        """The placeholder of a value."""
        word = self.peek()
        if not word.startswith(":"):
            raise self.syntax_error()
        self.used_values.add(word)
        self._position += 1
        return word

    def _split(self, text: str) -> list[str]:
        words = []
        for match in _TOKEN.finditer(text):
            if match["odd"]:
                raise self.error(f'Syntax error; token: "{match["odd"]}"')
            words.append(match["word"])
        return words

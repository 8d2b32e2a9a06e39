"""Projection expressions: which attributes a read gives. "Projection expressions"."""

import functools

from tests.simulation.services.dynamodb.paths import path_of, projected, tree_of
from tests.simulation.services.dynamodb.tokens import Tokens
from tests.simulation.services.dynamodb.values import Item


class Projection:
    """A projection that was read.

    Attributes:
        roots: the attributes that it gives, or gives a part of.
    """

    def __init__(self, tokens: Tokens) -> None:
        paths = [path_of(tokens)]
        while tokens.takes(","):
            paths.append(path_of(tokens))
        tokens.expect_end()
        self._tree = tree_of(paths, tokens)
        self.roots = frozenset(self._tree)
        self.names = frozenset(tokens.used_names)

    def of(self, item: Item) -> Item:
        """What the projection gives of an item."""
        return projected(item, self._tree)


@functools.lru_cache(maxsize=4_096)
def projection(text: str, names: frozenset[tuple[str, str]]) -> Projection:
    """Reads a projection. Raises `ValidationException`.

    Args:
        names: the attribute names by their placeholders.
    """
    return Projection(Tokens("ProjectionExpression", text, dict(names)))

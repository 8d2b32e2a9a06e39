"""What has changed between two declarations of a resource, and what that takes."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.engine.aws_provider.kinds import Kind
from tests.engine.aws_provider.naming import DEFAULTS
from tests.engine.aws_provider.wire import Values, comparable


@dataclass(frozen=True)
class Changes:
    """The inputs that changed: whether each was added, deleted or updated, and what replaces."""

    added: frozenset[str]
    deleted: frozenset[str]
    updated: frozenset[str]
    replacing: frozenset[str]
    deletes_first: bool

    @property
    def all(self) -> frozenset[str]:
        """Every input that changed."""
        return self.added | self.deleted | self.updated


def changes(kind: Kind, olds: Values, news: Values, ignored: Iterable[str]) -> Changes:
    """Compares the inputs of a resource with those that it has."""
    before, after = _declared(kind, olds), _declared(kind, news)
    keys = (before.keys() | after.keys()) - set(ignored)
    changed = {key for key in keys if before.get(key) != after.get(key)}
    replacing = frozenset(changed & (kind.replaced_by | ({"region"} if kind.regional else set())))
    return Changes(
        added=frozenset(changed - before.keys()),
        deleted=frozenset(changed - after.keys()),
        updated=frozenset(changed & before.keys() & after.keys()),
        replacing=replacing,
        deletes_first=bool(replacing) and _keeps_its_name(kind, olds, news),
    )


def _declared(kind: Kind, inputs: Values) -> Values:
    return {
        key: _parsed(value) if key in kind.documents else comparable(value)
        for key, value in inputs.items()
        if key != DEFAULTS and value is not None
    }


def _parsed(document: Any) -> Any:
    try:
        return json.loads(document)
    except ValueError:
        return document  # an unknown one, in a preview


def _keeps_its_name(kind: Kind, olds: Values, news: Values) -> bool:
    """Whether both would have one name, which the program has set: AWS takes it once at a time."""
    key = kind.autoname
    if key is None or key in news.get(DEFAULTS, []):
        return False
    return bool(olds.get(key) == news.get(key))

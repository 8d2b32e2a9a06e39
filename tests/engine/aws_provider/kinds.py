"""What the real provider does with each type of resource: table.yaml, as values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

TABLE = Path(__file__).parent / "table.yaml"


class UnknownType(Exception):
    """A type that the table doesn't have."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A type of resource."""

    source: str  # where the provider says so
    id: str  # made from inputs and outputs: "{name}"
    computed: Mapping[str, str] = field(default_factory=dict)  # outputs that no input sets
    replaced_by: frozenset[str]  # inputs whose change forces a new resource
    autoname: str | None = None  # the input that is named automatically
    limits: Mapping[str, int] = field(default_factory=dict)  # characters that an input may have
    documents: frozenset[str] = frozenset()  # inputs that are compared as JSON, not as text
    regional: bool = True
    tagged: bool = False
    versioned_by: frozenset[str] = frozenset()  # inputs whose change publishes a version
    worldwide: bool = False  # whether its name may be there once in all regions


def kind(type: str) -> Kind:
    """The kind of a type.

    Raises:
        UnknownType: the table doesn't have it.
    """
    kinds = _table()
    if type not in kinds:
        raise UnknownType(
            f'The tests\' AWS provider has no type "{type}". Next: add it to'
            " tests/engine/aws_provider/table.yaml, with what the real provider's source says."
        )
    return kinds[type]


@cache
def _table() -> dict[str, Kind]:
    rows: dict[str, dict[str, Any]] = yaml.safe_load(TABLE.read_text())
    return {type: _row(row) for type, row in rows.items()}


def _row(row: dict[str, Any]) -> Kind:
    sets = {
        name: frozenset(row.get(name, ())) for name in ("replaced_by", "documents", "versioned_by")
    }
    return Kind(**(row | sets))

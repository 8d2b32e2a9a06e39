"""The keys of a table or an index: what they are made of, and what may be one."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tests.simulation.services.dynamodb.decisions import Key
from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.values import Item, Value, checked, order

# "Constraints in Amazon DynamoDB", Partition keys and sort keys.
_MAX_PARTITION_BYTES: Final = 2_048
_MAX_SORT_BYTES: Final = 1_024
_NO_SORT: Final = ""


@dataclass(frozen=True, slots=True)
class KeySchema:
    """What a key is made of.

    Args:
        partition: the attribute that is the partition key.
        sort: the attribute that is the sort key; empty if there is none.
        types: `S`, `N` or `B`, of each of them.
        index: the index; empty for a table.
    """

    partition: str
    sort: str
    types: Mapping[str, str]
    index: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        return (self.partition, self.sort) if self.sort else (self.partition,)

    def key_of(self, item: Mapping[str, Value]) -> Key:
        """The key of an item. Raises `ValidationException`."""
        partition = self.part_of(item, self.partition)
        return partition, self.part_of(item, self.sort) if self.sort else _NO_SORT

    def key(self, given: Mapping[str, Value]) -> Key:
        """A key that a request gives. Raises `ValidationException`, also for an attribute more."""
        if given.keys() != set(self.names):
            raise invalid("The provided key element does not match the schema")
        return self.key_of({name: checked(value) for name, value in given.items()})

    def item_of(self, item: Item) -> Item:
        """The attributes of an item that are its key."""
        return {name: item[name] for name in self.names}

    def bare(self, name: str, value: Value) -> Any:
        """What a key compares by. Raises `ValidationException` for another type, or no key."""
        if self.types[name] not in value:
            raise invalid(
                "One or more parameter values were invalid: Condition parameter type does not "
                "match schema type"
            )
        self._check(name, value)
        return order(value)

    def _check(self, name: str, value: Value) -> None:
        """Raises `ValidationException` for a value that can't be a key: empty, or too long."""
        [(kind, content)] = value.items()
        if kind == "N":
            return
        if not content:
            of = f"IndexName: {self.index}, IndexKey: {name}" if self.index else f"Key: {name}"
            raise invalid(
                "One or more parameter values are not valid. The AttributeValue for a key "
                f"attribute cannot contain an empty {'string' if kind == 'S' else 'binary'} "
                f"value. {of}"
            )
        size = len(content.encode()) if kind == "S" else len(content)
        limit = _MAX_PARTITION_BYTES if name == self.partition else _MAX_SORT_BYTES
        if size > limit:
            raise invalid(
                f'One or more parameter values were invalid: the key "{name}" has {size} bytes; '
                f"at most {limit} are allowed"
            )

    def part_of(self, item: Mapping[str, Value], name: str) -> Any:
        """What an item's key has of one attribute. Raises `ValidationException`."""
        if (value := item.get(name)) is None:
            raise invalid(
                f"One or more parameter values were invalid: Missing the key {name} in the item"
            )
        if self.types[name] not in value:
            raise invalid(
                f"One or more parameter values were invalid: Type mismatch for key {name}"
            )
        self._check(name, value)
        return order(value)

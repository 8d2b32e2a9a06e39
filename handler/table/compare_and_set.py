"""Items that several people change: a write is made if nobody has written since they were read."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Final

from handler.contract import PARTITION_KEY
from handler.table import items, keys
from handler.table.dynamo import ConditionFailed, Dynamo

if TYPE_CHECKING:
    from handler.table.keys import Item, Key

# An item has the tokens of its last writes: each writer puts its own in front, and writes if the
# others still stand as it has read them.
_TOKENS: Final = "writeTokens"
_MOST_TOKENS: Final = 8


class CompareAndSet:
    """One change of an item, which is made anew of what stands there until it is written.

    A write whose response was lost is recognised by its token, also where others have written
    since: it is not made once more over what they have set.
    """

    def __init__(self, dynamo: Dynamo, key: "Key") -> None:
        self._dynamo = dynamo
        self._key = key
        self._token = keys.new_token()

    def is_written(
        self,
        before: "Item | None",
        changed: "Item",
        removed: Collection[str] = (),
        *,
        if_absent: "Item | None" = None,
        makes_it: bool = True,
    ) -> bool:
        """Writes attributes, unless somebody has written since `before` was read.

        Args:
            before: the item, as it was read; `None`: there was none.
            changed: the attributes to set.
            removed: the attributes to remove.
            if_absent: the attributes to set where the item has none of that name.
            makes_it: whether the item is made where there is none.

        Returns:
            Whether it did; if not, read the item anew.
        """
        condition, values = _unchanged(before)
        if not makes_it:
            condition += f" AND attribute_exists({PARTITION_KEY})"
        tokens = items.encoded({_TOKENS: " ".join([self._token, *_tokens(before)][:_MOST_TOKENS])})
        update = items.update({**changed, **tokens}, removed, values, if_absent=if_absent)
        try:
            self._dynamo.call(
                "update_item",
                TableName=self._dynamo.table,
                Key=self._key,
                ConditionExpression=condition,
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **update,
            )
        except ConditionFailed as failed:
            return self._token in _tokens(failed.item)
        return True


def _unchanged(seen: "Item | None") -> "tuple[str, Item]":
    """That nobody has written since, with the values that it names; its name is the update's."""
    if seen and _TOKENS in seen:
        return f"#{_TOKENS} = :seen", {":seen": seen[_TOKENS]}
    return f"attribute_not_exists(#{_TOKENS})", {}


def _tokens(item: "Item | None") -> list[str]:
    return str((item or {}).get(_TOKENS, {}).get("S", "")).split()

"""The tags of a task: what it is found by, beside its name."""

from collections.abc import Mapping

from handler.contract import MAX_TAG_KEY_BYTES, MAX_TAG_VALUE_BYTES, MAX_TAGS
from handler.errors import InvalidInput
from handler.record.texts import is_key
from handler.record.validation import short_repr


def checked_tags(tags: object) -> dict[str, str]:
    """Tags, if they can be ones; none for `None`.

    Raises:
        InvalidInput: they are no mapping of texts to texts, too many, or too long.
    """
    if tags is None:
        return {}
    if not isinstance(tags, Mapping):
        raise _no_tags(f"tags is {short_repr(tags)}", tags)
    if len(tags) > MAX_TAGS:
        raise _no_tags(f"There are {len(tags):,} tags", tags)
    for key, value in tags.items():
        if not is_key(key, MAX_TAG_KEY_BYTES) or not is_key(value, MAX_TAG_VALUE_BYTES):
            raise _no_tags(f"A tag is {short_repr(key)}: {short_repr(value)}", tags)
    return {str(key): str(value) for key, value in tags.items()}


def _no_tags(found: str, tags: object) -> InvalidInput:
    return InvalidInput(
        f"{found}; a task takes up to {MAX_TAGS} tags, each a text of 1 to {MAX_TAG_KEY_BYTES}"
        f" bytes with a text of 1 to {MAX_TAG_VALUE_BYTES} bytes."
        ' Next: pass such as {"customer": "42"}.',
        data={"tags": short_repr(tags)},
    )

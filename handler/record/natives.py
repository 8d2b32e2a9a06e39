"""numpy's numbers and arrays as Python's own: JSON knows no others."""

from typing import Final

# Kinds of numpy's types whose `tolist` loses nothing: booleans, integers, floats, text, objects.
_KINDS: Final = frozenset("biufUO")


def native(value: object) -> object:
    """`value` as a number, text or list of Python's, if it is one of numpy's; else as it is."""
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    to_list = getattr(value, "tolist", None)
    return to_list() if callable(to_list) and isinstance(kind, str) and kind in _KINDS else value

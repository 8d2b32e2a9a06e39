"""How Python names the module in a file."""

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Final

# How Python names compiled modules: `x.cpython-313-x86_64-linux-gnu.so`, `x.abi3.so`, `x.so`.
_COMPILED: Final = (".so", ".pyd")


def module_of(path: str) -> str | None:
    """The name of the module in a file; `None` if Python can't import the file."""
    folder, name = PurePosixPath(path).parent, PurePosixPath(path).name
    stem = _stem(name)
    if stem is None:
        return None
    parts = folder.parts if stem == "__init__" else (*folder.parts, stem)
    return ".".join(parts) if is_module_name(parts) else None


def _stem(name: str) -> str | None:
    if name.endswith(".py"):
        return name.removesuffix(".py")
    return name.partition(".")[0] if name.endswith(_COMPILED) else None


def is_module_name(parts: Sequence[str]) -> bool:
    return bool(parts) and all(part.isidentifier() for part in parts)

"""Replaces a function of ministack, or says that this version of ministack no longer has it."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any

Original = Any  # what stands in ministack, which has no types


class UnknownMinistack(Exception):
    """ministack has changed where it is corrected."""


def module(name: str) -> ModuleType:
    """Imports a module of ministack by its name below `ministack`."""
    try:
        return import_module(f"ministack.{name}")
    except ModuleNotFoundError as error:
        raise _changed(f"module ministack.{name}") from error


def replace(owner: ModuleType, attribute: str, make: Callable[[Original], Original]) -> None:
    """Puts what `make` returns for the original in the original's place."""
    if not hasattr(owner, attribute):
        raise _changed(f"{owner.__name__}.{attribute}")
    setattr(owner, attribute, make(getattr(owner, attribute)))


def replace_text(owner: ModuleType, attribute: str, old: str, new: str) -> None:
    """Replaces the one occurrence of `old` in a text of ministack."""

    def edit(text: str) -> str:
        if text.count(old) != 1:
            raise _changed(f"line {old!r} in {owner.__name__}.{attribute}")
        return text.replace(old, new)

    replace(owner, attribute, edit)


def _changed(what: str) -> UnknownMinistack:
    return UnknownMinistack(
        f"ministack {version('ministack')} has no {what}, which local/aws corrects. "
        "Install the pinned version: pip install -r requirements-dev.txt"
    )

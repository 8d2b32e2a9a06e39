"""Replaces parts of ministack, or reports that this version does not have them."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import version
from types import ModuleType
from typing import Any

Original = Any  # a part of ministack, which has no types


class UnknownMinistack(Exception):
    """This version of ministack lacks a part that local/aws corrects."""


def module(name: str) -> ModuleType:
    """Imports `ministack.<name>`."""
    try:
        return import_module(f"ministack.{name}")
    except ModuleNotFoundError as error:
        raise _changed(f"module ministack.{name}") from error


def replace(owner: ModuleType, attribute: str, make: Callable[[Original], Original]) -> None:
    """Replaces an attribute by what `make` returns for it."""
    if not hasattr(owner, attribute):
        raise _changed(f"{owner.__name__}.{attribute}")
    setattr(owner, attribute, make(getattr(owner, attribute)))


def replace_text(owner: ModuleType, attribute: str, old: str, new: str) -> None:
    """Replaces `old` in a text, where it must occur exactly once."""

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

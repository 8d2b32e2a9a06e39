"""What a process has once, and each machine of a world needs for itself.

Random numbers are the machine's own: so a seed repeats them, and one machine less changes nothing
of the others. What a process runs a hook of is known to that machine alone.
"""

import functools
import importlib
import logging
import os
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeVar
from unittest import mock

from handler.runtime import using
from tests.simulation.machine import Machine
from tests.simulation.scheduler import acting

Element = TypeVar("Element")
# A payload of a few kilobytes goes the way that AWS's limits mean for a few hundred.
_SHORT_BYTES: Final = 500
_INLINE_BYTES: Final = 2_000
_REGISTRIES: Final = 4


class _Dice:
    """`random`, as far as the handler uses it."""

    def random(self) -> float:
        return _dice().random()

    def uniform(self, low: float, high: float) -> float:
        return _dice().uniform(low, high)

    def sample(self, population: Sequence[Element], k: int) -> list[Element]:
        return _dice().sample(population, k)


class _Running:
    """The ids of the tasks whose hooks a machine runs: a set for each."""

    def __init__(self) -> None:
        self._of: dict[int, set[str]] = {}

    def __contains__(self, id: object) -> bool:
        return id in self._of.get(_who(), ())

    def add(self, id: str) -> None:
        self._of.setdefault(_who(), set()).add(id)

    def discard(self, id: str) -> None:
        own = self._of.get(_who(), set())
        own.discard(id)
        if not own:
            self._of.pop(_who(), None)


def _who() -> int:
    return id(acting())


def _dice() -> random.Random:
    actor = acting()
    machine: Machine | None = actor.locals if actor else None
    return machine.random if machine else _elsewhere


_elsewhere: Final = random.Random(0)
_urandom: Final = os.urandom


def _random_bytes(size: int) -> bytes:
    actor = acting()
    return actor.locals.random.randbytes(size) if actor and actor.locals else _urandom(size)


@contextmanager
def prepared() -> Iterator[None]:
    """The process of simulated machines, as long as the block runs."""
    entries()
    api, dice = importlib.import_module("handler.api"), _Dice()
    schema = functools.lru_cache(maxsize=_REGISTRIES)(api._schema.__wrapped__)
    changes: Mapping[str, object] = {
        "os.urandom": _random_bytes,
        "handler.table.dynamo.random": dice,
        "handler.aws.bus.random": dice,
        "handler.definition.retry.Retry.wait_after.__kwdefaults__": {"random": dice.random},
        "handler.lifecycle.hooks._running": _Running(),
        "handler.table.payloads.SHORT_BYTES": _SHORT_BYTES,
        "handler.table.first_inputs.SHORT_BYTES": _SHORT_BYTES,
        "handler.table.payloads.MAX_INLINE_BYTES": _INLINE_BYTES,
        "handler.api._schema": schema,
    }
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    patches = [mock.patch(target, new) for target, new in changes.items()]
    try:
        for patch in patches:
            patch.start()
        yield
    finally:
        for patch in reversed(patches):
            patch.stop()
        logging.disable(disabled)


@functools.cache
def entries() -> dict[str, Callable[[Any, Any], Any]]:
    """The Lambdas' entries, by the function's name. Importing the worker's makes a client."""
    nothing: Any = lambda: None  # noqa: E731
    with mock.patch.dict(os.environ, {"AWS_DEFAULT_REGION": "us-east-1"}), using(nothing):
        return {
            name: importlib.import_module(f"handler.{name}").handler
            for name in ("worker", "api", "recovery")
        }

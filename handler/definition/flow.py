"""How many tasks of a key run at a time, and how many start in a time: what an author declares."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum, StrEnum
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from handler.clock import Seconds, to_seconds
from handler.contract import MAX_WAIT_SECONDS
from handler.record import cut, short_repr, to_text

# Each slot is a name in an item of the table; see `table.limits`.
MAX_CONCURRENCY: Final = 1_000
# Each start is reserved by a write to one item, which takes 1,000 a second (DynamoDB guide, "Best
# practices for designing and using partition keys effectively in DynamoDB").
MAX_STARTS_A_SECOND: Final = 500
_MAX_BURST: Final = 10_000
# JSON knows one kind of number: up to here `3.0` is `3`, whoever says it, and in what language.
_MAX_EXACT: Final = 2**53
# What people see of a key. All of it counts.
MAX_SHOWN_KEY_CHARACTERS: Final = 200
MAX_DEBOUNCE_KEY_BYTES: Final = 1_024
_MAX_PARTS: Final = 5


# What stands for the tenant of a task in a key. No field of a model has such a name.
BY_TENANT: Final = ":tenant"

KeyPart = str | Callable[[Any], object]
FlowKey = KeyPart | tuple[KeyPart, ...]
"""What a limit counts by: a field of the input, `BY_TENANT`, a function of the input; or several of
these."""


class OnConflict(StrEnum):
    """What a trigger does when the slots of its key are taken."""

    QUEUE = "queue"
    RETURN_EXISTING = "return_existing"
    REJECT = "reject"
    ABORT_RUNNING = "abort_running"


@dataclass(frozen=True, slots=True)
class Concurrency:
    """How many tasks of a key run at a time. The others queue, and cost nothing meanwhile.

    A slot is taken when a task is triggered, and given back when it ends, waits for longer than a
    minute, or is paused. Whoever gives one back sends off the next in the queue.

    Args:
        limit: how many at a time; 1 to 1,000.
        key: what the limit counts by. The name of a field of the input; `BY_TENANT`; a function of
            the input, which returns a text, a number, a bool or `None`; or a tuple of up to five of
            these. Each value has `limit` slots of its own. Without one, and for `None`, the limit
            is for all tasks of the definition, whatever their tenant.
        on_conflict: what a trigger does when all slots of its key are taken: `"queue"` stores the
            task, which starts when it gets one; `"return_existing"` returns the task that runs, and
            stores none; `"reject"` raises `Refused`, which names it; `"abort_running"` aborts the
            oldest, and the new task starts when that has ended. A task with a delay queues,
            whatever this says: nobody waits for its answer when the delay is over.

    Raises:
        ValueError: `limit` or `on_conflict` is out of its range.
        TypeError: `key` is none.
    """

    limit: int
    key: FlowKey | None = None
    on_conflict: str = OnConflict.QUEUE.value

    def __post_init__(self) -> None:
        if type(self.limit) is not int or not 1 <= self.limit <= MAX_CONCURRENCY:
            raise ValueError(
                f"Concurrency(limit={short_repr(self.limit)}): it takes a whole number from 1 to "
                f"{MAX_CONCURRENCY:,}."
            )
        if self.on_conflict not in set(OnConflict):
            raise ValueError(
                f"Concurrency(on_conflict={short_repr(self.on_conflict)}): it takes "
                f"{_in_words(OnConflict)}."
            )
        _check_key("Concurrency", self.key)


@dataclass(frozen=True, slots=True)
class Rate:
    """How many tasks of a key start in a time. Those over it start later, one after the other.

    Each trigger reserves a moment, and the record says which (`starts_on`): nobody polls. Starts
    are spread evenly: `Rate(10, per=60)` lets one start every six seconds.

    Args:
        limit: how many start in `per`; 1 or more, and at most 500 a second.
        per: seconds, or a `timedelta`; above 0, at most 355 days.
        key: as of `Concurrency`.
        burst: how many may start at once after a time in which none did; 1 to 10,000.

    Raises:
        ValueError: a number is out of its range.
        TypeError: `per` is neither a number nor a `timedelta`; `key` is none.
    """

    limit: int
    per: Seconds
    key: FlowKey | None = None
    burst: int = 1

    def __post_init__(self) -> None:
        seconds = to_seconds(self.per, name="Rate(per)")
        if not 0 < seconds <= MAX_WAIT_SECONDS:
            raise ValueError(
                f"Rate(per={self.per!r:.60}): it takes seconds or a timedelta, above 0 and at most "
                f"{MAX_WAIT_SECONDS:,} s (355 days)."
            )
        is_number = type(self.limit) is int and self.limit >= 1
        if not is_number or self.limit / seconds > MAX_STARTS_A_SECOND:
            raise ValueError(
                f"Rate(limit={short_repr(self.limit)}, per={self.per!r:.60}): it takes a whole "
                f"number from 1, and at most {MAX_STARTS_A_SECOND} starts a second."
            )
        if type(self.burst) is not int or not 1 <= self.burst <= _MAX_BURST:
            raise ValueError(
                f"Rate(burst={short_repr(self.burst)}): it takes a whole number from 1 to "
                f"{_MAX_BURST:,}."
            )
        _check_key("Rate", self.key)

    @property
    def milliseconds_apart(self) -> int:
        """How far apart two starts are, rounded up: at least one millisecond."""
        seconds = to_seconds(self.per, name="Rate(per)")
        return max(1, math.ceil(seconds * 1000 / self.limit))


@dataclass(frozen=True, slots=True)
class Debounce:
    """Has a burst of triggers run one task, with the input of the last one.

    It is trailing: the task starts when nobody has triggered it for `delay`. Each trigger of the
    same definition, tenant and key until then replaces its input, and pushes its start back.

    Args:
        key: what is the same for the triggers of a burst: a text of 1 to 1,024 bytes.
        delay: how long it has to be quiet: seconds, or a `timedelta`; 1 s to 355 days.
        max_delay: when it starts at the latest, after the first trigger, however often it was
            pushed back; at least `delay`. `None`: at most 355 days.

    Raises:
        ValueError: `key`, `delay` or `max_delay` is out of its range.
        TypeError: a duration is neither a number nor a `timedelta`.
    """

    key: str
    delay: Seconds
    max_delay: Seconds | None = None

    def __post_init__(self) -> None:
        is_text = isinstance(self.key, str)
        if not is_text or not 0 < len(_bytes(self.key)) <= MAX_DEBOUNCE_KEY_BYTES:
            raise ValueError(
                f"Debounce(key={short_repr(self.key)}): it takes a text of 1 to "
                f"{MAX_DEBOUNCE_KEY_BYTES:,} bytes."
            )
        delay = to_seconds(self.delay, name="Debounce(delay)")
        longest = MAX_WAIT_SECONDS if self.max_delay is None else self._longest()
        if not 1 <= delay <= longest <= MAX_WAIT_SECONDS:
            raise ValueError(
                f"Debounce(delay={self.delay!r:.60}, max_delay={self.max_delay!r:.60}): the delay "
                "is 1 s or more, and max_delay is not shorter, and at most "
                f"{MAX_WAIT_SECONDS:,} s (355 days)."
            )

    def times(self) -> tuple[timedelta, timedelta]:
        """The delay, and the longest, each in whole seconds, rounded up."""
        delay = math.ceil(to_seconds(self.delay, name="Debounce(delay)"))
        longest = MAX_WAIT_SECONDS if self.max_delay is None else math.ceil(self._longest())
        return timedelta(seconds=delay), timedelta(seconds=longest)

    def _longest(self) -> float:
        return to_seconds(self.max_delay or 0, name="Debounce(max_delay)")


class KeyValue(NamedTuple):
    """The value of a key, for one task.

    Args:
        text: all of it: two values are the same if this is.
        shown: what people see of it; empty where a limit has no key.
    """

    text: str
    shown: str


def key_value(
    key: FlowKey | None, *, tenant: str, decode: Callable[[], BaseModel | Mapping[str, Any] | None]
) -> KeyValue:
    """The value of a limit's key for a task.

    Args:
        decode: gives the task's input, as its function takes it.

    Raises:
        TypeError: a function returned what is no key.
        Exception: what a function has raised.
    """
    return _value_of([_part(part, tenant, decode) for part in _parts_of(key)])


def value_said(key: FlowKey | None, said: object) -> KeyValue:
    """The value of a limit's key that a person says, as `key_value` gives it for a task.

    Args:
        said: what the field has, or the function returns; for a tuple, a list or a tuple of these;
            `None`: the value of those tasks that have no key.

    Raises:
        TypeError: it is none of the key's.
    """
    parts = _parts_of(key)
    values = list(said) if isinstance(said, list | tuple) else [said]
    if said is None:
        values = [None] * len(parts)
    if len(values) != len(parts):
        takes = {0: "none", 1: "one value"}.get(len(parts), f"a list of {len(parts)} values")
        raise TypeError(f"The key of the limit is {short_repr(said)}; it takes {takes}.")
    pairs = list(zip(parts, values, strict=True))
    if objects := [value for value in values if isinstance(value, Mapping)]:
        raise _no_key(objects[0])
    if not all(isinstance(value, str) for part, value in pairs if part == BY_TENANT):
        raise TypeError(f"The key of the limit is {short_repr(said)}, which names no tenant.")
    return _value_of([_checked(part, value) for part, value in pairs])


def tenant_said(key: FlowKey | None, said: object) -> str | None:
    """The tenant whose tasks alone have this value of a key; `None`: those of every tenant do.

    Args:
        said: as of `value_said`, which takes it.
    """
    parts = _parts_of(key)
    if BY_TENANT not in parts:
        return None
    values = list(said) if isinstance(said, list | tuple) else [said]
    return str(values[parts.index(BY_TENANT)])


def is_by_tenant(key: FlowKey | None) -> bool:
    """Whether each tenant has values of its own of a key."""
    return BY_TENANT in _parts_of(key)


def fields_of_key(key: FlowKey | None) -> tuple[str, ...]:
    """The fields of the input that a key names."""
    return tuple(part for part in _parts_of(key) if isinstance(part, str) and part != BY_TENANT)


def _parts_of(key: FlowKey | None) -> tuple[KeyPart, ...]:
    return key if isinstance(key, tuple) else () if key is None else (key,)


def _value_of(values: Sequence[object]) -> KeyValue:
    if all(value is None for value in values):
        return KeyValue("", "")
    shown = " / ".join("-" if value is None else _plain(value) for value in values)
    return KeyValue(json.dumps(values), cut(to_text(shown), MAX_SHOWN_KEY_CHARACTERS))


def _part(
    part: KeyPart, tenant: str, decode: Callable[[], BaseModel | Mapping[str, Any] | None]
) -> object:
    if part == BY_TENANT:
        return tenant
    input = decode()
    if callable(part):
        value = part(input)
    elif isinstance(input, Mapping):
        value = input.get(str(part))
    else:
        value = getattr(input, str(part), None)
    return _checked(part, value)


def _checked(part: KeyPart, value: object) -> object:
    """A value of a part of a key, ready for JSON."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, float) and value.is_integer() and abs(value) <= _MAX_EXACT:
        return int(value)
    if value is None or isinstance(value, str | int | float | bool):
        return value
    if isinstance(part, str) and not isinstance(value, list | dict | set | tuple | BaseModel):
        return str(value)  # a date, a UUID
    raise _no_key(value)


def _no_key(value: object) -> TypeError:
    return TypeError(
        f"The key of a limit is {short_repr(value)}; it takes a text, a number, a bool or None."
    )


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _check_key(of: str, key: object) -> None:
    parts = key if isinstance(key, tuple) else (key,)
    is_valid = 1 <= len(parts) <= _MAX_PARTS and all(
        (isinstance(part, str) and part) or callable(part) for part in parts
    )
    if key is not None and not is_valid:
        raise TypeError(
            f"{of}(key={short_repr(key)}): it takes the name of a field of the input, BY_TENANT, a "
            f"function of the input, or a tuple of 1 to {_MAX_PARTS} of these."
        )


def _in_words(values: type[StrEnum]) -> str:
    *first, last = (f'"{value}"' for value in values)
    return f"{', '.join(first)} or {last}"


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")

"""Many inputs for a few requests: how they are split, and what became of each."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from handler.client.answers import error_of, odd
from handler.errors import BackgroundTaskError, InvalidInput
from handler.record import Json, TaskRecord, TriggerResult, short_repr

# The API's limit for one request (`handler/graphql/budget.py`).
MAX_INPUTS: Final = 1_000
# So many bytes have half a million values at most, which is the API's limit (`graphql/limits.py`).
MAX_BYTES: Final = 1_000_000


def split(inputs: Iterable[Mapping[str, object] | BaseModel]) -> Iterator[list[Json]]:
    """The inputs, as many together as one request takes. The same inputs are split alike.

    Raises:
        InvalidInput: one is no mapping, or has no JSON; the error says at which place.
    """
    part: list[Json] = []
    length = 0
    for place, given in enumerate(inputs):
        input = _object(given, place)
        size = _size(input, place)
        if part and (len(part) == MAX_INPUTS or length + size > MAX_BYTES):
            yield part
            part, length = [], 0
        part.append(input)
        length += size
    if part:
        yield part


def triggered(
    parts: Sequence[list[Json]],
    ask: Callable[[int, list[Json]], Mapping[str, Any]],
    shown: Callable[[Mapping[str, Any]], TaskRecord],
) -> list[TriggerResult]:
    """What became of each input, in order.

    Args:
        ask: sends one part, by its number, and returns the envelope.
        shown: makes a record of an envelope with a task.

    Raises:
        What `ask` raises for the first part. After it, the inputs that are left have the error.
    """
    results: list[TriggerResult] = []
    for number, part in enumerate(parts):
        try:
            entries = ask(number, part)["data"]
            if not isinstance(entries, list) or len(entries) != len(part):
                raise odd("has not an entry for each input", entries)
            results += [_result(entry, shown) for entry in entries]
        except BackgroundTaskError as error:
            if number == 0:
                raise
            left = sum(map(len, parts[number:]))
            return results + [TriggerResult(error=error)] * left
    return results


def _result(entry: object, shown: Callable[[Mapping[str, Any]], TaskRecord]) -> TriggerResult:
    if not isinstance(entry, Mapping):
        raise odd("has an entry that is no object", entry)
    if entry.get("error") is not None:
        return TriggerResult(error=error_of(entry["error"]))
    return TriggerResult(record=shown({"data": entry.get("task")}))


def _object(given: object, place: int) -> Json:
    if isinstance(given, Mapping | BaseModel):
        return dict(given)
    raise InvalidInput(
        f"The input at place {place:,} is {short_repr(given)}; it takes a mapping. Next: put it"
        ' into one, such as {"value": ...}.',
        data={"place": place},
    )


def _size(input: Json, place: int) -> int:
    try:
        return len(json.dumps(input, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInput(
            f"The input at place {place:,} has no JSON: {error}.", data={"place": place}
        ) from error

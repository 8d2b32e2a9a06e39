"""Inputs and outputs as they are stored: JSON, valid, and small enough."""

import json
from collections.abc import Mapping
from typing import Final, cast

from pydantic import BaseModel

from handler.contract import MAX_INPUT_BYTES, MAX_OUTPUT_BYTES, ErrorCode
from handler.definition.task_code import TaskCode
from handler.errors import EngineSignal, InvalidInput
from handler.record import Json, message_of, size_of, to_json

OUTPUT_TOO_LARGE: Final = "Output size exceeds the maximum allowed size."


def stored_input(code: TaskCode, input: Mapping[str, object] | BaseModel) -> Json:
    """`input` as it is stored: what was validated, by one set of names.

    Raises:
        InvalidInput: it does not validate, would read back as another value, or is larger than
            10 MiB.
    """
    return _within_limit(code, code.encode(input))


def next_input(
    code: TaskCode, before: Json, input: Mapping[str, object] | BaseModel | None
) -> Json:
    """The next input: `None` keeps it, a model replaces it, a mapping is merged over it.

    Raises:
        InvalidInput: as `stored_input`.
    """
    if input is None:
        return before
    if isinstance(input, BaseModel):
        return stored_input(code, input)
    return _within_limit(code, code.encode_over(before, input))


def changed_input(code: TaskCode, stored: Json, changed: Mapping[str, object]) -> Json:
    """What a hook has made of an input that was stored already. Raises as `stored_input`."""
    return _within_limit(code, code.encode_changed(stored, changed))


def _within_limit(code: TaskCode, text: bytes) -> Json:
    if len(text) > MAX_INPUT_BYTES:
        raise InvalidInput(
            f'The input of task "{code.id}" has {len(text):,} bytes as JSON; '
            f"the limit is {MAX_INPUT_BYTES:,}. "
            "Put what is big into S3, and its key into the input.",
            code=ErrorCode.INPUT_TOO_LARGE,
            data={"size": len(text), "max": MAX_INPUT_BYTES},
        )
    return cast("Json", json.loads(text))


def stored_output(output: Mapping[str, object] | BaseModel | None) -> Json | None:
    """`output` as it is stored.

    An output that is too large loses its stack traces; if that is not enough, a note of its size
    takes its place. Text that is not Unicode is escaped.

    Raises:
        ValueError: it can't become JSON, or what it holds raises.
    """
    if output is None:
        return None
    stored = _output_json(output)
    for smaller in (stored, _without_stack(stored), _without_error_stack(stored)):
        if size_of(smaller) <= MAX_OUTPUT_BYTES:
            return smaller
    return {"message": OUTPUT_TOO_LARGE, "size": size_of(stored), "max": MAX_OUTPUT_BYTES}


def _output_json(output: Mapping[str, object] | BaseModel) -> Json:
    try:
        return to_json(output, escapes=True)
    except EngineSignal:
        raise
    except BaseException as error:  # of an author's own serializer, say
        why = message_of(error).removeprefix("Error serializing to JSON: ").removesuffix(".")
        raise ValueError(
            f"The output can't be stored as JSON: {why}. Next: hand over texts, numbers, lists and"
            " dicts."
        ) from error


def _without_stack(output: Json) -> Json:
    return {name: value for name, value in output.items() if name != "stack"}


def _without_error_stack(output: Json) -> Json:
    error = output.get("error")
    if not isinstance(error, dict):
        return _without_stack(output)
    return _without_stack(output) | {"error": _without_stack(cast("Json", error))}

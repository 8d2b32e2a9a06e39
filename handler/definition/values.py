"""Inputs and outputs as they are stored: JSON, validated, and small enough."""

from collections.abc import Mapping
from typing import Final, cast

from pydantic import BaseModel

from handler.contract import MAX_INPUT_BYTES, MAX_OUTPUT_BYTES
from handler.definition.definition import Definition
from handler.errors import InvalidInput
from handler.record.jsonable import jsonable, size_of
from handler.record.task_record import Json

TOO_LARGE: Final = "Output size exceeds the maximum allowed size."


def stored_input(definition: Definition, input: Mapping[str, object] | BaseModel) -> Json:
    """`input` as it is stored.

    Raises:
        InvalidInput: it doesn't validate, is no JSON, or is larger than 10 MiB.
    """
    try:
        stored = jsonable(input)
    except ValueError as error:
        raise InvalidInput(f'The input of task "{definition.id}" is no JSON: {error}.') from error
    definition.validate(stored)
    if (size := size_of(stored)) > MAX_INPUT_BYTES:
        raise InvalidInput(
            f'The input of task "{definition.id}" has {size:,} bytes as JSON; the limit is'
            f" {MAX_INPUT_BYTES:,}. Put what is big into S3, and its key into the input.",
            code="INPUT_TOO_LARGE",
            data={"size": size, "max": MAX_INPUT_BYTES},
        )
    return stored


def next_input(
    definition: Definition, before: Json, input: Mapping[str, object] | BaseModel | None
) -> Json:
    """The input that `input` makes of the one before: nothing keeps it, a model replaces it, a
    mapping is merged over it.

    Raises:
        InvalidInput: as `stored_input`.
    """
    if input is None:
        return before
    return stored_input(definition, input if isinstance(input, BaseModel) else {**before, **input})


def stored_output(output: Mapping[str, object] | BaseModel | None) -> Json | None:
    """`output` as it is stored: one that is too large is replaced by a note of its size, stack
    traces being left out first.

    Raises:
        ValueError: it is no JSON.
    """
    if output is None:
        return None
    stored = jsonable(output)
    for smaller in (stored, _without_stack(stored), _without_error_stack(stored)):
        if size_of(smaller) <= MAX_OUTPUT_BYTES:
            return smaller
    return {"message": TOO_LARGE, "size": size_of(stored), "max": MAX_OUTPUT_BYTES}


def _without_stack(output: Json) -> Json:
    return {name: value for name, value in output.items() if name != "stack"}


def _without_error_stack(output: Json) -> Json:
    error = output.get("error")
    return _without_stack(output) | (
        {"error": _without_stack(cast("Json", error))} if isinstance(error, dict) else {}
    )

"""The input of the tasks that a schedule triggers, checked when the definition is made."""

from collections.abc import Mapping
from typing import Final, cast

from pydantic import BaseModel

from handler.definition.schedule import Schedule
from handler.definition.task_code import TaskCode
from handler.definition.values import stored_input
from handler.errors import DefinitionError, InvalidInput
from handler.record import Json, size_of, to_json

# An execution takes 256 KiB (Step Functions quotas, "Maximum input or output size for a task,
# state, or execution"). The rest of the event needs some.
MAX_SCHEDULE_INPUT_BYTES: Final = 240 * 1024
# Stands for the time of a tick while the input is validated.
_SOME_TIME: Final = "2027-01-01T03:00:00Z"


def input_of_schedule(
    code: TaskCode, schedule: object, given: Mapping[str, object] | BaseModel | None
) -> Json | None:
    """The input that a schedule sends; `None` where it sends none.

    Raises:
        DefinitionError: it doesn't validate, it is too large, or there is no schedule.
    """
    where = f'{code.file}: task "{code.id}"'
    if schedule is None and given is not None:
        raise DefinitionError(
            f"{where} has a schedule_input and no schedule. Add schedule=..., or leave it out."
        )
    if schedule is None:
        return None
    if not isinstance(given, Mapping | BaseModel | None):
        raise DefinitionError(
            f"{where} has schedule_input={given!r:.60}; it takes a mapping or the input's model."
        )
    try:
        sent = _sent(code, {} if given is None else given)
    except (InvalidInput, ValueError) as error:
        raise DefinitionError(f"{where} has a schedule{_why(error, given)}") from error
    if (size := size_of(sent)) > MAX_SCHEDULE_INPUT_BYTES:
        raise DefinitionError(
            f"{where} has a schedule_input of {size:,} bytes as JSON; the limit is "
            f"{MAX_SCHEDULE_INPUT_BYTES:,}. Put what is big into S3, and its key into the input."
        )
    return None if given is None else sent


def _sent(code: TaskCode, given: Mapping[str, object] | BaseModel) -> Json:
    """What the event of a tick has as its input; it is validated here, and again on arrival.

    A mapping is sent as it is given: a default that is made is made for each tick, and the same
    files make the same schedule at each deploy.
    """
    sent = stored_input(code, given) if isinstance(given, BaseModel) else to_json(given)
    if not isinstance(given, BaseModel):
        stored_input(code, cast("Json", _at_some_time(given)))
    stored_input(code, cast("Json", _at_some_time(sent)))
    return sent


def _at_some_time(value: object) -> object:
    """`value` with a time in the place of `Schedule.TIME`, in mappings and lists."""
    if isinstance(value, Mapping):
        return {_at_some_time(name): _at_some_time(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_at_some_time(part) for part in value]
    return value.replace(Schedule.TIME, _SOME_TIME) if isinstance(value, str) else value


def _why(error: Exception, given: object) -> str:
    fields = error.data if isinstance(error, InvalidInput) else None
    names = cast("dict[str, Json]", (fields or {}).get("invalidFields", {}))
    if given is None and names:
        needed = ", ".join(f'"{name}": ...' for name in names)
        return (
            f", and an input with required fields: {', '.join(names)}. "
            f"Add schedule_input={{{needed}}}."
        )
    return f"_input that can't be used. {error}"

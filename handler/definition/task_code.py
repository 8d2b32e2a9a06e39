"""The code behind a definition, as the engine runs it: the function, its input and its hooks."""

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar, cast

from pydantic import ValidationError

from handler.clock import Seconds
from handler.definition.signature import Input, TaskFunction, input_type
from handler.definition.verdicts import Verdict
from handler.errors import DefinitionError, InvalidInput
from handler.record import Identity, Json, TaskRecord, invalid_input, to_json_bytes

OutcomeHook = Callable[[TaskRecord], object]
HookFunction = TypeVar("HookFunction", bound=Callable[..., object])
_BEFORE_TRIGGER = "on_before_trigger"


@dataclass(frozen=True, slots=True)
class TriggerRequest:
    """What is about to be triggered.

    `on_before_trigger` gets one, and may return a changed one (`dataclasses.replace`).
    """

    definition_id: str
    input: Json
    name: str
    delay: Seconds
    tenant: str
    locale: str
    parent_id: str | None
    created_by: Identity


BeforeTriggerHook = Callable[[TriggerRequest], TriggerRequest | None]


class Hook(StrEnum):
    """The hooks that run after an outcome is stored."""

    ON_DONE = "on_done"
    ON_ERROR = "on_error"
    ON_ABORT = "on_abort"
    ON_MAX_ITERATIONS = "on_max_iterations"


class TaskCode:
    """The function of a task, with what it takes and its hooks.

    Raises:
        DefinitionError: the function can't be a task.
    """

    def __init__(self, function: TaskFunction, *, id: str) -> None:
        self.id = id
        self.file = function.__code__.co_filename
        self._function = function
        self._input_type = input_type(function, id)
        self._hooks: dict[str, Callable[..., object]] = {}

    def validate(self, input: Mapping[str, object]) -> Input | None:
        """`input` as the function takes it; `None` for a function that takes none.

        Raises:
            InvalidInput: it does not validate; the error names each field.
        """
        return self.validate_json(to_json_bytes(input), names=input)

    def validate_json(self, text: bytes, *, names: Mapping[str, object]) -> Input | None:
        """`validate`, of an input that is JSON text already.

        Args:
            names: the fields of the input, for the error of a task that takes none.
        """
        if self._input_type is None:
            if names:
                raise self._unexpected(names)
            return None
        try:
            # From JSON, which it is: a strict model takes a date as text from JSON alone.
            return self._input_type.validate_json(text)
        except ValidationError as error:
            raise invalid_input(f'The input of task "{self.id}"', error) from error

    def run(self, context: object, input: Input | None) -> Verdict:
        """Runs one iteration with a `Context`. What the function raises comes through."""
        if self._input_type is None:
            return self._function(context)
        return self._function(context, input)

    def before_trigger(self, request: TriggerRequest) -> TriggerRequest:
        """`request` as the task's `on_before_trigger` hook leaves it. What it raises is a veto."""
        hook = cast("BeforeTriggerHook | None", self._hooks.get(_BEFORE_TRIGGER))
        if hook is None:
            return request
        given = copy.deepcopy(request)  # it may change the input in place
        return hook(given) or given

    def hook(self, name: Hook) -> OutcomeHook | None:
        return self._hooks.get(name)

    def first_hook(self, *names: Hook) -> Hook | None:
        """The first of `names` that the task has."""
        return next((name for name in names if name in self._hooks), None)

    def set_before_trigger(self, hook: HookFunction) -> HookFunction:
        return self.set_hook(_BEFORE_TRIGGER, hook)

    def set_hook(self, name: str, hook: HookFunction) -> HookFunction:
        if name in self._hooks:
            raise DefinitionError(
                f'{self.file}: task "{self.id}" has an {name} hook already; keep one of the two.'
            )
        self._hooks[name] = hook
        return hook

    def _unexpected(self, input: Mapping[str, object]) -> InvalidInput:
        names = ", ".join(sorted(input))
        return InvalidInput(
            f'Validation failed. Task "{self.id}" takes no input, but was given: {names}. '
            "Leave it out.",
            data={"invalidFields": {name: _unexpected(name) for name in input}},
        )


def _unexpected(name: str) -> Json:
    return {
        "code": "extra_forbidden",
        "message": "This task takes no input",
        "data": {"path": [name]},
    }

"""The code behind a definition, as the engine runs it: the function, its input and its hooks."""

import copy
import traceback
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, TypeVar, cast

from pydantic import BaseModel

from handler.clock import Seconds
from handler.definition.async_code import as_plain, is_not_awaited, never_awaited
from handler.definition.input_codec import Input
from handler.definition.signature import TaskFunction, is_generator, signature_of
from handler.definition.verdicts import Verdict
from handler.errors import DefinitionError, InvalidInput
from handler.record import Identity, Json, TaskRecord

OutcomeHook = Callable[[TaskRecord], object]
HookFunction = TypeVar("HookFunction", bound=Callable[..., object])
_EMPTY: Final = b"{}"
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
    timeout: Seconds | None = None
    expires_after: Seconds | None = None
    priority: Seconds = 0
    tags: Mapping[str, str] = field(default_factory=dict)


_Changed = TriggerRequest | None
BeforeTriggerHook = Callable[[TriggerRequest], _Changed | Awaitable[_Changed]]


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
        self._function: Callable[..., Verdict] = as_plain(function)
        self._signature = signature_of(function, id)
        self._hooks: dict[str, Callable[..., object]] = {}

    def encode(self, input: Mapping[str, object] | BaseModel) -> bytes:
        """`input`, validated, as it is stored; an empty one is the function's own default.

        Raises:
            InvalidInput: it does not validate, or would not read back as it is.
        """
        has_any = isinstance(input, BaseModel) or len(input) > 0
        if self._signature.codec is None:
            if has_any:
                raise self._unexpected(_names_of(input))
            return _EMPTY
        return self._signature.codec.encode(input if has_any else self._signature.default)

    def encode_over(self, stored: Json, input: Mapping[str, object]) -> bytes:
        """The input that is `stored`, with the fields of `input` in place of its own.

        Raises:
            InvalidInput: as `encode`.
        """
        if self._signature.codec is None:
            return self.encode(input)
        return self._signature.codec.encode_over(stored, input)

    def encode_changed(self, stored: Json, input: Mapping[str, object]) -> bytes:
        """`input`, which a hook has made of the one that is `stored`. Raises as `encode`."""
        if self._signature.codec is None or not input:
            return self.encode(input)
        return self._signature.codec.encode_changed(stored, input)

    def decode(self, stored: Json) -> Input | None:
        """An input that is stored as the function takes it; `None` where it takes none.

        Raises:
            InvalidInput: it does not validate any more; the error names each field.
        """
        if self._signature.codec is None:
            if stored:
                raise self._unexpected(stored)
            return None
        return self._signature.codec.decode(stored)

    def input_fields(self) -> frozenset[str] | None:
        """The names of the fields of its input; `None` where they are not known beforehand."""
        codec = self._signature.codec
        return frozenset() if codec is None else codec.fields()

    def input_schema(self) -> Json | None:
        """The JSON Schema of its input; `None` where it takes none.

        Raises:
            Whatever the author's types raise.
        """
        codec = self._signature.codec
        return None if codec is None else codec.json_schema(default=self._signature.default)

    def run(self, context: object, input: Input | None) -> Verdict:
        """Runs one iteration with a `Context`. What the function raises comes through.

        An `async def` function has an event loop of its own, for this iteration.
        """
        return self._signature.call(self._function, context, input)

    def before_trigger(self, request: TriggerRequest) -> TriggerRequest:
        """`request` as the task's `on_before_trigger` hook leaves it. What it raises is a veto."""
        hook = self._hooks.get(_BEFORE_TRIGGER)
        if hook is None:
            return request
        given = copy.deepcopy(request)  # it may change the input in place
        changed = checked_result(_BEFORE_TRIGGER, hook(given))
        return cast("TriggerRequest | None", changed) or given

    def hook(self, name: Hook) -> OutcomeHook | None:
        """A hook as it is called: an `async def` one then runs an event loop of its own."""
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
        if is_generator(hook):
            raise DefinitionError(
                f'{self.file}: the {name} hook of task "{self.id}" is a generator, for it has a '
                '"yield"; write a function, plain or async.'
            )
        self._hooks[name] = as_plain(hook)
        return hook

    def _unexpected(self, input: Iterable[str]) -> InvalidInput:
        names = ", ".join(sorted(input))
        return InvalidInput(
            f'Validation failed. Task "{self.id}" takes no input, but was given: {names}. '
            "Leave it out.",
            data={"invalidFields": {name: _unexpected(name) for name in input}},
        )


def checked_result(name: str, returned: object) -> object:
    """What a hook has returned.

    Raises:
        TypeError: it is a coroutine that nobody has awaited.
    """
    if is_not_awaited(returned):
        raise TypeError(f"The {name} hook returned {never_awaited(returned)}.")
    return returned


def is_veto(error: BaseException) -> bool:
    """Whether an `on_before_trigger` hook raised `error`, or what `error` was made of."""
    return vetoed_by(error) is not None


def vetoed_by(error: BaseException) -> str | None:
    """The id of the definition whose hook has raised `error`, or what `error` was made of."""
    raised = (error, error.__cause__ or error)
    frames = (frame for one in raised for frame, _ in traceback.walk_tb(one.__traceback__))
    vetoes = (frame for frame in frames if frame.f_code is TaskCode.before_trigger.__code__)
    return next((frame.f_locals["self"].id for frame in vetoes), None)


def _names_of(input: Mapping[str, object] | BaseModel) -> list[str]:
    return list(type(input).model_fields if isinstance(input, BaseModel) else map(str, input))


def _unexpected(name: str) -> Json:
    return {
        "code": "extra_forbidden",
        "message": "This task takes no input",
        "data": {"path": [name]},
    }

"""`@task`, and what it makes of a function: a definition, with its hooks."""

import inspect
import json
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar, cast

from pydantic import BaseModel, TypeAdapter, ValidationError

from handler.definition.names import camel_case, in_words, is_camel_case
from handler.definition.retry import Retry
from handler.definition.verdicts import Verdict
from handler.errors import DefinitionError, InvalidInput
from handler.record.task_record import Identity, Json, TaskRecord
from handler.record.validation import invalid_input

DEFAULT_MAX_ITERATIONS = 500
# EventBridge guide, "Setting a schedule pattern for scheduled rules (legacy)": a rate, or a cron of
# six fields.
_SCHEDULE = re.compile(r"rate\(([1-9]\d*) (minute|hour|day)s?\)|cron\((\S+ ){5}\S+\)")

TaskFunction = Callable[..., Verdict]
Input = BaseModel | dict[str, object]
OutcomeHook = Callable[[TaskRecord], object]
HookFunction = TypeVar("HookFunction", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class TriggerRequest:
    """What is about to be triggered: given to `on_before_trigger`, which may return a changed one
    (`dataclasses.replace`).
    """

    definition_id: str
    input: Json
    name: str
    delay: int  # seconds
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


class Definition:
    """A task's definition: made by `@task`, found by the registry, run by the worker.

    Its hooks are set with decorators: `@export_users.on_done`. They run after the outcome is
    stored, each with the stored record; one that raises is logged on the task and changes nothing.
    """

    def __init__(
        self,
        function: TaskFunction,
        *,
        id: str,
        title: str,
        description: str,
        max_iterations: int,
        private: bool,
        database_logs: bool,
        retry: Retry | None,
        schedule: str | None,
        crash_retries: int,
    ) -> None:
        self.function = function
        self.id = id
        self.title = title
        self.description = description
        self.max_iterations = max_iterations
        self.private = private
        self.database_logs = database_logs
        self.retry = retry
        self.schedule = schedule
        self.crash_retries = crash_retries
        self.file = function.__code__.co_filename
        self._input_type = _input_type(function, id)
        self._hooks: dict[str, Callable[..., object]] = {}

    def validate(self, input: Mapping[str, object]) -> Input | None:
        """`input` as the task's function takes it; `None` for a task that takes none.

        Raises:
            InvalidInput: it doesn't validate; the error names each field.
        """
        if self._input_type is None:
            if input:
                names = ", ".join(sorted(input))
                raise InvalidInput(
                    f'Validation failed. Task "{self.id}" takes no input, but was given: {names}.'
                    " Leave it out.",
                    data={"invalidFields": {name: _unexpected(name) for name in input}},
                )
            return None
        try:
            # As JSON, which it is: a strict model takes a date as text from JSON alone.
            return self._input_type.validate_json(json.dumps(dict(input)))
        except ValidationError as error:
            raise invalid_input(f'The input of task "{self.id}"', error) from error

    def run(self, context: object, input: Input | None) -> Verdict:
        """Runs one iteration with a `Context`. What the function raises comes through."""
        return self.function(context) if self._input_type is None else self.function(context, input)

    def on_before_trigger(self, hook: BeforeTriggerHook) -> BeforeTriggerHook:
        """Called with the request before anything is stored: it may return a changed one, or veto
        it by raising.
        """
        return self._set("on_before_trigger", hook)

    def on_done(self, hook: OutcomeHook) -> OutcomeHook:
        return self._set(Hook.ON_DONE, hook)

    def on_error(self, hook: OutcomeHook) -> OutcomeHook:
        return self._set(Hook.ON_ERROR, hook)

    def on_abort(self, hook: OutcomeHook) -> OutcomeHook:
        return self._set(Hook.ON_ABORT, hook)

    def on_max_iterations(self, hook: OutcomeHook) -> OutcomeHook:
        """Called instead of `on_error` when the task was stopped for having run too often."""
        return self._set(Hook.ON_MAX_ITERATIONS, hook)

    def before_trigger(self, request: TriggerRequest) -> TriggerRequest:
        """`request` as the task's `on_before_trigger` hook leaves it."""
        hook = cast("BeforeTriggerHook | None", self._hooks.get("on_before_trigger"))
        return (hook(request) or request) if hook else request

    def hook(self, name: Hook) -> OutcomeHook | None:
        return self._hooks.get(name)

    def due_hook(self, *names: Hook) -> Hook | None:
        """The first of `names` that the task has."""
        return next((name for name in names if name in self._hooks), None)

    def _set(self, name: str, hook: HookFunction) -> HookFunction:
        if name in self._hooks:
            raise DefinitionError(
                f'{self.file}: task "{self.id}" has an {name} hook already; keep one of the two.'
            )
        self._hooks[name] = hook
        return hook

    def __repr__(self) -> str:
        return f"<Definition {self.id} of {self.file}>"


def task(
    id: str | None = None,
    *,
    title: str | None = None,
    description: str = "",
    max_iterations: int = DEFAULT_MAX_ITERATIONS,
    private: bool = False,
    database_logs: bool = True,
    retry: Retry | None = None,
    schedule: str | None = None,
    crash_retries: int = 1,
) -> Callable[[TaskFunction], Definition]:
    """Makes a task of a function `(context) -> Verdict` or `(context, input: Model) -> Verdict`.

    Args: id: camelCase; the function's name in camelCase by default. title: for people, and the
        default name of its tasks; the id in words by default. description: for people; the first
        line of the function's docstring by default. max_iterations: how many times the function
        runs at most for one task, at least 1. private: it can be triggered from code and by events,
        but not through the API, which doesn't list it either. database_logs: whether its tasks keep
        logs in the table. retry: how often a failing iteration is tried again; not at all by
        default. schedule: `rate(1 day)` or `cron(0 3 * * ? *)`, in EventBridge's syntax and UTC:
        when a task is triggered by itself. crash_retries: how often an iteration whose Lambda died
        (out of memory, timed out, killed) runs again, from its
            last checkpoint.

    Raises:
        DefinitionError: an argument, or the function, can't be used; the message names the file.
    """

    if callable(id):
        file = getattr(getattr(id, "__code__", None), "co_filename", "?")
        raise DefinitionError(
            f"{file}: write @task(), with parentheses, in front of {getattr(id, '__name__', id)!r}."
        )

    def define(function: TaskFunction) -> Definition:
        if not inspect.isfunction(function):
            raise DefinitionError(
                f"@task() is in front of {function!r}; put it in front of a function."
            )
        definition_id = camel_case(function.__name__) if id is None else id
        definition = Definition(
            function,
            id=definition_id,
            title=title or in_words(definition_id),
            description=description or _first_line(function),
            max_iterations=max_iterations,
            private=private,
            database_logs=database_logs,
            retry=retry,
            schedule=schedule,
            crash_retries=crash_retries,
        )
        _check(definition)
        return definition

    return define


def _check(definition: Definition) -> None:
    where, id = definition.file, definition.id
    if not is_camel_case(id):
        raise DefinitionError(
            f'{where}: Task ID "{id}" is invalid. '
            f'It must be in camelCase format, for example: "{camel_case(id) or "myCustomTask"}".'
        )
    if not isinstance(definition.max_iterations, int) or definition.max_iterations < 1:
        raise DefinitionError(
            f'{where}: task "{id}" has max_iterations={definition.max_iterations!r}; it takes 1 or'
            " more."
        )
    if not isinstance(definition.crash_retries, int) or definition.crash_retries < 0:
        raise DefinitionError(
            f'{where}: task "{id}" has crash_retries={definition.crash_retries!r}; it takes 0 or'
            " more."
        )
    if definition.schedule is not None and not _SCHEDULE.fullmatch(definition.schedule):
        raise DefinitionError(
            f'{where}: task "{id}" has schedule="{definition.schedule}"; write "rate(1 day)" or'
            ' "cron(0 3 * * ? *)".'
        )


def _input_type(function: TaskFunction, id: str) -> TypeAdapter[Input] | None:
    where = function.__code__.co_filename
    if any(
        kind(function)
        for kind in (
            inspect.iscoroutinefunction,
            inspect.isgeneratorfunction,
            inspect.isasyncgenfunction,
        )
    ):
        raise DefinitionError(
            f'{where}: task "{id}" is async or a generator; write a plain function that returns a'
            " verdict."
        )
    parameters = list(inspect.signature(function).parameters.values())
    if not 1 <= len(parameters) <= 2:
        raise DefinitionError(
            f'{where}: task "{id}" takes {len(parameters)} parameters; it takes (context) or'
            " (context, input: Model)."
        )
    if len(parameters) == 1:
        return None
    annotation = _annotation(function, parameters[1])
    if annotation is inspect.Parameter.empty:
        raise DefinitionError(
            f'{where}: the input of task "{id}" has no annotation; annotate it with a model, such'
            " as input: Input."
        )
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return TypeAdapter(annotation)
    if annotation is dict or getattr(annotation, "__origin__", None) is dict:
        return TypeAdapter(annotation)
    raise DefinitionError(
        f'{where}: the input of task "{id}" is annotated {annotation!r}; annotate it with a model,'
        " or with dict[str, object]."
    )


def _annotation(function: TaskFunction, parameter: inspect.Parameter) -> Any:
    """The parameter's annotation, also where the module has `from __future__ import
    annotations`.
    """
    if isinstance(parameter.annotation, str):
        return eval(parameter.annotation, vars(sys.modules[function.__module__]))  # noqa: S307  the author's own source
    return parameter.annotation


def _first_line(function: TaskFunction) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]


def _unexpected(name: str) -> Json:
    return {
        "code": "extra_forbidden",
        "message": "This task takes no input",
        "data": {"path": [name]},
    }

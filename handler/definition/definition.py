"""`@task`, and the definition that it makes of a function."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import BaseModel

from handler.definition.names import camel_case, in_words, is_camel_case
from handler.definition.retry import Retry
from handler.definition.schedule import Schedule
from handler.definition.schedule_input import input_of_schedule
from handler.definition.signature import TaskFunction
from handler.definition.task_code import BeforeTriggerHook, Hook, OutcomeHook, TaskCode
from handler.errors import DefinitionError
from handler.record import Json

DEFAULT_MAX_ITERATIONS = 500


class Definition:
    """A task's definition: what `@task` makes of a function.

    Its hooks are set with decorators: `@export_users.on_done`. They run after the outcome is
    stored, at least once, each with the record; a hook that raises is logged on the task and
    changes nothing.
    """

    def __init__(
        self,
        code: TaskCode,
        *,
        title: str,
        description: str,
        max_iterations: int,
        private: bool,
        database_logs: bool,
        retry: Retry | None,
        schedule: Schedule | None,
        schedule_input: Json | None,
        crash_retries: int,
    ) -> None:
        self._code = code
        self.id = code.id
        self.title = title
        self.description = description
        self.max_iterations = max_iterations
        self.private = private
        self.database_logs = database_logs
        self.retry = retry
        self.schedule = schedule
        self.schedule_input = schedule_input
        self.crash_retries = crash_retries

    def on_before_trigger(self, hook: BeforeTriggerHook) -> BeforeTriggerHook:
        """Runs before anything is stored: it may return a changed request, or raise to veto it."""
        return self._code.set_before_trigger(hook)

    def on_done(self, hook: OutcomeHook) -> OutcomeHook:
        return self._code.set_hook(Hook.ON_DONE, hook)

    def on_error(self, hook: OutcomeHook) -> OutcomeHook:
        return self._code.set_hook(Hook.ON_ERROR, hook)

    def on_abort(self, hook: OutcomeHook) -> OutcomeHook:
        return self._code.set_hook(Hook.ON_ABORT, hook)

    def on_max_iterations(self, hook: OutcomeHook) -> OutcomeHook:
        """Runs instead of `on_error` when the task has reached its `max_iterations`."""
        return self._code.set_hook(Hook.ON_MAX_ITERATIONS, hook)

    def __repr__(self) -> str:
        return f"<Definition {self.id} of {self._code.file}>"


def code_of(definition: Definition) -> TaskCode:
    """The code behind a definition: for the engine, not for authors."""
    return definition._code


def task(
    id: str | None = None,
    *,
    title: str | None = None,
    description: str = "",
    max_iterations: int = DEFAULT_MAX_ITERATIONS,
    private: bool = False,
    database_logs: bool = True,
    retry: Retry | None = None,
    schedule: Schedule | str | None = None,
    schedule_input: Mapping[str, object] | BaseModel | None = None,
    crash_retries: int = 1,
) -> Callable[[TaskFunction], Definition]:
    """Makes a task of a function `(context) -> Verdict` or `(context, input: Model) -> Verdict`.

    Args:
        id: camelCase; the function's name in camelCase by default.
        title: for people, and the default name of its tasks; the id in words by default.
        description: for people; the first line of the function's docstring by default.
        max_iterations: how often the function runs at most for one task, at least 1.
        private: it can be triggered from code and by events, but not through the API, which does
            not list it either.
        database_logs: whether its tasks keep logs in the table.
        retry: how often a failing iteration is tried again; not at all by default.
        schedule: when a task is triggered by the clock: `rate(1 day)`, `cron(0 3 * * ? *)` in UTC,
            or a `Schedule`, which may have a time zone.
        schedule_input: the input of the tasks that the schedule triggers; none by default.
        crash_retries: how often an iteration whose Lambda died (out of memory, timed out, killed)
            runs again, from its last checkpoint; 0 or more.

    Raises:
        DefinitionError: an argument, or the function, can't be used; the message names the file.
    """
    if callable(id):
        raise _without_parentheses(id)

    def define(function: TaskFunction) -> Definition:
        if not inspect.isfunction(function):
            raise DefinitionError(f"@task() is in front of {function!r}; write a function there.")
        definition_id = camel_case(function.__name__) if id is None else id
        code = TaskCode(function, id=definition_id)
        definition = Definition(
            code,
            title=title or in_words(definition_id),
            description=description or (inspect.getdoc(function) or "").partition("\n")[0],
            max_iterations=max_iterations,
            private=private,
            database_logs=database_logs,
            retry=retry,
            schedule=_schedule(code, schedule),
            schedule_input=input_of_schedule(code, schedule, schedule_input),
            crash_retries=crash_retries,
        )
        _check(definition)
        return definition

    return define


def _without_parentheses(function: Any) -> DefinitionError:
    file = getattr(getattr(function, "__code__", None), "co_filename", "?")
    name = getattr(function, "__name__", repr(function))
    return DefinitionError(f"{file}: write @task(), with parentheses, in front of {name!r}.")


def _schedule(code: TaskCode, given: Schedule | str | None) -> Schedule | None:
    if given is None or isinstance(given, Schedule):
        return given
    try:
        return Schedule(given)
    except (ValueError, TypeError) as error:
        where = f'{code.file}: the schedule of task "{code.id}"'
        raise DefinitionError(f"{where}: {error}") from error


def _check(definition: Definition) -> None:
    id, where = definition.id, code_of(definition).file
    if not is_camel_case(id):
        raise DefinitionError(
            f'{where}: Task ID "{id}" is invalid. It must be in camelCase format, '
            f'for example: "{camel_case(id) or "myCustomTask"}".'
        )
    _check_number(definition, "max_iterations", least=1)
    _check_number(definition, "crash_retries", least=0)
    if not isinstance(definition.retry, Retry | None):
        raise DefinitionError(
            f'{where}: task "{id}" has retry={definition.retry!r}; write retry=Retry(...).'
        )


def _check_number(definition: Definition, name: str, *, least: int) -> None:
    value, where = getattr(definition, name), code_of(definition).file
    if not isinstance(value, int) or value < least:
        raise DefinitionError(
            f'{where}: task "{definition.id}" has {name}={value!r}; it takes {least} or more.'
        )

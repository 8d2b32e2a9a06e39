"""`@task`, and the definition that it makes of a function."""

import inspect
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from handler.clock import Seconds
from handler.contract import DEFAULT_WORKER, OVER_STATUSES
from handler.definition.flow import Concurrency, Rate, fields_of_key
from handler.definition.names import (
    camel_case,
    in_words,
    objection_to,
    objection_to_worker,
    shown,
    valid_id_like,
)
from handler.definition.origin import Origin
from handler.definition.retry import Retry
from handler.definition.schedule import Schedule
from handler.definition.schedule_input import input_of_schedule
from handler.definition.signature import TaskFunction
from handler.definition.task_code import BeforeTriggerHook, Hook, OutcomeHook, TaskCode
from handler.definition.time_limits import NAMES as TIME_LIMITS
from handler.definition.time_limits import TAKES, whole_limit
from handler.errors import DefinitionError, InvalidInput
from handler.record import Json, checked_tags, short_repr

DEFAULT_MAX_ITERATIONS = 500
MAX_TITLE_CHARACTERS: Final = 200
MAX_DESCRIPTION_CHARACTERS: Final = 1_000
# A claim compares the record's definition with each of them.
MAX_ALIASES: Final = 20
# A DynamoDB number has 38 digits (DynamoDB quotas, "Attributes"); 64 bits are sys.maxsize.
_MAX_NUMBER: Final = 2**63 - 1
_WEBINYS_ENDS: Final = {
    "onSuccess": '"success"',
    "onError": '"failed"',
    "onAbort": '"aborted"',
    "always": "all three",
    "never": "()",
}


class Definition:
    """A task's definition: what `@task` makes of a function.

    Its hooks are set with decorators: `@export_users.on_done`. They run after the outcome is
    stored, at least once, each with the record; a hook that raises is logged on the task and
    changes nothing. A hook may be an `async def` function.
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
        in_place: bool = True,
        timeout: Seconds | None = None,
        expires_after: Seconds | None = None,
        self_cleanup: tuple[str, ...] = (),
        aliases: tuple[str, ...] = (),
        concurrency: Concurrency | None = None,
        rate: Rate | None = None,
        worker: str = DEFAULT_WORKER,
        tags: Mapping[str, str] | None = None,
        origin: Origin | None = None,
    ) -> None:
        self._code = code
        self._origin = origin
        self.id = code.id
        self.aliases = aliases
        self.title = title
        self.description = description
        self.max_iterations = max_iterations
        self.private = private
        self.database_logs = database_logs
        self.retry = retry
        self.schedule = schedule
        self.schedule_input = schedule_input
        self.crash_retries = crash_retries
        self.in_place = in_place
        self.timeout = timeout
        self.expires_after = expires_after
        self.self_cleanup = self_cleanup
        self.concurrency = concurrency
        self.rate = rate
        self.worker = worker
        self.tags = {} if tags is None else tags

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


def origin_of(definition: Definition) -> Origin | None:
    """Where `@task` made a definition."""
    return vars(definition).get("_origin")


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
    in_place: bool = True,
    timeout: Seconds | None = None,
    expires_after: Seconds | None = None,
    self_cleanup: Sequence[str] = (),
    aliases: Sequence[str] = (),
    concurrency: Concurrency | None = None,
    rate: Rate | None = None,
    worker: str = DEFAULT_WORKER,
    tags: Mapping[str, str] | None = None,
) -> Callable[[TaskFunction], Definition]:
    """Makes a task of a function `(context) -> Verdict` or `(context, input: Model) -> Verdict`.

    The function may be an `async def` one. Each of its iterations has an event loop of its own.

    Args:
        id: camelCase, at most 64 ASCII letters and digits; the function's name in camelCase by
            default.
        title: for people, and the default name of its tasks: one line of at most 200 characters;
            the id in words by default.
        description: for people, at most 1,000 characters; the first line of the function's
            docstring by default.
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
        in_place: whether an iteration that goes on without a wait does so in the same invocation,
            while two thirds of its time are left. `False` gives each iteration an invocation, with
            the whole 15 minutes, at two state transitions each.
        timeout: a task that is not over so long after it was triggered fails (`TASK_TIMEOUT`):
            seconds, rounded up, or a `timedelta`; above 0, at most 355 days. A trigger may give
            another.
        expires_after: the same, of a task that has not started by then (`TASK_EXPIRED`).
        self_cleanup: how a task may end for it to be deleted after its hook, with its descendants,
            and the logs and payloads of all: `("success",)`, and likewise `"failed"` and
            `"aborted"`. By default it stays for its days of retention.
        aliases: the ids that the task had before it was renamed, at most 20: it runs what was
            triggered under them, and can still be triggered by them. No other task may have one.
        concurrency: how many of its tasks run at a time: `Concurrency(3, key="customer_id")`.
        rate: how many of its tasks start in a time: `Rate(10, per=1)`.
        worker: the worker that runs its iterations: one of the stack's config (`workers`), by its
            name, or `"default"`, which each stack has. A deploy refuses another.
        tags: what its tasks are found by, beside those of each trigger: `{"team": "billing"}`; up
            to ten texts of 1 to 128 bytes, each with a text of 1 to 256 bytes.

    Raises:
        DefinitionError: an argument, or the function, can't be used; the message names the file.
    """
    if callable(id):
        raise _without_parentheses(id)

    def define(function: TaskFunction) -> Definition:
        if not inspect.isfunction(function):
            raise DefinitionError(f"@task() is in front of {function!r}; write a function there.")
        definition_id = _id_of_name(function) if id is None else _checked_id(id, function)
        origin = Origin.of(function, inspect.currentframe())
        code = TaskCode(function, id=definition_id)
        definition = Definition(
            code,
            title=title or in_words(definition_id),
            description=description or _summary(function),
            max_iterations=max_iterations,
            private=private,
            database_logs=database_logs,
            retry=retry,
            schedule=_schedule(code, schedule),
            schedule_input=input_of_schedule(code, schedule, schedule_input),
            crash_retries=crash_retries,
            in_place=in_place,
            timeout=timeout,
            expires_after=expires_after,
            self_cleanup=_tuple_of(self_cleanup),
            aliases=_tuple_of(aliases),
            concurrency=concurrency,
            rate=rate,
            worker=worker,
            tags=tags,
            origin=origin,
        )
        check(definition)
        origin.keep(definition)
        return definition

    return define


def _tuple_of(given: Sequence[str]) -> tuple[str, ...]:
    return tuple(given) if isinstance(given, list) else given  # type: ignore[return-value]


def _without_parentheses(function: Any) -> DefinitionError:
    file = getattr(getattr(function, "__code__", None), "co_filename", "?")
    name = getattr(function, "__name__", repr(function))
    return DefinitionError(f"{file}: write @task(), with parentheses, in front of {name!r}.")


def _id_of_name(function: Any) -> str:
    """The id that a function's name makes."""
    name: str = function.__name__
    objection = objection_to(id := camel_case(name))
    if name.isidentifier() and name.isascii() and objection is None:
        return id
    proposed = valid_id_like(name if name.isidentifier() else "")
    raise DefinitionError(
        f'{function.__code__.co_filename}: no task ID can be made of the name "{shown(name)}". '
        f'Write an ID: @task(id="{proposed}").'
    )


def _checked_id(id: object, function: Any) -> str:
    where = function.__code__.co_filename
    if not isinstance(id, str):
        raise DefinitionError(
            f"{where}: a task has id={short_repr(id)}; "
            f'it takes text, for example: "{valid_id_like(function.__name__)}".'
        )
    text = str.__str__(id)  # the text of an enum's member, too
    if objection := objection_to(text):
        raise DefinitionError(
            f'{where}: Task ID "{shown(text)}" is invalid. {objection}, '
            f'for example: "{valid_id_like(text)}".'
        )
    return text


def _summary(function: Any) -> str:
    """The first line of a function's docstring, as far as a description takes it."""
    line = (inspect.getdoc(function) or "").partition("\n")[0]
    text = "".join(letter for letter in line if not _is_control(letter)).strip()
    if len(text) <= MAX_DESCRIPTION_CHARACTERS:
        return text
    return f"{text[: MAX_DESCRIPTION_CHARACTERS - 1]}…"


def _is_control(letter: str) -> bool:
    """Whether it is a control character, or half of a surrogate pair, which has no UTF-8."""
    return unicodedata.category(letter) in ("Cc", "Cs")


def _schedule(code: TaskCode, given: Schedule | str | None) -> Schedule | None:
    if given is None or isinstance(given, Schedule):
        return given
    try:
        return Schedule(given)
    except (ValueError, TypeError) as error:
        where = f'{code.file}: the schedule of task "{code.id}"'
        raise DefinitionError(f"{where}: {error}") from error


def check(definition: Definition) -> None:
    """Raises `DefinitionError` where an attribute has what `@task` doesn't take."""
    if definition.id is not code_of(definition).id:
        raise _wrong(definition, "another id than @task() gave it")
    _check_text(definition, "title", most=MAX_TITLE_CHARACTERS, lines=False)
    _check_text(definition, "description", most=MAX_DESCRIPTION_CHARACTERS, lines=True)
    _check_flag(definition, "private")
    _check_flag(definition, "database_logs")
    _check_flag(definition, "in_place")
    _check_number(definition, "max_iterations", least=1)
    _check_number(definition, "crash_retries", least=0)
    for name in TIME_LIMITS:
        _check_time_limit(definition, name)
    _check_aliases(definition)
    _check_self_cleanup(definition)
    if not isinstance(definition.retry, Retry | None):
        raise _wrong(definition, f"retry={short_repr(definition.retry)}; write retry=Retry(...)")
    _check_limit(definition, "concurrency", Concurrency)
    _check_limit(definition, "rate", Rate)
    _check_worker(definition)
    _check_tags(definition)


def _check_limit(definition: Definition, name: str, kind: type[Concurrency] | type[Rate]) -> None:
    limit = getattr(definition, name)
    if limit is None:
        return
    written = f"{name}={kind.__name__}(...)"
    if not isinstance(limit, kind):
        raise _wrong(definition, f"{name}={short_repr(limit)}; write {written}")
    known = code_of(definition).input_fields()
    for field in fields_of_key(limit.key):
        if known is not None and field not in known:
            has = ", ".join(sorted(known)) or "none"
            what = f'{written} with the key "{shown(field)}", which is no field of its input'
            raise _wrong(definition, f"{what}: it has {has}")


def _check_number(definition: Definition, name: str, *, least: int) -> None:
    value = getattr(definition, name)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if not is_whole or value < least:
        raise _wrong(definition, f"{name}={short_repr(value)}; it takes {least} or more")
    if value > _MAX_NUMBER:
        raise _wrong(definition, f"a {name} over {_MAX_NUMBER:,}, the largest that it takes")


def _check_time_limit(definition: Definition, name: str) -> None:
    value = getattr(definition, name)
    if value is not None and whole_limit(value) is None:
        raise _wrong(definition, f"{name}={short_repr(value)}; it takes {TAKES}")


def _check_aliases(definition: Definition) -> None:
    aliases = definition.aliases
    if not isinstance(aliases, tuple) or not all(isinstance(each, str) for each in aliases):
        what = f"aliases={short_repr(aliases)}"
        raise _wrong(definition, f'{what}; it takes a tuple of ids, such as ("oldId",)')
    if len(aliases) > MAX_ALIASES:
        raise _wrong(definition, f"{len(aliases):,} aliases; it takes at most {MAX_ALIASES}")
    for alias in aliases:
        if objection := objection_to(alias):
            like = valid_id_like(alias)
            what = f'the alias "{shown(alias)}", which no task can have had as its id. {objection}'
            raise _wrong(definition, f'{what}, for example: "{like}"')
    if len({definition.id, *aliases}) <= len(aliases):
        what = f"aliases={short_repr(aliases)}; each is another id than all others"
        raise _wrong(definition, f"{what}, and than the task's own")


def _check_self_cleanup(definition: Definition) -> None:
    ends = definition.self_cleanup
    what, allowed = f"self_cleanup={short_repr(ends)}", '"success", "failed" and "aborted"'
    if not isinstance(ends, tuple) or not all(isinstance(each, str) for each in ends):
        raise _wrong(definition, f'{what}; it takes a tuple of {allowed}, such as ("success",)')
    for end in ends:
        if end not in OVER_STATUSES:
            like = _WEBINYS_ENDS.get(end)
            hint = f'; Webiny\'s "{end}" is {like} here' if like else ""
            raise _wrong(definition, f"{what}; it takes {allowed}{hint}")


def _check_worker(definition: Definition) -> None:
    worker, retry = definition.worker, definition.retry
    if not isinstance(worker, str):
        what = f"worker={short_repr(worker)}"
        raise _wrong(definition, f'{what}; it takes the name of a worker, such as "large"')
    if objection := objection_to_worker(worker):
        what = f'the worker "{shown(worker)}", and none has this name'
        raise _wrong(definition, f"{what}. {objection}")
    if retry is not None and retry.on_out_of_memory == worker:
        what = f'worker="{worker}", and Retry(on_out_of_memory="{worker}") moves it there'
        raise _wrong(definition, f"{what}; name a worker with more memory, or leave it out")


def _check_tags(definition: Definition) -> None:
    try:
        checked_tags(definition.tags)
    except InvalidInput as error:
        raise _wrong(definition, f"tags that it can't have. {error.message}") from error


def _check_flag(definition: Definition, name: str) -> None:
    value = getattr(definition, name)
    if not isinstance(value, bool):
        raise _wrong(definition, f"{name}={short_repr(value)}; it takes True or False")


def _check_text(definition: Definition, name: str, *, most: int, lines: bool) -> None:
    """Refuses what can't be stored, sent as JSON or shown: a NUL, half of a surrogate pair."""
    text = getattr(definition, name)
    if not isinstance(text, str):
        raise _wrong(definition, f"{name}={short_repr(text)}; it takes text")
    if len(text) > most:
        raise _wrong(definition, f"a {name} of {len(text):,} characters; it takes at most {most:,}")
    if text and not text.strip():
        raise _wrong(definition, f"a blank {name}; leave it out, or write one")
    allowed = "\n\t" if lines else ""
    for letter in text:
        if letter not in allowed and _is_control(letter):
            reason = "it takes text" if lines else "it takes one line of text"
            raise _wrong(definition, f"{shown(letter)} in its {name}; {reason}")


def _wrong(definition: Definition, what: str) -> DefinitionError:
    where = code_of(definition).file
    return DefinitionError(f'{where}: task "{definition.id}" has {what}.')

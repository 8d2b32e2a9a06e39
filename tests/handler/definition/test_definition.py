"""`@task`, and the definition that it makes of a function."""

from datetime import timedelta
from typing import Any

import pytest

from handler import Context, Definition, Done, Retry, Schedule, task
from handler.definition.definition import DEFAULT_MAX_ITERATIONS, code_of
from handler.definition.task_code import Hook, TaskCode
from handler.errors import DefinitionError


def test_a_function_without_arguments_of_task_is_a_definition_with_defaults() -> None:
    @task()
    def export_users(context: Context) -> Done:
        """Exports the users.

        Page by page.
        """
        return Done()

    assert isinstance(export_users, Definition)
    assert export_users.id == "exportUsers"
    assert export_users.title == "Export users"
    assert export_users.description == "Exports the users."
    assert export_users.max_iterations == DEFAULT_MAX_ITERATIONS == 500
    assert export_users.crash_retries == 1
    assert export_users.private is False
    assert export_users.database_logs is True
    assert export_users.retry is None
    assert export_users.schedule is None
    assert export_users.schedule_input is None


def test_a_definition_has_every_argument_of_task() -> None:
    retry = Retry()

    @task(
        id="myTask",
        title="Mine",
        description="Does things.",
        max_iterations=1,
        private=True,
        database_logs=False,
        retry=retry,
        schedule="rate(1 day)",
        crash_retries=0,
    )
    def other(context: Context) -> Done:
        return Done()

    assert (other.id, other.title, other.description) == ("myTask", "Mine", "Does things.")
    assert (other.max_iterations, other.private, other.database_logs) == (1, True, False)
    assert (other.retry, other.crash_retries) == (retry, 0)
    assert (other.schedule, other.schedule_input) == (Schedule("rate(1 day)"), None)


def test_a_function_without_a_docstring_has_no_description() -> None:
    @task()
    def silent(context: Context) -> Done:
        return Done()

    assert silent.description == ""


def test_the_first_line_of_a_docstring_is_cut_and_cleaned_to_what_a_description_takes() -> None:
    def documented(context: Context) -> Done:
        return Done()

    documented.__doc__ = "\0Exporte\u00a0l'été\ud800 " + "x" * 2_000

    definition = task()(documented)

    assert definition.description == "Exporte\u00a0l'été " + "x" * 985 + "…"
    assert len(definition.description) == 1_000


def test_a_description_may_have_lines_and_quotes() -> None:
    text = 'Exports """users""",\n\tpage by page.'

    definition = task(id="x", description=text)(lambda context: Done())

    assert definition.description == text


def test_the_code_of_a_definition_has_its_id_and_its_file() -> None:
    @task(id="myTask")
    def other(context: Context) -> Done:
        return Done()

    code = code_of(other)

    assert isinstance(code, TaskCode)
    assert (code.id, code.file) == ("myTask", __file__)
    assert repr(other) == f"<Definition myTask of {__file__}>"


def test_an_author_sees_no_part_of_the_engine_on_a_definition() -> None:
    @task()
    def plain(context: Context) -> Done:
        return Done()

    public = {name for name in dir(plain) if not name.startswith("_")}

    assert public == {
        "id",
        "aliases",
        "title",
        "description",
        "max_iterations",
        "private",
        "database_logs",
        "in_place",
        "self_cleanup",
        "retry",
        "schedule",
        "schedule_input",
        "crash_retries",
        "timeout",
        "expires_after",
        "concurrency",
        "rate",
        "worker",
        "tags",
        "on_before_trigger",
        "on_done",
        "on_error",
        "on_abort",
        "on_max_iterations",
    }


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"id": "my-task"},
            'Task ID "my-task" is invalid. It must be in camelCase format, for example: "myTask"',
        ),
        (
            {"id": ""},
            'Task ID "" is invalid. It must be in camelCase format, for example: "myCustomTask"',
        ),
        ({"max_iterations": 0}, 'task "good" has max_iterations=0; it takes 1 or more'),
        ({"crash_retries": -1}, 'task "good" has crash_retries=-1; it takes 0 or more'),
        ({"max_iterations": True}, 'task "good" has max_iterations=True; it takes 1 or more'),
        ({"max_iterations": "5"}, "max_iterations='5'; it takes 1 or more"),
        ({"max_iterations": 2**63}, "max_iterations over 9,223,372,036,854,775,807"),
        ({"max_iterations": -(10**5000)}, "max_iterations=a int; it takes 1 or more"),
        ({"crash_retries": 1.5}, "crash_retries=1.5; it takes 0 or more"),
        ({"worker": 5}, 'task "good" has worker=5; it takes the name of a worker, such as "large"'),
        ({"worker": None}, "worker=None; it takes the name of a worker"),
        (
            {"worker": "very-large"},
            'the worker "very-large", and none has this name. It must be in camelCase format',
        ),
        ({"worker": ""}, 'the worker "", and none has this name'),
        ({"worker": "x" * 12}, "It must have at most 11 characters, not 12"),
        (
            {"worker": "large", "retry": Retry(on_out_of_memory="large")},
            'worker="large", and Retry(on_out_of_memory="large") moves it there',
        ),
        (
            {"retry": Retry(on_out_of_memory="default")},
            'Retry(on_out_of_memory="default") moves it there; name a worker with more memory',
        ),
        ({"private": "no"}, "private='no'; it takes True or False"),
        ({"database_logs": None}, "database_logs=None; it takes True or False"),
        ({"title": 5}, "title=5; it takes text"),
        ({"title": "two\nlines"}, "has \\n in its title; it takes one line of text"),
        ({"title": " "}, "has a blank title; leave it out, or write one"),
        ({"title": "x" * 201}, "has a title of 201 characters; it takes at most 200"),
        ({"description": "a\0"}, "has \\x00 in its description; it takes text"),
        ({"description": "\ud83d"}, "has \\ud83d in its description; it takes text"),
        ({"description": b"text"}, "description=b'text'; it takes text"),
        (
            {"description": "x" * 1_048_576},
            "has a description of 1,048,576 characters; it takes at most 1,000",
        ),
        (
            {"schedule": "daily"},
            'the schedule of task "good": "daily" is not a schedule; write "ra',
        ),
        ({"aliases": "oldId"}, "aliases='oldId'; it takes a tuple of ids, such as (\"oldId\",)"),
        ({"aliases": (5,)}, "aliases=(5,); it takes a tuple of ids"),
        ({"aliases": None}, "aliases=None; it takes a tuple of ids"),
        ({"aliases": {"oldId"}}, "aliases={'oldId'}; it takes a tuple of ids"),
        (
            {"aliases": ("old_id",)},
            'the alias "old_id", which no task can have had as its id. It must be in camelCase',
        ),
        ({"aliases": ("true",)}, "It must not be true, false or null"),
        ({"aliases": ("x" * 65,)}, "It must have at most 64 characters, not 65"),
        ({"aliases": ("good",)}, "aliases=('good',); each is another id than all others"),
        ({"aliases": ("old", "old")}, "each is another id than all others"),
        ({"aliases": tuple(f"old{n}" for n in range(21))}, "21 aliases; it takes at most 20"),
        (
            {"timeout": 0},
            "timeout=0; it takes seconds or a timedelta, above 0 and at most 30,672,000",
        ),
        ({"timeout": -1}, "timeout=-1; it takes seconds or a timedelta"),
        ({"timeout": True}, "timeout=True; it takes seconds or a timedelta"),
        ({"timeout": "1 day"}, "timeout='1 day'; it takes seconds or a timedelta"),
        ({"timeout": timedelta(days=356)}, "timeout=datetime.timedelta(days=356); it takes"),
        ({"expires_after": float("nan")}, "expires_after=nan; it takes seconds or a timedelta"),
        ({"expires_after": float("inf")}, "expires_after=inf; it takes seconds or a timedelta"),
        ({"expires_after": 10**400}, "; it takes seconds or a timedelta, above 0"),
        ({"schedule": 5}, 'the schedule of task "good": 5 is not text; write "rate(1 day)"'),
    ],
)
def test_an_argument_that_is_not_valid_is_refused_with_the_file(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(DefinitionError) as refused:

        @task(**arguments)
        def good(context: Context) -> Done:
            return Done()

    assert message in refused.value.message
    assert refused.value.message.startswith(__file__)
    assert refused.value.code == "TASK_DEFINITION_ERROR"


def test_a_schedule_may_be_text_or_a_schedule() -> None:
    berlin = Schedule("cron(0 3 * * ? *)", time_zone="Europe/Berlin")

    @task(schedule="cron(0 3 * * ? *)")
    def nightly(context: Context) -> Done:
        return Done()

    @task(schedule=berlin)
    def nightly_in_berlin(context: Context) -> Done:
        return Done()

    assert nightly.schedule == Schedule("cron(0 3 * * ? *)", time_zone="UTC")
    assert nightly_in_berlin.schedule is berlin


@pytest.mark.parametrize(
    "schedule",
    [
        *("", "rate(0 days)", "rate(1 week)", "rate(1 minutes)", "rate(5 minute)"),
        *("cron(0 3 * * ?)", "cron(0 3 * * * *)", "cron(*/60 * * * ? *)", "cron(0 25 * * ? *)"),
        *("cron(0 3 30 2 ? *)", "cron(0 3 * * ? 2020)", "at(2020-01-01T00:00:00)"),
    ],
)
def test_a_schedule_that_can_not_work_is_refused_with_the_file(schedule: str) -> None:
    with pytest.raises(DefinitionError, match='the schedule of task "nightly": ') as refused:

        @task(schedule=schedule)
        def nightly(context: Context) -> Done:
            return Done()

    assert refused.value.message.startswith(f"{__file__}: ")


def test_task_without_parentheses_is_refused_with_the_file_and_the_function() -> None:
    def bare(context: Context) -> Done:
        return Done()

    with pytest.raises(DefinitionError) as refused:
        task(bare)  # type: ignore[arg-type]

    assert refused.value.message == (
        f"{__file__}: write @task(), with parentheses, in front of 'bare'."
    )


def test_task_in_front_of_a_class_is_refused() -> None:
    class NotAFunction:
        """Something else."""

    with pytest.raises(DefinitionError, match=r"NotAFunction.*; write a function there"):
        task()(NotAFunction)  # type: ignore[arg-type]


def test_each_decorator_of_a_definition_sets_the_hook_of_its_outcome() -> None:
    @task()
    def hooked(context: Context) -> Done:
        return Done()

    decorators = {
        Hook.ON_DONE: hooked.on_done,
        Hook.ON_ERROR: hooked.on_error,
        Hook.ON_ABORT: hooked.on_abort,
        Hook.ON_MAX_ITERATIONS: hooked.on_max_iterations,
    }
    hooks: dict[Hook, Any] = {}
    for name, decorator in decorators.items():

        def hook(record: object) -> None: ...

        hooks[name] = decorator(hook)

    assert len(set(hooks.values())) == 4
    assert {name: code_of(hooked).hook(name) for name in Hook} == hooks


def test_a_second_hook_of_the_same_outcome_is_refused_with_the_file() -> None:
    @task()
    def hooked(context: Context) -> Done:
        return Done()

    hooked.on_done(print)

    with pytest.raises(DefinitionError, match='task "hooked" has an on_done hook already') as twice:
        hooked.on_done(repr)
    assert twice.value.message.startswith(__file__)


def test_a_retry_that_is_not_a_retry_stops_the_deploy() -> None:
    with pytest.raises(DefinitionError, match=r"has retry=3; write retry=Retry\(\.\.\.\)"):

        @task(retry=3)  # type: ignore[arg-type]
        def retrying(context: Context) -> Done:
            return Done()


@pytest.mark.parametrize("aliases", [("oldId", "olderId"), ["oldId", "olderId"]])
def test_a_task_may_have_the_ids_that_it_had_before(aliases: Any) -> None:
    @task(aliases=aliases)
    def renamed(context: Context) -> Done:
        return Done()

    assert renamed.aliases == ("oldId", "olderId")


def test_a_task_runs_on_the_default_worker_unless_it_names_another() -> None:
    @task()
    def usual(context: Context) -> Done:
        return Done()

    @task(worker="large", retry=Retry(on_out_of_memory="default"))
    def unusual(context: Context) -> Done:
        return Done()

    assert (usual.worker, unusual.worker) == ("default", "large")

"""`@task`, and what it makes of a function."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel

from handler import Context, Definition, Done, Retry, TriggerRequest, task
from handler.definition.definition import DEFAULT_MAX_ITERATIONS, Hook
from handler.errors import DefinitionError, InvalidInput
from handler.record.task_record import SYSTEM


class Input(BaseModel):
    """The input of most tasks here."""

    size: int = 1


def request_of(definition: Definition) -> TriggerRequest:
    return TriggerRequest(
        definition_id=definition.id,
        input={},
        name="n",
        delay=0,
        tenant="root",
        locale="en-US",
        parent_id=None,
        created_by=SYSTEM,
    )


def test_a_bare_function_is_a_task_with_defaults() -> None:
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
    assert export_users.private is False
    assert export_users.database_logs is True
    assert export_users.retry is None
    assert export_users.schedule is None
    assert export_users.file == __file__


def test_everything_can_be_said() -> None:
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
    assert (other.retry, other.schedule, other.crash_retries) == (retry, "rate(1 day)", 0)


def test_a_function_without_a_docstring_has_no_description() -> None:
    @task()
    def silent(context: Context) -> Done:
        return Done()

    assert silent.description == ""


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
        ({"schedule": "daily"}, 'task "good" has schedule="daily"; write "rate'),
    ],
)
def test_an_argument_that_cannot_be_used_is_refused_with_the_file(
    arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(DefinitionError) as refused:

        @task(**arguments)
        def good(context: Context) -> Done:
            return Done()

    assert message in refused.value.message
    assert refused.value.message.startswith(__file__)
    assert refused.value.code == "TASK_DEFINITION_ERROR"


def without_parameters() -> Done:
    return Done()


def with_three(context: Context, input: Input, more: int) -> Done:
    return Done()


def unannotated(context: Context, input) -> Done:  # type: ignore[no-untyped-def]
    return Done()


def of_text(context: Context, input: str) -> Done:
    return Done()


async def asynchronous(context: Context) -> Done:
    return Done()


def generator(context: Context) -> Iterator[Done]:
    yield Done()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (without_parameters, "takes 0 parameters"),
        (with_three, "takes 3 parameters"),
        (unannotated, "annotate it with a model"),
        (of_text, "annotated <class 'str'>"),
        (asynchronous, "async or a generator"),
        (generator, "async or a generator"),
    ],
)
def test_a_function_that_is_no_task_is_refused_with_the_file(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        task()(function)

    assert message in refused.value.message
    assert refused.value.message.startswith(__file__)
    assert f'"{task_id(function)}"' in refused.value.message


def task_id(function: Callable[..., Any]) -> str:
    first, *rest = function.__name__.split("_")
    return first + "".join(word.title() for word in rest)


class TestValidation:
    def test_the_input_is_what_the_second_parameter_is_annotated_with(self) -> None:
        @task()
        def sized(context: Context, input: Input) -> Done:
            return Done()

        assert sized.validate({"size": 5}) == Input(size=5)
        assert sized.validate({}) == Input()

    def test_an_annotation_that_is_text_is_understood(self) -> None:
        @task()
        def sized(context: Context, input: "Input") -> Done:
            return Done()

        assert sized.validate({"size": 5}) == Input(size=5)

    @pytest.mark.parametrize("annotation", [dict, dict[str, object]])
    def test_a_dict_takes_whatever_comes(self, annotation: Any) -> None:
        def anything(context, input):  # type: ignore[no-untyped-def]
            return Done()

        anything.__annotations__["input"] = annotation

        assert task()(anything).validate({"a": [1]}) == {"a": [1]}

    def test_a_dict_of_numbers_takes_numbers(self) -> None:
        @task()
        def numbers(context: Context, input: dict[str, int]) -> Done:
            return Done()

        with pytest.raises(InvalidInput, match="input of task"):
            numbers.validate({"a": "text"})

    def test_a_task_without_a_second_parameter_takes_no_input(self) -> None:
        @task()
        def bare(context: Context) -> Done:
            return Done()

        assert bare.validate({}) is None
        with pytest.raises(
            InvalidInput, match='Task "bare" takes no input, but was given: a, b'
        ) as refused:
            bare.validate({"b": 1, "a": 2})
        assert refused.value.data is not None
        assert set(refused.value.data["invalidFields"]) == {"a", "b"}  # type: ignore[call-overload]

    def test_what_does_not_validate_names_the_task_and_each_field(self) -> None:
        @task()
        def sized(context: Context, input: Input) -> Done:
            return Done()

        with pytest.raises(InvalidInput, match='input of task "sized": size: ') as refused:
            sized.validate({"size": "big"})
        assert refused.value.data is not None
        assert set(refused.value.data["invalidFields"]) == {"size"}  # type: ignore[call-overload]

    def test_running_hands_over_the_context_and_the_input(self) -> None:
        given: list[object] = []

        @task()
        def sized(context: Context, input: Input) -> Done:
            given.extend([context, input])
            return Done()

        sized.run("context", Input(size=2))

        assert given == ["context", Input(size=2)]


class TestHooks:
    def test_each_outcome_has_its_own(self) -> None:
        @task()
        def hooked(context: Context) -> Done:
            return Done()

        hooks = {
            Hook.ON_DONE: hooked.on_done,
            Hook.ON_ERROR: hooked.on_error,
            Hook.ON_ABORT: hooked.on_abort,
        }
        for name, set_hook in (hooks | {Hook.ON_MAX_ITERATIONS: hooked.on_max_iterations}).items():

            @set_hook
            def hook(record: object) -> None: ...

            assert hooked.hook(name) is hook

    def test_a_second_hook_for_the_same_outcome_is_refused(self) -> None:
        @task()
        def hooked(context: Context) -> Done:
            return Done()

        hooked.on_done(print)
        with pytest.raises(DefinitionError, match='task "hooked" has an on_done hook already'):
            hooked.on_done(repr)

    def test_the_due_hook_is_the_first_of_those_that_there_are(self) -> None:
        @task()
        def hooked(context: Context) -> Done:
            return Done()

        assert hooked.due_hook(Hook.ON_MAX_ITERATIONS, Hook.ON_ERROR) is None
        hooked.on_error(print)
        assert hooked.due_hook(Hook.ON_MAX_ITERATIONS, Hook.ON_ERROR) is Hook.ON_ERROR
        hooked.on_max_iterations(print)
        assert hooked.due_hook(Hook.ON_MAX_ITERATIONS, Hook.ON_ERROR) is Hook.ON_MAX_ITERATIONS

    def test_before_trigger_may_change_the_request_or_leave_it(self) -> None:
        @task()
        def hooked(context: Context) -> Done:
            return Done()

        request = request_of(hooked)
        assert hooked.before_trigger(request) is request

        hooked.on_before_trigger(
            lambda request: replace(request, name="changed") if request.delay else None
        )

        assert hooked.before_trigger(request) is request
        assert hooked.before_trigger(replace(request, delay=1)).name == "changed"

"""The code behind a definition: the function, its input and its hooks."""

from dataclasses import replace
from datetime import date

import pytest
from pydantic import BaseModel, ConfigDict, field_validator

from handler import Context, Done, TriggerRequest, task
from handler.definition.task_code import Hook, TaskCode
from handler.errors import DefinitionError, InvalidInput
from handler.record.task_record import SYSTEM_IDENTITY, TaskRecord
from tests.handler.stack import Stack


class Input(BaseModel):
    size: int = 1


class StrictInput(BaseModel):
    model_config = ConfigDict(strict=True)

    since: date


def sized(context: Context, input: Input) -> Done:
    return Done()


def bare(context: Context) -> Done:
    return Done()


def request() -> TriggerRequest:
    return TriggerRequest(
        definition_id="bare",
        input={"rows": [1]},
        name="n",
        delay=0,
        tenant="root",
        locale="en-US",
        parent_id=None,
        created_by=SYSTEM_IDENTITY,
    )


class TestValidation:
    @pytest.mark.parametrize(("input", "size"), [({"size": 5}, 5), ({}, 1)])
    def test_an_input_is_validated_by_the_model_of_the_function(
        self, input: dict[str, object], size: int
    ) -> None:
        code = TaskCode(sized, id="sized")

        validated = code.decode(input)

        assert validated == Input(size=size)

    def test_a_strict_model_takes_a_date_from_its_json_text(self) -> None:
        def strict(context: Context, input: StrictInput) -> Done:
            return Done()

        code = TaskCode(strict, id="strict")

        validated = code.decode({"since": "2030-01-01"})

        assert validated == StrictInput(since=date(2030, 1, 1))

    def test_a_dict_of_numbers_refuses_text(self) -> None:
        def numbers(context: Context, input: dict[str, int]) -> Done:
            return Done()

        code = TaskCode(numbers, id="numbers")

        with pytest.raises(InvalidInput, match='input of task "numbers": a: '):
            code.decode({"a": "text"})

    def test_a_task_without_an_input_takes_an_empty_one(self) -> None:
        code = TaskCode(bare, id="bare")

        validated = code.decode({})

        assert validated is None

    def test_a_task_without_an_input_refuses_fields_by_their_names(self) -> None:
        code = TaskCode(bare, id="bare")

        with pytest.raises(
            InvalidInput, match='Task "bare" takes no input, but was given: a, b'
        ) as refused:
            code.decode({"b": 1, "a": 2})

        assert refused.value.data is not None
        assert set(refused.value.data["invalidFields"]) == {"a", "b"}  # type: ignore[call-overload]

    def test_an_input_that_does_not_validate_is_refused_with_the_task_and_each_field(self) -> None:
        code = TaskCode(sized, id="sized")

        with pytest.raises(InvalidInput, match='input of task "sized": size: ') as refused:
            code.decode({"size": "big"})

        assert refused.value.data is not None
        assert set(refused.value.data["invalidFields"]) == {"size"}  # type: ignore[call-overload]


class TestRunning:
    def test_a_function_is_given_the_context_and_the_input(self) -> None:
        given: list[object] = []

        def remember(context: Context, input: Input) -> Done:
            given.extend([context, input])
            return Done("ran")

        verdict = TaskCode(remember, id="remember").run("context", Input(size=2))

        assert given == ["context", Input(size=2)]
        assert verdict == Done("ran")

    def test_a_function_without_an_input_is_given_the_context_alone(self) -> None:
        given: list[object] = []

        def remember(context: Context) -> Done:
            given.append(context)
            return Done()

        TaskCode(remember, id="remember").run("context", None)

        assert given == ["context"]


class TestHooks:
    def test_a_task_has_the_hook_that_was_set_and_no_other(self) -> None:
        code = TaskCode(bare, id="bare")

        code.set_hook(Hook.ON_DONE, print)

        assert code.hook(Hook.ON_DONE) is print
        assert code.hook(Hook.ON_ERROR) is None

    def test_a_second_hook_of_the_same_name_is_refused_with_the_file(self) -> None:
        code = TaskCode(bare, id="bare")
        code.set_before_trigger(print)

        with pytest.raises(DefinitionError, match="has an on_before_trigger hook already") as twice:
            code.set_before_trigger(repr)

        assert twice.value.message.startswith(__file__)

    @pytest.mark.parametrize(
        ("hooks", "first"),
        [
            ([], None),
            ([Hook.ON_DONE], None),
            ([Hook.ON_ERROR], Hook.ON_ERROR),
            ([Hook.ON_ERROR, Hook.ON_MAX_ITERATIONS], Hook.ON_MAX_ITERATIONS),
        ],
    )
    def test_the_first_hook_is_the_first_of_the_names_that_the_task_has(
        self, hooks: list[Hook], first: Hook | None
    ) -> None:
        code = TaskCode(bare, id="bare")
        for name in hooks:
            code.set_hook(name, print)

        found = code.first_hook(Hook.ON_MAX_ITERATIONS, Hook.ON_ERROR)

        assert found == first


class TestBeforeTrigger:
    def test_a_request_stays_the_same_without_a_hook(self) -> None:
        code, before = TaskCode(bare, id="bare"), request()

        after = code.before_trigger(before)

        assert after is before

    def test_a_request_that_a_hook_returns_replaces_the_first(self) -> None:
        code = TaskCode(bare, id="bare")
        code.set_before_trigger(lambda request: replace(request, name="changed"))

        after = code.before_trigger(request())

        assert after == replace(request(), name="changed")

    def test_a_request_stays_the_same_if_a_hook_returns_none(self) -> None:
        code = TaskCode(bare, id="bare")
        code.set_before_trigger(lambda request: None)

        after = code.before_trigger(request())

        assert after == request()

    def test_an_input_that_a_hook_changes_in_place_is_changed_in_the_request_alone(self) -> None:
        code, before = TaskCode(bare, id="bare"), request()

        def add_a_row(request: TriggerRequest) -> None:
            request.input["rows"].append(2)  # type: ignore[attr-defined]

        code.set_before_trigger(add_a_row)

        after = code.before_trigger(before)

        assert (after.input, before.input) == ({"rows": [1, 2]}, {"rows": [1]})

    def test_an_error_of_a_hook_comes_through(self) -> None:
        code = TaskCode(bare, id="bare")

        def veto(request: TriggerRequest) -> None:
            raise RuntimeError("not today")

        code.set_before_trigger(veto)

        with pytest.raises(RuntimeError, match="not today"):
            code.before_trigger(request())


class Counted(BaseModel):
    """An input that counts its validations."""

    number: int

    @field_validator("number")
    @classmethod
    def _count(cls, number: int) -> int:
        VALIDATED.append(number)
        return number


VALIDATED: list[int] = []


def trigger(stack: Stack, hook: object = None) -> tuple[TaskRecord, list[int]]:
    """A task of the number 1 that was triggered, and the numbers that were validated."""

    @task()
    def count(context: Context, input: Counted) -> Done:
        return Done()

    if hook:
        count.on_before_trigger(hook)  # type: ignore[arg-type]
    VALIDATED.clear()
    record = stack.trigger(count, input={"number": 1})
    return record, list(VALIDATED)


class TestValidationsOfATrigger:
    def test_an_input_is_validated_and_read_back_without_a_hook(self, stack: Stack) -> None:
        record, validated = trigger(stack)

        assert validated == [1, 1]
        assert record.input == {"number": 1}

    @pytest.mark.parametrize(
        "hook",
        [lambda request: None, lambda request: replace(request, name="changed")],
        ids=["nothing", "name"],
    )
    def test_an_input_is_validated_and_read_back_once_if_a_hook_leaves_it(
        self, stack: Stack, hook: object
    ) -> None:
        record, validated = trigger(stack, hook)

        assert validated == [1, 1]
        assert record.input == {"number": 1}

    def test_an_input_is_validated_again_if_a_hook_changes_it(self, stack: Stack) -> None:
        record, validated = trigger(stack, lambda request: replace(request, input={"number": 2}))

        assert validated[-2:] == [2, 2]
        assert record.input == {"number": 2}

    def test_an_input_is_validated_again_if_a_hook_changes_it_in_place(self, stack: Stack) -> None:
        record, validated = trigger(stack, lambda request: request.input.update(number=2))

        assert validated[-2:] == [2, 2]
        assert record.input == {"number": 2}

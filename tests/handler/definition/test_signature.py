"""Which functions a task may be made of, and what they take."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, cast

import pytest
from pydantic import BaseModel

from handler import Context, Done, Verdict, task
from handler.definition.signature import signature_of
from handler.errors import DefinitionError
from handler.testing import run


class Input(BaseModel):
    size: int = 1


def without_parameters() -> Done:
    return Done()


def with_three(context: Context, input: Input, more: int) -> Done:
    return Done()


def unannotated(context: Context, input) -> Done:  # type: ignore[no-untyped-def]
    return Done()


def of_text(context: Context, input: str) -> Done:
    return Done()


def generator(context: Context) -> Iterator[Done]:
    yield Done()


async def asynchronous_generator(context: Context) -> AsyncIterator[Done]:
    yield Done()


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (without_parameters, "takes 0 parameters; it takes (context) or (context, input: Model)"),
        (with_three, "takes 3 parameters; it takes (context) or (context, input: Model)"),
        (unannotated, "without an annotation; annotate it with a model"),
        (of_text, "of type <class 'str'>; annotate it with a model"),
        (generator, 'is a generator, for it has a "yield"; write a function, plain or async'),
        (asynchronous_generator, 'is a generator, for it has a "yield"; write a function'),
    ],
)
def test_a_function_that_cannot_be_a_task_is_refused_with_its_file_and_the_id(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        signature_of(function, "myTask")

    assert message in refused.value.message
    assert refused.value.message.startswith(f'{__file__}: task "myTask" ')


def test_a_function_of_the_context_alone_takes_no_input() -> None:
    def bare(context: Context) -> Done:
        return Done()

    signature = signature_of(bare, "myTask")

    assert signature.codec is None


def test_the_input_is_of_the_second_parameters_annotation() -> None:
    def sized(context: Context, input: Input) -> Done:
        return Done()

    codec = signature_of(sized, "myTask").codec

    assert codec is not None
    assert codec.decode({"size": 5}) == Input(size=5)


def test_an_annotation_that_is_text_is_evaluated_in_the_functions_module() -> None:
    def sized(context: Context, input: "Input") -> Done:
        return Done()

    codec = signature_of(sized, "myTask").codec

    assert codec is not None
    assert codec.decode({"size": 5}) == Input(size=5)


@pytest.mark.parametrize("annotation", [dict, dict[str, object]])
def test_a_dict_takes_any_mapping(annotation: Any) -> None:
    def anything(context, input):  # type: ignore[no-untyped-def]
        return Done()

    anything.__annotations__["input"] = annotation

    codec = signature_of(anything, "myTask").codec

    assert codec is not None
    assert codec.decode({"a": [1]}) == {"a": [1]}


def by_keyword(context: Context, *, input: Input) -> Verdict:
    return Done(output={"size": input.size})


def all_by_keyword(*, context: Context, input: Input) -> Verdict:
    return Done(output={"size": input.size})


def by_place(context: Context, input: Input, /) -> Verdict:
    return Done(output={"size": input.size})


@pytest.mark.parametrize("function", [by_keyword, all_by_keyword, by_place])
def test_the_input_is_passed_as_the_function_takes_it(function: Callable[..., Any]) -> None:
    made = run(task()(function), {"size": 5})

    assert made.record.output == {"size": 5}


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda context, *more: Done(), "takes *more; it takes (context) or"),
        (lambda context, **more: Done(), "takes **more; it takes (context) or"),
    ],
)
def test_a_function_that_takes_any_number_of_arguments_is_refused(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        signature_of(function, "myTask")

    assert message in refused.value.message


class TestDefaultOfAnInput:
    @pytest.mark.parametrize(("given", "size"), [(None, 4), ({}, 4), ({"size": 5}, 5)])
    def test_a_task_without_an_input_has_the_default_of_its_function(
        self, given: dict[str, object] | None, size: int
    ) -> None:
        @task()
        def sized(context: Context, input: Input = Input(size=4)) -> Done:  # noqa: B008
            return Done(output={"size": input.size})

        made = run(sized, given)

        assert made.record.output == {"size": size}
        assert made.record.input == {"size": size}

    @pytest.mark.parametrize("default", [None, 5, Input.model_construct(size=cast("int", "large"))])
    def test_a_default_that_the_input_does_not_take_is_refused(self, default: Any) -> None:
        def sized(context: Context, input: Input = default) -> Done:
            return Done()

        with pytest.raises(DefinitionError, match="default"):
            signature_of(sized, "myTask")

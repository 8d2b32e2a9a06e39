"""Which functions a task may be made of, and what they take."""

from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel

from handler import Context, Done
from handler.definition.signature import input_type
from handler.errors import DefinitionError


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


async def asynchronous(context: Context) -> Done:
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
        (asynchronous, "async or a generator; write a plain function"),
        (generator, "async or a generator; write a plain function"),
        (asynchronous_generator, "async or a generator; write a plain function"),
    ],
)
def test_a_function_that_cannot_be_a_task_is_refused_with_its_file_and_the_id(
    function: Callable[..., Any], message: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        input_type(function, "myTask")

    assert message in refused.value.message
    assert refused.value.message.startswith(f'{__file__}: task "myTask" ')


def test_a_function_of_the_context_alone_takes_no_input() -> None:
    def bare(context: Context) -> Done:
        return Done()

    adapter = input_type(bare, "myTask")

    assert adapter is None


def test_the_input_is_of_the_second_parameters_annotation() -> None:
    def sized(context: Context, input: Input) -> Done:
        return Done()

    adapter = input_type(sized, "myTask")

    assert adapter is not None
    assert adapter.validate_python({"size": 5}) == Input(size=5)


def test_an_annotation_that_is_text_is_evaluated_in_the_functions_module() -> None:
    def sized(context: Context, input: "Input") -> Done:
        return Done()

    adapter = input_type(sized, "myTask")

    assert adapter is not None
    assert adapter.validate_python({"size": 5}) == Input(size=5)


@pytest.mark.parametrize("annotation", [dict, dict[str, object]])
def test_a_dict_takes_any_mapping(annotation: Any) -> None:
    def anything(context, input):  # type: ignore[no-untyped-def]
        return Done()

    anything.__annotations__["input"] = annotation

    adapter = input_type(anything, "myTask")

    assert adapter is not None
    assert adapter.validate_python({"a": [1]}) == {"a": [1]}

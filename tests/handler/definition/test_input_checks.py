"""Types that no input may have, refused when the definition is made."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AliasPath,
    BaseModel,
    Field,
    RootModel,
    Secret,
    SecretBytes,
    SecretStr,
    create_model,
)

from handler import Context, Done, task
from handler.definition.input_checks import why_refused
from handler.errors import DefinitionError


class Login(BaseModel):
    token: SecretStr


class Nested(BaseModel):
    logins: dict[str, list[Login]] = {}
    inner: "Nested | None" = None


class Bytes(BaseModel):
    key: SecretBytes | None = None


class Number(BaseModel):
    pin: Annotated[Secret[int], Field(description="four digits")]


@dataclass
class Account:
    name: str
    password: SecretStr


class OfDataclass(BaseModel):
    account: Account


class Root(RootModel[list[int]]):
    pass


class Calls(BaseModel):
    call: Callable[[], int]


class Reads(BaseModel):
    lines: Iterable[str]


class OfClass(BaseModel):
    kind: type[int]


class Swapped(BaseModel):
    a: int = Field(alias="b")
    b: int = Field(alias="a")


Twice = create_model("Twice", a=(int, Field(validation_alias="b")), b=(int, ...))


class Fine(BaseModel):
    kind: Literal["a"] = "a"
    inner: "Fine | None" = None
    path: int = Field(default=0, validation_alias=AliasPath("outer", "path"))
    camel: int = Field(default=0, alias="camelCase")


@pytest.mark.parametrize(
    ("annotation", "reason"),
    [
        (Login, "has a secret, token: the record would show it"),
        (Nested, "has a secret, token"),
        (Bytes, "has a secret, key"),
        (Number, "has a secret, pin"),
        (OfDataclass, "has a secret, password"),
        (dict[str, SecretStr], "has a secret, the input"),
        (Root, "is a root model"),
        (Calls, "has a function, which can't be stored"),
        (Reads, "has an iterator, which can be read once"),
        (OfClass, "has a class, which can't be stored"),
        (Swapped, 'has two fields that "a" stands for, a and b'),
        (Twice, 'has two fields that "b" stands for, a and b'),
        (str, "is of type <class 'str'>; annotate it with a model"),
        (list[int], "is of type list[int]; annotate it with a model"),
        (dict[str, Iterable[int]], "has an iterator"),
    ],
)
def test_an_input_that_can_not_be_stored_is_refused_with_the_reason(
    annotation: Any, reason: str
) -> None:
    found = why_refused(annotation)

    assert found is not None
    assert reason in found


@pytest.mark.parametrize("annotation", [Fine, dict, dict[str, object], dict[str, Fine]])
def test_an_input_that_can_be_stored_is_not_refused(annotation: Any) -> None:
    assert why_refused(annotation) is None


def test_a_task_with_a_secret_in_its_input_is_refused_with_its_file_and_what_to_do() -> None:
    with pytest.raises(DefinitionError) as refused:

        @task()
        def log_in(context: Context, input: Login) -> Done:
            return Done()

    assert refused.value.message.startswith(f'{__file__}: task "logIn" has an input that has')
    assert "Take the name of a parameter or of a secret" in refused.value.message

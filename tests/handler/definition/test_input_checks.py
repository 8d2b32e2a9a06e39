"""Types that no input may have, refused when the definition is made."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

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
    field_validator,
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


class Color(Enum):
    RED = (1, 2)


class Keys(BaseModel):
    by_pair: dict[tuple[int, int], int] = {(1, 2): 3}


class Colored(BaseModel):
    color: Color = Color.RED


class OfBytes(BaseModel):
    kind: Literal[b"a"] = b"a"


@pytest.mark.parametrize(
    ("model", "field"), [(Keys, "by_pair"), (Colored, "color"), (OfBytes, "kind")]
)
def test_a_default_that_does_not_read_back_is_refused_with_its_field(
    model: type[BaseModel], field: str
) -> None:
    def body(context: Context, input: Any) -> Done:
        return Done()

    body.__annotations__["input"] = model

    with pytest.raises(DefinitionError, match=rf"has the default .* in its field {field}: JSON"):
        task(id="export")(body)


class Defaults(BaseModel):
    sloppy: str = None  # type: ignore[assignment]
    moment: datetime = datetime(2026, 10, 25, 2, 15, tzinfo=ZoneInfo("Europe/Berlin"))
    raw: bytes = b"\xff"
    nothing: float = math.nan
    many: set[int] = {1, 2}
    inner: Fine = Fine()
    camel: int = Field(default=0, alias="camelCase")
    path: int = Field(default=0, validation_alias=AliasPath("outer", "path"))
    checked: int = 5

    @field_validator("checked")
    @classmethod
    def _never(cls, value: int) -> int:
        raise ValueError("no")


def test_a_default_that_reads_back_is_taken() -> None:
    @task()
    def export(context: Context, input: Defaults) -> Done:
        return Done()


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

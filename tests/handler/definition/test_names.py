"""camelCase ids: which are valid, and how a function's name becomes one."""

import json
import keyword
import string
from enum import Enum, StrEnum
from typing import Any

import pytest
from ariadne import graphql_sync
from graphql import validate_schema
from hypothesis import example, given
from hypothesis import strategies as st
from moto import mock_aws
from pydantic import BaseModel

from handler import Context, Definition, DefinitionError, Done, task
from handler.definition.definition import MAX_DESCRIPTION_CHARACTERS, MAX_TITLE_CHARACTERS
from handler.definition.names import (
    MAX_ID_CHARACTERS,
    camel_case,
    in_words,
    is_camel_case,
    objection_to,
    shown,
    valid_id_like,
)
from handler.definition.registry import Registry
from handler.graphql import Schemas
from handler.testing import run


@pytest.mark.parametrize(
    "id",
    [
        "myCustomTask",
        "mytask",
        "a",
        "v2",
        "myTask1",
        "task1Number",
        "myApiV2Task",
        "myTask12ABc",
        "testingRun",
    ],
)
def test_a_camel_case_id_is_valid(id: str) -> None:
    is_valid = is_camel_case(id)

    assert is_valid


@pytest.mark.parametrize(
    "id",
    [
        "",
        "MyTask",
        "my-task",
        "my task",
        "myTask_1",
        "myTask1abc",
        "myHTTPTask",
        "A",
        "élan",
        "my.task",
        " task",
        "task\n",
        "task\u0661",  # a digit, but none of GraphQL's
        "task\u00b2",
        "\uff54ask",
        "__typename",
    ],
)
def test_an_id_that_is_not_camel_case_is_not_valid(id: str) -> None:
    is_valid = is_camel_case(id)

    assert not is_valid


@pytest.mark.parametrize(
    ("text", "id"),
    [
        ("export_users", "exportUsers"),
        ("MyTask", "myTask"),
        ("my-task", "myTask"),
        ("myTask1abc", "myTask1Abc"),
        ("myHTTPTask", "myHttpTask"),
        ("_private_task", "privateTask"),
        ("a__b", "aB"),
        ("export_a_b", "exportAb"),
        ("a_b_c", "aBc"),
        ("", ""),
        ("_", ""),
    ],
)
def test_a_functions_name_becomes_camel_case(text: str, id: str) -> None:
    made = camel_case(text)

    assert made == id


@pytest.mark.parametrize(
    ("id", "words"), [("exportUsers", "Export users"), ("v2", "V 2"), ("a", "A")]
)
def test_an_id_becomes_words(id: str, words: str) -> None:
    made = in_words(id)

    assert made == words


@pytest.mark.parametrize(
    ("id", "rule", "proposal"),
    [
        ("2faCleanup", "It must be in camelCase format", "task2FaCleanup"),
        ("2FaCleanup", "It must start with a letter", "task2FaCleanup"),
        ("2fa-cleanup", "It must be in camelCase format", "task2FaCleanup"),
        ("3DExport", "It must start with a letter", "task3DExport"),
        ("true", "It must not be true, false or null, which GraphQL reserves", "trueTask"),
        ("null", "It must not be true, false or null, which GraphQL reserves", "nullTask"),
        ("FALSE", "It must be in camelCase format", "falseTask"),
        (
            "backgroundTasksInBulk",
            "It must be another: a task of the engine's own has it",
            "backgroundTasksInBulkTask",
        ),
        ("a" * 65, "It must have at most 64 characters, not 65", "a" * 64),
        ("\ud800", "It must be in camelCase format", "myCustomTask"),
        ("größe", "It must be in camelCase format", "groe"),
    ],
)
def test_an_id_that_no_api_can_show_is_refused_with_the_rule_and_a_valid_one(
    id: str, rule: str, proposal: str
) -> None:
    with pytest.raises(DefinitionError) as refused:
        defined(id=id)

    assert f'" is invalid. {rule}, for example: "{proposal}".' in refused.value.message
    assert refused.value.message.encode()
    assert defined(id=proposal).id == proposal


def test_an_id_of_64_characters_is_valid() -> None:
    id = "exportUsers" + "Again" * 10 + "Now"

    assert len(id) == MAX_ID_CHARACTERS == 64
    assert defined(id=id).id == id


class Names(StrEnum):
    EXPORT = "exportUsers"


class OldNames(str, Enum):  # noqa: UP042  what older code has
    EXPORT = "exportUsers"


@pytest.mark.parametrize("id", [Names.EXPORT, OldNames.EXPORT])
def test_a_member_of_an_enum_of_texts_is_its_text(id: str) -> None:
    definition = defined(id=id)

    assert definition.id == "exportUsers"
    assert type(definition.id) is str


@pytest.mark.parametrize("id", [5, b"export", ["export"], 0, False])
def test_an_id_that_is_no_text_is_refused(id: Any) -> None:
    with pytest.raises(DefinitionError, match=r'it takes text, for example: "body"'):
        defined(id=id)


@pytest.mark.parametrize(
    ("name", "id"),
    [("_private", "private"), ("a__b", "aB"), ("export_a_b", "exportAb"), ("HTTPExport", None)],
)
def test_the_name_of_a_function_makes_the_id(name: str, id: str | None) -> None:
    assert defined(name=name).id == (id or "httpExport")


@pytest.mark.parametrize(
    ("name", "proposal"),
    [
        ("<lambda>", "myCustomTask"),
        ("ünï", "uni"),
        ("prüfe_konten", "prufeKonten"),
        ("_", "myCustomTask"),
        ("_2fa", "task2Fa"),
        ("true", "trueTask"),
        ("中文", "myCustomTask"),
        ("a" * 65, "a" * 64),
    ],
)
def test_a_name_that_makes_no_id_is_refused_with_the_id_to_write(name: str, proposal: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        defined(name=name)

    assert refused.value.message.startswith(f"{__file__}: no task ID can be made of the name ")
    assert refused.value.message.endswith(f'Write an ID: @task(id="{proposal}").')


def test_what_cannot_be_printed_is_escaped_and_what_is_long_is_cut() -> None:
    assert shown("a\0\ud800\n") == "a\\x00\\ud800\\n"
    assert shown("x" * 81) == "x" * 80 + "…"


ALPHABET = st.sampled_from(string.ascii_letters + string.digits + '_-. \0"{}#\u0661é\ud800')
TEXTS = st.one_of(
    st.text(ALPHABET, max_size=12),
    st.text(st.characters(categories=None), max_size=90),
    st.sampled_from([*keyword.kwlist, "true", "false", "null", "__typename", "empty", "query"]),
    st.text(string.ascii_letters + string.digits, min_size=50, max_size=80),
).flatmap(lambda text: st.sampled_from([text, camel_case(text), text.upper()]))


@pytest.mark.property
@given(text=TEXTS)
@example(text="2FaCleanup")
@example(text="task\u0661")
def test_any_text_is_refused_or_is_an_id_that_everything_takes(text: str) -> None:
    proposal = valid_id_like(text)

    refusal = refusal_of(id=text)

    assert refusal is None or f'for example: "{proposal}".' in refusal
    assert objection_to(proposal) is None
    assert_everything_takes(defined(id=proposal))
    if refusal is None:
        assert_everything_takes(defined(id=text))


@pytest.mark.property
@given(name=TEXTS)
def test_any_name_of_a_function_makes_an_id_or_is_refused_with_one(name: str) -> None:
    refusal = refusal_of(name=name)

    if refusal is None:
        assert_everything_takes(defined(name=name))
    else:
        proposal = refusal.rpartition('@task(id="')[2].removesuffix('").')
        assert_everything_takes(defined(id=proposal))


@pytest.mark.property
@given(
    title=st.one_of(st.none(), st.text(st.characters(categories=None), max_size=250)),
    description=st.one_of(st.text(st.characters(categories=None)), st.text("\"'\\\n", min_size=3)),
)
@example(title='"""', description='"""')
@example(title=None, description="x" * 1_048_576)
def test_any_title_and_description_is_refused_or_is_listed_as_it_is(
    title: str | None, description: str
) -> None:
    if refusal_of(title=title, description=description) is not None:
        return

    definition = defined(title=title, description=description)

    assert len(definition.title) <= MAX_TITLE_CHARACTERS
    assert len(definition.description) <= MAX_DESCRIPTION_CHARACTERS
    assert (definition.title, definition.description) == (title or "Body", description)
    assert json.loads(json.dumps(definition.title).encode()) == definition.title
    assert definition.description.encode() == description.encode()


@pytest.mark.property
@given(
    ids=st.lists(TEXTS.map(valid_id_like), min_size=1, max_size=6, unique=True),
    sets=st.lists(st.booleans(), min_size=6, max_size=6),
)
@example(ids=["a", "aTask", "aTaskInput", "aTaskInputTask"], sets=[False] * 6)
@example(
    ids=["trigger", "mutation", "on", "type", "fragment", "webinyBackground"], sets=[False] * 6
)
def test_any_ids_are_fields_with_types_of_their_own(ids: list[str], sets: list[bool]) -> None:
    made = [
        defined(id=id) if has_none else with_input(id)
        for id, has_none in zip(ids, sets, strict=False)
    ]

    schemas = Schemas(tuple(Registry(made)))

    kinds: Any = schemas.whole.type_map
    assert list(kinds["WebinyBackgroundTaskTriggers"].fields) == ids
    assert validate_schema(schemas.whole) == []
    with_types = [each for each, has_none in zip(made, sets, strict=False) if not has_none]
    assert len(kinds) - len(schemas.common.type_map) == 1 + 2 * len(with_types)


@mock_aws
@pytest.mark.parametrize("id", ["z" * 64, "a1B2C3", "query", "empty"])
def test_a_task_of_an_odd_id_runs_from_its_trigger_to_its_end(id: str) -> None:
    definition = defined(id=id)

    result = run(definition)

    assert result.record.has_succeeded
    assert result.record.definition_id == id


def defined(*, name: str = "body", **arguments: Any) -> Definition:
    """A task of a function of that name."""

    def function(context: Context) -> Done:
        return Done()

    function.__name__ = name
    return task(**arguments)(function)


class Inner(BaseModel):
    a: str


class Outer(BaseModel):
    inner: Inner


def with_input(id: str) -> Definition:
    """A task of two types."""

    @task(id=id)
    def body(context: Context, input: Outer) -> Done:
        return Done()

    return body


def refusal_of(**arguments: Any) -> str | None:
    """Why a task is refused: a message of a readable size, which can be printed."""
    try:
        defined(**arguments)
    except DefinitionError as refused:
        message = refused.message
    else:
        return None
    assert len(message) < 1_000
    assert message.encode()
    return message


def assert_everything_takes(definition: Definition) -> None:
    """The API's enum, and the limits of all other names that an id is a part of."""
    schema = Schemas(tuple(Registry([definition]))).whole
    query = '{ __type(name: "WebinyBackgroundTaskDefinitionEnum") { enumValues { name } } }'
    _, answer = graphql_sync(schema, {"query": query})
    assert answer["data"]["__type"]["enumValues"] == [{"name": definition.id}]
    assert definition.id.isascii()
    assert definition.id.isalnum()
    assert definition.id[0].islower()
    assert len(definition.id) <= MAX_ID_CHARACTERS

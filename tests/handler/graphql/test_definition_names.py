"""The argument `definition`, as documents of any version of Webiny have it."""

from typing import cast

import pytest
from graphql import EnumValueNode, GraphQLEnumType, StringValueNode

from handler import Context, Done, task
from handler.graphql.definition_names import take_texts
from handler.graphql.operation import TRIGGERS
from handler.graphql.schema import make_schema
from tests.handler.graphql.client import Api, clean_up
from tests.handler.stack import Stack

ENUM = "WebinyBackgroundTaskDefinitionEnum"
FIELDS = "{ data { definitionId name } error { message code data } }"


def document(type_: str) -> str:
    return f"mutation($name: {type_}) {with_literal('$name').removeprefix('mutation')}"


def with_literal(literal: str) -> str:
    return f"mutation {{ backgroundTasks {{ triggerTask(definition: {literal}) {FIELDS} }} }}"


@pytest.mark.parametrize("type_", ["String!", f"{ENUM}!", 'String! = "exportUsers"'])
def test_a_variable_is_of_either_type(api: Api, type_: str) -> None:
    assert api.data(document(type_), name="testingRun")["definitionId"] == "testingRun"


@pytest.mark.parametrize("literal", ["testingRun", '"testingRun"', '"""testingRun"""'])
def test_a_literal_is_of_either_kind(api: Api, literal: str) -> None:
    assert api.data(with_literal(literal))["definitionId"] == "testingRun"


def test_one_variable_may_be_a_name_and_a_text(api: Api) -> None:
    query = """mutation($name: String!) {
        backgroundTasks {
            triggerTask(definition: $name, name: $name) {
                data { definitionId name } error { message }
            }
        }
    }"""
    shown = api.data(query, name="testingRun")
    assert shown == {"definitionId": "testingRun", "name": "testingRun"}


def test_a_variable_in_a_fragment_is_of_either_type(api: Api) -> None:
    query = """
        mutation($name: String!) { ...Rest }
        fragment Rest on Mutation {
            backgroundTasks {
                triggerTask(definition: $name) { data { definitionId } error { code } }
            }
        }
    """
    assert api.data(query, name="testingRun") == {"definitionId": "testingRun"}


@pytest.mark.parametrize("name", ["nope", "cleanUp", "", "a b", "\0", "Empty", "TestingRun"])
def test_a_text_that_names_none_that_is_served_is_refused_in_the_envelope(
    api: Api, stack: Stack, name: str
) -> None:
    before = stack.rows()
    told = api.envelope(document("String!"), name=name)
    assert told["data"] is None
    assert told["error"] == {
        "message": "Task definition was not found!",
        "code": "TASK_DEFINITION_ERROR",
        "data": {"id": name, "known": ["exportUsers", "testingRun"]},
    }
    assert stack.rows() == before


@pytest.mark.parametrize("type_", [f"{ENUM}!", f"{ENUM}! = testingRun"])
def test_a_name_that_the_enum_has_not_is_graphqls_own_error(api: Api, type_: str) -> None:
    (error,) = api.ask(document(type_), name="nope")["errors"]
    assert "does not exist" in error["message"]
    assert "The definitions that can be triggered are: testingRun, exportUsers." in error["message"]


@pytest.mark.parametrize(
    ("type_", "words"),
    [
        ("String", "of type 'String' used in position expecting type 'String!'"),
        ("Int!", "of type 'Int!' used in position"),
        ("[String!]!", "of type '[String!]!' used in position"),
        ("ID!", "of type 'ID!' used in position"),
    ],
)
def test_a_variable_of_another_type_is_refused(api: Api, type_: str, words: str) -> None:
    (error,) = api.ask(document(type_), name="testingRun")["errors"]
    assert words in error["message"]


@pytest.mark.parametrize("literal", ["nope", "1", "null", "[testingRun]", "{id: 1}", "true"])
def test_a_literal_of_another_kind_is_refused(api: Api, literal: str) -> None:
    assert api.ask(with_literal(literal))["errors"]


@pytest.mark.parametrize("field", ["getLimits", "listQueue"])
def test_no_other_field_tells_of_a_private_definition(api: Api, field: str) -> None:
    query = (
        "query($name: String!) { backgroundTasks {"
        f" {field}(definition: $name) {{ error {{ code data }} }} }} }}"
    )
    told = api.envelope(query, name=clean_up.id)
    assert told["error"]["code"] == "TASK_DEFINITION_ERROR"


def test_the_alias_of_a_definition_is_one_of_its_names(api: Api, stack: Stack) -> None:
    @task(id="newName", aliases=("oldName",))
    def renamed(context: Context) -> Done:
        return Done()

    stack.definitions = (renamed,)
    assert api.data(document("String!"), name="oldName")["definitionId"] == "newName"


def test_a_schema_that_is_told_so_a_thousand_times_takes_them_as_well(api: Api) -> None:
    schema = make_schema([])
    for _ in range(1_000):
        take_texts(schema)

    parse = cast("GraphQLEnumType", schema.type_map[ENUM]).parse_literal
    assert parse(StringValueNode(value="some")) == "some"
    assert parse(EnumValueNode(value="Empty")) == "Empty"


def test_one_that_is_answered_by_the_whole_schema_takes_a_text_as_well(api: Api) -> None:
    words = f"# {TRIGGERS}\n"

    for answer in (
        api.data(words + with_literal('"testingRun"')),
        api.data(words + document("String!"), name="testingRun"),
    ):
        assert answer["definitionId"] == "testingRun"


@pytest.mark.parametrize("bang", ["", "!"])
def test_an_input_that_webinys_sdk_names_without_its_beginning_is_the_one_that_is_meant(
    api: Api, bang: str
) -> None:
    record = api.data(with_literal("testingRun").replace("definitionId name", "id"))
    type_ = f"BackgroundTaskLogListWhereInput{bang}"
    query = (
        f"query List($where: {type_}) {{ backgroundTasks {{ listLogs(where: $where)"
        " { data { id } meta { totalCount } error { message } } } }"
    )

    assert api.envelope(query, where={"task": record["id"]})["error"] is None
    assert api.ask(query.replace(type_, "BackgroundTaskNothing"), where={})["errors"]

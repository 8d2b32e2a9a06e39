"""The schema: the definitions as an enum, and documents of every kind."""

import json
from dataclasses import replace

import pytest
from graphql import get_introspection_query

from tests.handler.graphql.client import GET_TASK, LIST_DEFINITIONS, TRIGGER_TASK, Api, clean_up
from tests.handler.stack import Stack


class TestDefinitions:
    @pytest.mark.parametrize("definition", ["nothing", "cleanUp"])
    def test_an_unknown_or_private_definition_is_refused_with_the_list_of_public_ones(
        self, stack: Stack, api: Api, definition: str
    ) -> None:
        answer = api.ask(TRIGGER_TASK, definition=definition)
        literal = api.ask(
            f"mutation {{ backgroundTasks {{ triggerTask(definition: {definition}) {{ data {{ id }}"
            " } } }"
        )

        for errors in (answer["errors"], literal["errors"]):
            assert (
                "The definitions that can be triggered are: testingRun, exportUsers."
                in errors[0]["message"]
            )
        assert stack.rows() == []

    def test_without_public_definitions_the_schema_is_valid(self, stack: Stack, api: Api) -> None:
        stack.definitions = (clean_up,)

        assert api.data(LIST_DEFINITIONS) == []
        assert "errors" in api.ask(TRIGGER_TASK, definition="cleanUp")


class TestDocuments:
    def test_a_literal_works_like_a_variable(self, api: Api) -> None:
        arguments = "definition: exportUsers, input: {size: 2}, delay: 1.5"
        query = (
            f"mutation {{ backgroundTasks {{ triggerTask({arguments}) {{ data {{ input }} }} }} }}"
        )

        assert api.ask(query)["data"]["backgroundTasks"]["triggerTask"]["data"]["input"] == {
            "size": 2
        }

    @pytest.mark.parametrize(
        "query",
        [
            "{ nothing }",
            "{",
            "{ backgroundTasks { getTask { data { id } } } }",
            "query A { a } query B { b }",
        ],
    )
    def test_a_document_that_does_not_validate_is_answered_with_the_reason(
        self, api: Api, query: str
    ) -> None:
        answer = api.ask(query)

        assert answer["errors"][0]["message"]

    def test_operation_name_chooses_one_of_several_operations(self, api: Api) -> None:
        answer = api.send(
            {"query": f"{LIST_DEFINITIONS} {GET_TASK}", "operationName": "ListDefinitions"}
        )

        assert "listDefinitions" in json.loads(answer["body"])["data"]["backgroundTasks"]

    def test_two_mutations_in_one_document_trigger_two_tasks(self, stack: Stack, api: Api) -> None:
        query = """mutation { backgroundTasks {
            first: triggerTask(definition: testingRun) { data { id } }
            second: triggerTask(definition: testingRun) { data { id } }
        } }"""

        data = api.ask(query)["data"]["backgroundTasks"]

        assert data["first"]["data"]["id"] != data["second"]["data"]["id"]


class TestWithoutIntrospection:
    @pytest.fixture(autouse=True)
    def hidden(self, stack: Stack) -> None:
        stack.settings = replace(stack.settings, introspection=False)

    @pytest.mark.parametrize(
        "query",
        [
            get_introspection_query(),
            '{ __type(name: "Query") { name } }',
            "{ __schema { types { name } } }",
            "{ x: __schema { queryType { name } } backgroundTasks { __typename } }",
        ],
    )
    def test_the_schema_is_not_told(self, api: Api, query: str) -> None:
        answer = api.ask(query)

        assert answer["errors"]
        assert "WebinyBackgroundTask" not in json.dumps(answer)

    @pytest.mark.parametrize(
        "query",
        [
            "{ backgroundTask { __typename } }",
            "{ backgroundTasks { getTasks(id: 1) { data { id } } } }",
            "{ backgroundTasks { getTask(idd: 1) { data { id } } } }",
            "{ backgroundTasks { listTasks(where: {definitionID: 1}) { data { id } } } }",
        ],
    )
    def test_a_wrong_name_is_not_told_what_it_is_like(self, api: Api, query: str) -> None:
        messages = [error["message"] for error in api.ask(query)["errors"]]

        assert not any("Did you mean" in message for message in messages)

    def test_a_definition_is_not_told_what_it_is_like(self, api: Api) -> None:
        (error,) = api.ask(TRIGGER_TASK, definition="testingRu")["errors"]

        assert "Did you mean" not in error["message"]

    def test_what_clients_ask_for_beside_is_answered(self, api: Api) -> None:
        answer = api.ask("{ __typename backgroundTasks { __typename } }")

        assert answer["data"]["backgroundTasks"] == {"__typename": "WebinyBackgroundTaskQuery"}


def test_by_default_the_schema_is_told(api: Api) -> None:
    (error,) = api.ask("{ backgroundTask { __typename } }")["errors"]

    assert "Did you mean 'backgroundTasks'?" in error["message"]

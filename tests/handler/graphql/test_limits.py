"""What one request may ask for: it is refused in words before anything is read or written."""

import json
from typing import Any

import pytest
from graphql import get_introspection_query

from tests.handler.graphql import client
from tests.handler.graphql.client import Api
from tests.handler.stack import Stack

DOCUMENTS = [
    value
    for name, value in vars(client).items()
    if name.isupper() and isinstance(value, str) and "backgroundTasks" in value
]


def aliases(count: int, field: str, name: str = "a") -> str:
    return " ".join(f"{name}{number}: {field}" for number in range(count))


def query(fields: str) -> str:
    return f"{{ backgroundTasks {{ {fields} }} }}"


def refusal(api: Api, document: str) -> Any:
    """The one error of a document of which nothing is carried out."""
    answer = api.ask(document)
    (error,) = answer["errors"]
    assert not answer.get("data")
    assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"
    return error["message"]


GET = 'getTask(id: "t1") { data { id } }'
LIST = "listTasks { data { id } }"
TRIGGER = "triggerTask(definition: testingRun) { data { id } }"


class TestOperations:
    @pytest.mark.parametrize(
        ("document", "words"),
        [
            (query(aliases(51, GET)), "51 reads; it may have 50"),
            (query(aliases(1_000, "__typename")), "1,000 reads; it may have 50"),
            (query(aliases(11, LIST)), "11 lists; it may have 10"),
            (f"mutation {query(aliases(11, TRIGGER))}", "11 mutations; it may have 10"),
        ],
    )
    def test_too_many_in_a_document_are_refused_and_none_is_carried_out(
        self, stack: Stack, api: Api, document: str, words: str
    ) -> None:
        stack.dynamodb.requests.clear()

        message = refusal(api, document)

        assert words in message
        assert "Next: " in message
        assert stack.dynamodb.requests == []

    def test_as_many_as_there_may_be_are_carried_out(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1")

        reads = api.ask(query(aliases(40, GET) + aliases(10, LIST, "b")))
        mutations = api.ask(f"mutation {query(aliases(10, TRIGGER))}")

        assert "errors" not in reads
        assert len(reads["data"]["backgroundTasks"]) == 50
        assert "errors" not in mutations

    @pytest.mark.parametrize(
        "document",
        [
            "{ x: backgroundTasks { %s } y: backgroundTasks { %s } }",
            "{ backgroundTasks { ...f %s } } fragment f on WebinyBackgroundTaskQuery { %s }",
            "{ backgroundTasks { ... on WebinyBackgroundTaskQuery { %s } %s } }",
            (
                "{ ...f ...g } fragment f on Query { backgroundTasks { %s } }"
                " fragment g on Query { backgroundTasks { %s } }"
            ),
        ],
    )
    def test_they_are_counted_however_they_are_spread(self, api: Api, document: str) -> None:
        assert "60 reads" in refusal(api, document % (aliases(30, GET), aliases(30, GET, "b")))

    def test_the_same_field_twice_is_one(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1")

        answer = api.ask(query(" ".join([GET] * 60)))

        assert "errors" not in answer

    def test_each_operation_of_a_document_is_counted_on_its_own(self, api: Api) -> None:
        first, second = aliases(30, GET), aliases(30, GET)
        document = f"query A {query(first)} query B {query(second)}"

        answer = api.send({"query": document, "operationName": "A"})

        assert "errors" not in json.loads(answer["body"])


class TestDocuments:
    @pytest.mark.parametrize("document", DOCUMENTS)
    def test_webinys_own_documents_are_far_from_every_limit(self, api: Api, document: str) -> None:
        answer = api.send({"query": document})

        assert "it may have" not in answer["body"]

    def test_the_introspection_of_clients_is_answered(self, api: Api) -> None:
        answer = api.ask(get_introspection_query(descriptions=True, input_value_deprecation=True))

        assert "errors" not in answer
        assert len(answer["data"]["__schema"]["types"]) > 20

    def test_a_long_document_is_refused(self, api: Api) -> None:
        assert "it may have 100,000" in refusal(api, f"# {'x' * 100_000}\n{query(GET)}")

    def test_a_document_of_too_many_tokens_is_refused(self, api: Api) -> None:
        (error,) = api.ask(f"{{ {'a ' * 10_001} }}")["errors"]

        assert "10000 tokens" in error["message"]

    @pytest.mark.parametrize(
        "document",
        [
            "{ a " * 21 + "}" * 21,
            "{ ...f } fragment f on Query { backgroundTasks { ...f } }",
            "{ backgroundTasks { ...g } } fragment g on T " + "{ a " * 20 + "}" * 20,
        ],
    )
    def test_a_document_that_is_too_deep_is_refused(self, api: Api, document: str) -> None:
        assert "it may have 20 levels" in refusal(api, document)

    @pytest.mark.parametrize("document", ["{ a " * 3_000, "{a(b:" + "[" * 9_000])
    def test_a_document_that_is_deeper_than_the_parser_goes_is_refused(
        self, api: Api, document: str
    ) -> None:
        assert "nested too deeply" in refusal(api, document)

    def test_fragments_that_double_30_times_are_looked_through_once(self, api: Api) -> None:
        bomb = " ".join(f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(30))

        answer = api.ask(f"{{ ...f0 }} {bomb} fragment f30 on Query {{ __typename }}")

        assert answer == {"data": {"__typename": "Query"}}


class TestIds:
    @pytest.mark.parametrize("name", ["id", "taskStatus"])
    def test_more_than_1000_values_of_a_filter_are_refused(
        self, stack: Stack, api: Api, name: str
    ) -> None:
        stack.dynamodb.requests.clear()

        error = api.envelope(client.LIST_TASKS, where={f"{name}_in": ["x"] * 1_001})["error"]

        assert error["code"] == "REQUEST_TOO_LARGE"
        assert error["message"].startswith(f"{name}_in has 1,001 values; it may have 1,000.")
        assert stack.dynamodb.requests == []

    def test_1000_ids_are_ten_requests(self, stack: Stack, api: Api) -> None:
        ids = [f"t{number}" for number in range(1_000)]
        stack.dynamodb.requests.clear()

        api.ask(
            "query($ids: [ID!]) { backgroundTasks { listTasks(where: {id_in: $ids}, limit: 1000)"
            " { data { id } } } }",
            ids=ids,
        )

        assert stack.dynamodb.calls == ["batch_get_item"] * 10


class TestVariables:
    @pytest.mark.slow
    @pytest.mark.parametrize("value", [[[]] * 500_000, {"a": [0] * 500_000}])
    def test_more_than_half_a_million_values_are_refused(self, api: Api, value: object) -> None:
        answer = api.ask(client.TRIGGER_TASK, definition="exportUsers", input=value)

        (error,) = answer["errors"]
        assert "500,000 values" in error["message"]
        assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"

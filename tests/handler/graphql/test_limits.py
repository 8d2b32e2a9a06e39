"""What one request may ask for: it is refused in words before anything is read or written."""

import json
from typing import Any

import pytest
from graphql import get_introspection_query, parse

from handler.graphql.operation import Operation
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
            (query(aliases(100, "__typename")), "100 reads; it may have 50"),
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

        answer = api.ask(query(" ".join([GET] * 40)))

        assert "errors" not in answer

    def test_each_operation_of_a_document_is_counted_on_its_own(self, api: Api) -> None:
        first, second = aliases(30, GET), aliases(30, GET)
        document = f"query A {query(first)} query B {query(second)}"

        answer = api.send({"query": document, "operationName": "A"})

        assert "errors" not in json.loads(answer["body"])


class TestAliases:
    @pytest.mark.parametrize(
        "fields",
        [
            f'getTask(id: "t1") {{ data {{ {aliases(101, "id")} }} }}',
            f"getTask(id: 1) {{ data {{ {aliases(50, 'id')} }} error {{ {aliases(51, 'id')} }} }}",
            f"... on X {{ {aliases(1, GET)} listTasks {{ data {{ {aliases(100, 'id')} }} }} }}",
        ],
    )
    def test_more_than_100_are_refused(self, stack: Stack, api: Api, fields: str) -> None:
        stack.dynamodb.requests.clear()

        message = refusal(api, query(fields))

        assert message.startswith("The document has 101 aliases; it may have 100. Next: ")
        assert stack.dynamodb.requests == []

    def test_those_of_a_fragment_are_counted_once(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1")
        fragment = f"fragment f on WebinyBackgroundTask {{ {aliases(98, 'id', 'f')} }}"
        reads = 'a: getTask(id: "t1") { data { ...f } } b: getTask(id: "t1") { data { ...f } }'

        assert "errors" not in api.ask(f"{query(reads)} {fragment}")


class TestParts:
    @pytest.mark.parametrize(
        ("document", "words"),
        [
            (" ".join(f"query Q{n} {{ __typename }}" for n in range(21)), "21 operations"),
            (
                query(GET)
                + " ".join(f"fragment f{n} on Query {{ __typename }}" for n in range(101)),
                "101 fragments",
            ),
            ("{ " + " ".join(f"f{n}" for n in range(2_001)) + " }", "2,001 fields and spreads"),
            ("{ " + "... { __typename } " * 1_001 + " }", "2,002 fields and spreads"),
            (
                "query(" + " ".join(f"$v{n}: Int" for n in range(201)) + ") { __typename }",
                "201 variables",
            ),
            (query(aliases(1_000, "__typename")), "1,000 aliases"),
        ],
    )
    def test_a_document_of_too_many_is_refused(
        self, stack: Stack, api: Api, document: str, words: str
    ) -> None:
        stack.dynamodb.requests.clear()

        message = refusal(api, document)

        assert f"The document has {words}; it may have " in message
        assert stack.dynamodb.requests == []

    @pytest.mark.parametrize(
        "document",
        [
            query(" ".join(f"getTask(id: {n}) {{ error {{ code }} }}" for n in range(400))),
            query("__typename " * 200),
            query(" ".join(f"...f{n}" for n in range(100)))
            + " ".join(
                f"fragment f{n} on WebinyBackgroundTaskQuery {{ getTask(id: {n}) {{ error }} }}"
                for n in range(100)
            ),
            "{ ...f0 ...f0 } "
            + " ".join(
                f"fragment f{n} on Query {{ {'__typename ' * 15} ...f{n + 1} }}" for n in range(99)
            )
            + " fragment f99 on Query { __typename }",
        ],
    )
    def test_one_that_graphql_would_compare_for_seconds_is_refused(
        self, stack: Stack, api: Api, document: str
    ) -> None:
        stack.dynamodb.requests.clear()

        message = refusal(api, document)

        assert "pairs of fields of one name; it may have 5,000" in message
        assert stack.dynamodb.requests == []

    def test_a_batch_shares_what_is_compared(self, api: Api) -> None:
        one = {"query": query(" ".join(["getTask(id: 1) { error { code } }"] * 40))}

        *_, last = json.loads(api.send([one] * 4)["body"])

        assert "pairs of fields of one name" in last["errors"][0]["message"]


class TestFields:
    def test_they_are_counted_once_for_each_task_of_a_page(self, stack: Stack, api: Api) -> None:
        lists = aliases(3, "listTasks(limit: 1000) { data { ...f } }", "b")
        stack.dynamodb.requests.clear()

        fragment = f"fragment f on WebinyBackgroundTask {{ {aliases(90, 'id')} }}"
        message = refusal(api, f"{query(lists)} {fragment}")

        # Three lists of a thousand times `data` and 90 fields, and what they are in.
        assert "The request has 273,004 fields" in message
        assert stack.dynamodb.requests == []

    @pytest.mark.parametrize(
        ("limit", "pages"),
        [("", 50), ("(limit: 20)", 20), ("(limit: 0)", 50), ("(limit: 2000)", 1_000)],
    )
    def test_a_page_is_as_large_as_is_asked_for(self, limit: str, pages: int) -> None:
        document = parse(query(f"listTasks{limit} {{ data {{ id }} }}"))
        operation: Any = document.definitions[0]

        asked = Operation(operation, {}, {}).asked()

        assert asked.fields == 1 + 1 + pages * 2

    def test_a_page_may_be_a_variable_and_have_a_default(self) -> None:
        document = parse(
            "query($n: Int = 7) { backgroundTasks { listTasks(limit: $n) { data { id } } } }"
        )
        operation: Any = document.definitions[0]

        assert Operation(operation, {}, {}).asked().fields == 2 + 7 * 2
        assert Operation(operation, {}, {"n": 9}).asked().fields == 2 + 9 * 2

    def test_logs_inside_of_logs_multiply(self, stack: Stack, api: Api) -> None:
        inner = "items { message }"
        for _ in range(5):
            inner = f"logs(limit: 50) {{ task {{ {inner} }} }}" if inner[0] != "i" else inner
            inner = inner if inner.startswith("logs") else f"logs {{ {inner} }}"
        stack.dynamodb.requests.clear()

        message = refusal(api, query(f"listTasks {{ data {{ {inner} }} }}"))

        assert "fields (counted once for each task or log of a page)" in message
        assert stack.dynamodb.requests == []

    def test_fragments_that_multiply_20_times_are_looked_through_at_once(self, api: Api) -> None:
        spread = "a: task {{ logs {{ ...f{n} }} }} b: task {{ logs {{ ...f{n} }} }}"
        fragments = " ".join(
            f"fragment f{n} on WebinyBackgroundTaskLog {{ {spread.format(n=n + 1)} }}"
            for n in range(7)
        )
        last = "fragment f7 on WebinyBackgroundTaskLog { iteration }"
        reads = query('getTask(id: "t1") { data { logs { ...f0 } } }')

        message = refusal(api, f"{reads} {fragments} {last}")

        assert "fields (counted once for each task or log of a page)" in message


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
        assert "more than 5,000 tokens. Next: " in refusal(api, f"{{ {'a ' * 5_001} }}")

    @pytest.mark.parametrize(
        "document",
        [
            "{ a " * 21 + "}" * 21,
            "{ a " * 200 + "}" * 200,
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


class TestFilters:
    @pytest.mark.parametrize("name", ["id", "taskStatus"])
    def test_more_than_1000_values_of_a_filter_are_refused(
        self, stack: Stack, api: Api, name: str
    ) -> None:
        stack.dynamodb.requests.clear()

        answer = api.ask(client.LIST_TASKS, where={f"{name}_in": ["x"] * 1_001})

        (error,) = answer["errors"]
        assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"
        assert "1,001 values in the lists of its filters; it may have 1,000" in error["message"]
        assert stack.dynamodb.requests == []

    def test_those_of_all_filters_are_counted_together(self, stack: Stack, api: Api) -> None:
        ids = json.dumps(["x"] * 300)
        lists = aliases(2, f"listTasks(where: {{id_in: {ids}}}) {{ data {{ id }} }}")
        more = "c: listTasks(where: $where) { data { id } } d: listTasks(where: {id_in: $ids})"
        document = (
            "query($where: WebinyBackgroundTaskListWhereInput, $ids: [ID!]) {"
            f" backgroundTasks {{ {lists} {more} {{ data {{ id }} }} }} }}"
        )
        stack.dynamodb.requests.clear()

        answer = api.ask(document, where={"id_in": ["x"] * 300}, ids=["x"] * 101)

        assert "1,001 values" in answer["errors"][0]["message"]
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

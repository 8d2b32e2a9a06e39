"""A mutation for each definition: it is `triggerTask`, with the input's own fields."""

import cProfile
import json
import logging
import pstats
from collections.abc import Callable
from typing import Any, Literal

import pytest
from ariadne import make_executable_schema
from graphql import (
    GraphQLInputObjectType,
    GraphQLObjectType,
    get_introspection_query,
    print_schema,
    validate_schema,
)
from pydantic import BaseModel, Field, GetJsonSchemaHandler, create_model, field_validator

from handler import Context, Definition, Done, TriggerRequest, task
from handler.client.verbs import VERBS
from handler.definition.names import camel_case
from handler.graphql import input_schemas, input_types, triggers
from handler.graphql.schema import Schemas
from tests.handler.graphql.callers import Caller, principals, with_access
from tests.handler.graphql.client import (
    GET_TASK,
    LIST_DEFINITIONS,
    TRIGGER_TASK,
    Api,
    clean_up,
    export_users,
    testing_run,
)
from tests.handler.graphql.test_limits import DOCUMENTS
from tests.handler.stack import Stack

CODE = "error { code }"
RUNS = " ".join([f"a%s: testingRun {{ {CODE} }}"] * 11)
seen: list[object] = []


class Where(BaseModel):
    folder: str = Field(alias="folderName")
    deep: bool = True


class Reindex(BaseModel):
    index: str
    limit: int | None = Field(default=0, gt=0)  # its default is none that may be given
    where: Where | None = None
    text: str = "x"

    @field_validator("text")
    @classmethod
    def look(cls, value: str) -> str:
        seen.append(value)
        return value


@task(id="reindex", aliases=("oldReindex",), description="Makes an index anew.")
def reindex(context: Context, input: Reindex) -> Done:
    return Done()


@pytest.fixture
def api(stack: Stack) -> Api:
    api = Api(stack)
    stack.definitions = (*stack.definitions, reindex)
    return api


def asked(api: Api, field: str, *, types: str = "", **variables: Any) -> Any:
    """What `trigger` answers to a field, with what is mostly asked for behind it."""
    fields = "{ data { id input name delay: startsOn } error { message code data } }"
    head = f"mutation ({types})" if types else "mutation"
    return api.ask(f"{head} {{ trigger {{ {field} {fields} }} }}", **variables)


def made(api: Api, field: str, **more: Any) -> Any:
    answer = asked(api, field, **more)
    assert "errors" not in answer, answer
    (envelope,) = answer["data"]["trigger"].values()
    assert envelope["error"] is None, envelope
    return envelope["data"]


def audited(caplog: pytest.LogCaptureFixture) -> list[Any]:
    return [vars(line) for line in caplog.records if getattr(line, "action", "") == "audit"]


class TestTrigger:
    def test_a_task_is_triggered_by_literals_or_by_a_variable(self, stack: Stack, api: Api) -> None:
        literal = made(api, 'reindex(input: {index: "pages", where: {folderName: "a"}})')
        variable = made(
            api,
            "reindex(input: $input)",
            types="$input: ReindexTaskInput!",
            input={"index": "pages", "where": {"folderName": "a"}},
        )
        parts = made(
            api,
            "reindex(input: {index: $index, where: {folderName: $folder, deep: $deep}})",
            types="$index: String!, $folder: String!, $deep: Boolean",
            index="pages",
            folder="a",
        )

        (plain,) = api.ask(
            TRIGGER_TASK,
            definition="reindex",
            input={"index": "pages", "where": {"folderName": "a"}},
        )["data"]["backgroundTasks"].values()
        for data in (literal, variable, parts):
            assert data["input"] == plain["data"]["input"]
            assert stack.get(data["id"]).definition_id == "reindex"

    def test_it_takes_whatever_trigger_task_takes_beside_the_input(
        self, stack: Stack, api: Api
    ) -> None:
        data = made(
            api,
            'reindex(input: {index: "a"}, name: "Tonight", delay: 60, timeout: 3600,'
            ' expiresAfter: 600, priority: 9, idempotencyKey: "night")',
        )
        again = made(api, 'reindex(input: {index: "b"}, idempotencyKey: "night")')
        burst = made(api, 'reindex(input: {index: "a"}, debounce: {key: "k", delay: 5})')

        record = stack.get(data["id"])
        assert (record.name, record.delay, record.priority) == ("Tonight", 60, 9)
        assert f"{record.deadline:%H:%M} {record.start_by:%H:%M}" == "01:00 00:10"
        assert again["id"] == data["id"]
        assert stack.get(burst["id"]).starts_on
        mutations: Any = Schemas((reindex,)).whole.type_map
        common = set(mutations["WebinyBackgroundTaskMutation"].fields["triggerTask"].args)
        own = set(mutations["WebinyBackgroundTaskTriggers"].fields["reindex"].args)
        assert common - own == {"definition"}
        assert own - common == set()

    def test_it_is_the_callers_and_of_the_callers_tenant(self, stack: Stack, api: Api) -> None:
        field = 'reindex(input: {index: "a"}) { data { id createdBy { id } } }'
        answer = api.ask(f"mutation {{ trigger {{ {field} }} }}", event="http_api_jwt")

        data = answer["data"]["trigger"]["reindex"]["data"]
        assert data["createdBy"]["id"] == "auth0|6957329503d1"
        assert stack.get(data["id"]).tenant == "acme"

    def test_a_definition_without_an_input_takes_none(self, stack: Stack, api: Api) -> None:
        assert made(api, "testingRun")["input"] == {}
        assert made(api, "testingRun(input: {})")["input"] == {}

        answer = asked(api, "testingRun(input: {a: 1})")

        assert "takes no input" in answer["data"]["trigger"]["testingRun"]["error"]["message"]

    def test_what_the_model_refuses_is_in_the_envelope(self, stack: Stack, api: Api) -> None:
        answer = asked(api, 'reindex(input: {index: "a", limit: -1})')

        envelope = answer["data"]["trigger"]["reindex"]
        assert envelope["data"] is None
        assert envelope["error"]["code"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert set(envelope["error"]["data"]["invalidFields"]) == {"limit"}
        assert stack.rows() == []

    @pytest.mark.parametrize(
        ("field", "words"),
        [
            ("reindex", "argument 'input' of type 'ReindexTaskInput!' is required"),
            ("reindex(input: {})", "Field 'ReindexTaskInput.index' of required type 'String!'"),
            ("reindex(input: {index: 5})", "String cannot represent a non string value: 5"),
            ('reindex(input: {index: "a", indx: 5})', "Field 'indx' is not defined"),
            ('reindex(input: {index: "a", where: {folder: "a"}})', "Field 'folder' is not defined"),
        ],
    )
    def test_what_graphql_refuses_is_refused_before_anything_is_stored(
        self, stack: Stack, api: Api, field: str, words: str
    ) -> None:
        answer = asked(api, field)

        assert words in " ".join(error["message"] for error in answer["errors"])
        assert stack.rows() == []

    def test_an_input_of_another_shape_is_refused_by_json_too(self, stack: Stack) -> None:
        @task()
        def free(context: Context, input: dict[str, int]) -> Done:
            return Done()

        api = Api(stack)
        stack.definitions = (free,)

        answer = asked(api, "free(input: [1])")

        assert "it takes an object" in answer["data"]["trigger"]["free"]["error"]["message"]


class TestLeftOut:
    def test_what_is_left_out_is_the_models_to_fill_and_null_is_null(
        self, stack: Stack, api: Api
    ) -> None:
        seen.clear()

        left_out = made(api, 'reindex(input: {index: "a", where: {folderName: "f"}})')
        null = made(api, 'reindex(input: {index: "a", limit: null})')

        assert (left_out["input"]["limit"], null["input"]["limit"]) == (0, None)
        assert left_out["input"]["text"] == "x"
        assert seen == []  # a default is not validated, and a value is

    def test_a_default_that_is_given_is_a_value_as_any_other(self, stack: Stack, api: Api) -> None:
        seen.clear()

        made(api, 'reindex(input: {index: "a", text: "x"})')
        answer = asked(
            api,
            "reindex(input: $input)",
            types="$input: ReindexTaskInput!",
            input={"index": "a", "limit": 0},
        )

        assert seen == ["x"]
        invalid = answer["data"]["trigger"]["reindex"]["error"]["data"]["invalidFields"]
        assert set(invalid) == {"limit"}

    def test_a_default_of_a_documents_variable_is_given(self, stack: Stack, api: Api) -> None:
        data = made(
            api, "reindex(input: $input)", types='$input: ReindexTaskInput = {index: "pages"}'
        )

        assert data["input"]["index"] == "pages"


class TestDefinitions:
    def test_an_unknown_or_private_one_is_refused_with_the_list_of_public_ones(
        self, stack: Stack, api: Api
    ) -> None:
        for name in ("nothing", "cleanUp"):
            (error,) = asked(api, name)["errors"]

            assert (
                "The definitions that can be triggered are: testingRun, exportUsers, reindex."
                in error["message"]
            )
        assert stack.rows() == []

    def test_an_unknown_argument_is_refused_without_that_list(self, api: Api) -> None:
        (error,) = asked(api, 'reindex(input: {index: "a"}, nothing: 1)')["errors"]

        assert "Unknown argument 'nothing'" in error["message"]
        assert "can be triggered" not in error["message"]

    def test_an_alias_is_there_and_deprecated(self, stack: Stack, api: Api) -> None:
        data = made(api, 'oldReindex(input: {index: "a"})')

        assert stack.get(data["id"]).definition_id == "reindex"
        fields = api.ask(
            '{ __type(name: "WebinyBackgroundTaskTriggers")'
            " { fields(includeDeprecated: true) { name description deprecationReason } } }"
        )["data"]["__type"]["fields"]
        assert fields[-2:] == [
            {
                "name": "reindex",
                "description": "Makes an index anew.",
                "deprecationReason": None,
            },
            {
                "name": "oldReindex",
                "description": "Makes an index anew.",
                "deprecationReason": "It is reindex now.",
            },
        ]

    def test_without_public_definitions_there_is_no_such_mutation(
        self, stack: Stack, api: Api
    ) -> None:
        stack.definitions = (clean_up,)

        assert "Cannot query field 'trigger'" in asked(api, "cleanUp")["errors"][0]["message"]
        assert api.data(LIST_DEFINITIONS) == []

    def test_a_veto_is_told_with_its_definition(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        @task(id="vetoed")
        def vetoed(context: Context) -> Done:
            return Done()

        @vetoed.on_before_trigger
        def veto(request: TriggerRequest) -> None:
            raise ValueError("no amounts")

        api = Api(stack)
        stack.definitions = (vetoed,)

        assert asked(api, "vetoed")["data"]["trigger"]["vetoed"]["error"]["code"] == "ValueError"
        (line,) = (line for line in caplog.records if line.levelname == "WARNING")
        assert line.message.startswith('on_before_trigger of "vetoed" vetoed a trigger: ')


class TestPermissions:
    def test_whoever_may_not_change_tasks_is_refused_in_the_envelope(
        self, stack: Stack, api: Api
    ) -> None:
        with_access(stack, principals=principals())
        stack.dynamodb.requests.clear()

        document = 'mutation { trigger { reindex(input: {index: "a"}) { error { code data } } } }'
        answer = Caller(api, "Reader").answer(document)

        assert answer["data"]["trigger"]["reindex"]["error"] == {
            "code": "SECURITY_NOT_AUTHORIZED",
            "data": {"permissions": ["w"]},
        }
        assert stack.dynamodb.requests == []


class TestAudit:
    def test_a_line_is_that_of_a_trigger_with_the_definition_and_the_task(
        self, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        typed = made(api, 'reindex(input: {index: "a"})')["id"]
        plain = api.data(TRIGGER_TASK, definition="testingRun")["id"]

        names = ("operation", "outcome", "about_definition_id", "about_task_id")
        assert [tuple(line[name] for name in names) for line in audited(caplog)] == [
            ("triggerTask", "ok", "reindex", typed),
            ("triggerTask", "ok", "testingRun", plain),
        ]

    def test_a_refusal_has_its_code(self, api: Api, caplog: pytest.LogCaptureFixture) -> None:
        asked(api, 'reindex(input: {index: "a", limit: -1})')

        (line,) = audited(caplog)
        assert line["outcome"] == "VALIDATION_FAILED_INVALID_FIELDS"
        assert line["about_definition_id"] == "reindex"


class TestLimits:
    @pytest.mark.parametrize(
        "document",
        [
            f"{{ trigger {{ {RUNS % tuple(range(11))} }} }}",
            " ".join(
                ["{", *(f"a{n}: trigger {{ testingRun {{ {CODE} }} }}" for n in range(11)), "}"]
            ),
            f"{{ trigger {{ {RUNS % tuple(range(11))} }} backgroundTasks {{ __typename }} }}",
            f"{{ x: trigger {{ {RUNS % tuple(range(11))} }} y: trigger {{ __typename }} }}",
        ],
    )
    def test_they_are_counted_with_all_other_mutations(
        self, stack: Stack, api: Api, document: str
    ) -> None:
        stack.dynamodb.requests.clear()

        (error,) = api.ask(f"mutation {document}")["errors"]

        assert " mutations; it may have 10" in error["message"]
        assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"
        assert stack.dynamodb.requests == []


class Odd(BaseModel):
    """A model whose JSON Schema can't be made."""

    a: int

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler) -> Any:
        raise SystemExit("arn:aws:iam::123456789012:role/x is not mine.")


@task(id="odd")
def odd(context: Context, input: Odd) -> Done:
    return Done()


def kinds_of(schemas: Schemas) -> dict[str, str]:
    """The type of each definition's input."""
    root = schemas.whole.type_map["WebinyBackgroundTaskTriggers"]
    assert isinstance(root, GraphQLObjectType)
    return {name: str(field.args["input"].type) for name, field in root.fields.items()}


class TestOneHarmsNoOther:
    def test_an_input_without_a_schema_is_json_and_the_log_says_why(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        input_schemas.input_schema_of.cache_clear()
        api = Api(stack)
        stack.definitions = (odd, reindex)

        data = made(api, "odd(input: {a: 5})")

        assert data["input"] == {"a": 5}
        assert made(api, 'reindex(input: {index: "a"})')
        (line,) = (line for line in caplog.records if line.levelname == "ERROR")
        assert getattr(line, "action", "") == "input_not_shown"
        assert getattr(line, "definition_id", "") == "odd"
        assert line.message == (
            'The input of "odd" has no schema: SystemExit: (an ARN) is not mine. Next: mend its'
            " type; until then, the API takes its input as JSON."
        )

    def test_types_that_can_not_be_made_are_json(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        whole = input_types.InputTypes.whole

        def fails(self: Any) -> Any:
            if self._prefix == "ExportUsersTask":
                raise KeyError("type")
            return whole(self)

        monkeypatch.setattr(input_types.InputTypes, "whole", fails)

        kinds = kinds_of(Schemas((reindex, export_users)))

        assert kinds == {
            "reindex": "ReindexTaskInput!",
            "oldReindex": "ReindexTaskInput!",
            "exportUsers": "JSON",
        }
        assert [line.levelno for line in caplog.records] == [logging.ERROR]

    @pytest.mark.parametrize("name", ["__Reserved", "WebinyBackgroundTask", "String"])
    def test_types_that_would_break_the_schema_are_json(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
    ) -> None:
        whole = input_types.InputTypes.whole

        def breaks(self: Any) -> Any:
            made: Any = whole(self)
            inner = getattr(made, "of_type", made)
            if self._prefix == "ExportUsersTask":
                assert isinstance(inner, GraphQLInputObjectType)
                inner.name = name
            return made

        monkeypatch.setattr(input_types.InputTypes, "whole", breaks)

        schemas = Schemas((reindex, export_users, testing_run))

        assert kinds_of(schemas)["exportUsers"] == "JSON"
        assert kinds_of(schemas)["reindex"] == "ReindexTaskInput!"
        assert validate_schema(schemas.whole) == []
        assert [getattr(line, "definition_id", "") for line in caplog.records] == ["exportUsers"]

    def test_types_that_clash_with_each_other_are_json(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        whole = input_types.InputTypes.whole

        def clashes(self: Any) -> Any:
            made: Any = whole(self)
            getattr(made, "of_type", made).name = "One"
            return made

        monkeypatch.setattr(input_types.InputTypes, "whole", clashes)

        schemas = Schemas((reindex, export_users))

        assert set(kinds_of(schemas).values()) == {"JSON"}
        assert len(caplog.records) == 2


def many(count: int, fields: int) -> tuple[Definition, ...]:
    """Definitions whose inputs have so many fields, of every kind in turn."""
    kinds: list[Any] = [
        int,
        str,
        float | None,
        bool,
        list[int],
        Where,
        dict[str, int],
        Literal["x"],
    ]

    def one(number: int) -> Definition:
        parts: Any = {f"field{n}": (kinds[n % 8], Field(description="It.")) for n in range(fields)}
        model = create_model("Input", **parts)

        def body(context: Context, input: Any) -> Done:
            return Done()

        body.__annotations__["input"] = model
        return task(id=camel_case(f"reindex {in_letters(number)}"))(body)

    return tuple(map(one, range(count)))


def in_letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


def calls_of(run: Callable[[], object]) -> int:
    """How many functions are called, those of C among them."""
    profile = cProfile.Profile()
    profile.runcall(run)
    calls: int = pstats.Stats(profile).total_calls  # type: ignore[attr-defined]
    return calls


class TestCosts:
    """What a mutation for each definition costs, in counts."""

    def test_a_document_that_needs_none_of_them_has_none_made(
        self, stack: Stack, api: Api, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        calls: list[int] = []
        with_triggers = triggers.with_triggers

        def counted(*arguments: Any) -> Any:
            calls.append(1)
            return with_triggers(*arguments)

        monkeypatch.setattr("handler.graphql.schema.with_triggers", counted)
        stack.create(id="t1")

        api.data(GET_TASK, id="t1")
        api.data(TRIGGER_TASK, definition="testingRun")
        api.data(LIST_DEFINITIONS)
        assert api.ask("{ __typename }") == {"data": {"__typename": "Query"}}
        assert calls == []

        made(api, "testingRun")
        assert calls == [1]
        assert api.ask("{ __schema { queryType { name } } }")["data"]
        assert calls == [1, 1]  # in the tests, each request has a registry of its own

    @pytest.mark.parametrize("document", [*DOCUMENTS, *(verb.document for verb in VERBS.values())])
    def test_no_document_of_webinys_or_the_clients_needs_them(self, document: str) -> None:
        schemas = Schemas((reindex,))

        assert schemas.of(document) is schemas.common

    @pytest.mark.slow
    def test_100_definitions_of_20_fields_cost_some_calls_a_field(self) -> None:
        definitions = many(100, 20)
        schemas = Schemas(definitions)

        common = calls_of(lambda: schemas.common)
        schema = calls_of(lambda: [input_schemas.input_schema_of(each) for each in definitions])
        types = calls_of(lambda: schemas.whole)

        print(f"calls: common {common:,}; JSON Schema {schema:,}; types {types:,}")
        assert (schema + types) / 2_000 < 800, (schema, types)

    @pytest.mark.slow
    def test_the_introspection_of_100_definitions_of_20_fields_is_answered(
        self, stack: Stack
    ) -> None:
        api = Api(stack)
        stack.definitions = many(100, 20)

        answer = api.send({"query": get_introspection_query(input_value_deprecation=True)})

        print(f"{len(answer['body']):,} bytes")
        assert "errors" not in json.loads(answer["body"])

    def test_it_is_made_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        schemas = Schemas((reindex,))

        whole = schemas.of("mutation { trigger { reindex } }")

        assert whole is schemas.of("{ __schema { types { name } } }") is schemas.whole
        assert schemas.of("{ backgroundTasks { triggerTask } }") is schemas.common

    def test_its_types_are_made_without_a_text_that_would_have_to_be_parsed(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        schemas = Schemas((reindex,))
        assert schemas.common
        monkeypatch.setattr("graphql.language.parser.Parser.__init__", None)

        assert schemas.whole


def test_the_whole_schema_can_be_printed_and_made_again_of_the_text() -> None:
    schema = Schemas((testing_run, export_users, reindex, odd)).whole

    again = make_executable_schema(print_schema(schema))

    assert print_schema(again) == print_schema(schema)


def test_a_definition_is_one_field_whatever_there_is_beside_it() -> None:
    definitions: tuple[Definition, ...] = (testing_run, export_users, reindex)

    assert list(kinds_of(Schemas(definitions))) == [
        "testingRun",
        "exportUsers",
        "reindex",
        "oldReindex",
    ]

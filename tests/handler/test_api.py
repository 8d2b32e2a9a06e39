"""The API Lambda's entry: who asks, for which tenant, and what is not a request."""

import base64
import json
from typing import Any

import pydantic_core
import pytest

from handler import api as api_module
from tests.handler.graphql.client import LIST_DEFINITIONS, TRIGGER_TASK, Api
from tests.handler.stack import Stack, event_file


@pytest.fixture
def api(stack: Stack) -> Api:
    """A client of the API."""
    return Api(stack)


class TestIdentities:
    def created_by(self, api: Api, event: str = "http_api_iam", **changes: object) -> Any:
        body = {"query": TRIGGER_TASK, "variables": {"definition": "testingRun"}}
        answer = api.send(body, event=event, **changes)
        return json.loads(answer["body"])["data"]["backgroundTasks"]["triggerTask"]["data"][
            "createdBy"
        ]

    def test_a_signed_request_has_the_identity_of_its_principal(self, api: Api) -> None:
        assert self.created_by(api) == {
            "id": "arn:aws:sts::123456789012:assumed-role/Developer/jane",
            "displayName": "jane",
            "type": "iam",
        }

    def test_a_token_has_the_identity_of_its_subject(self, api: Api) -> None:
        assert self.created_by(api, "http_api_jwt") == {
            "id": "auth0|6957329503d1",
            "displayName": "Jane Doe",
            "type": "jwt",
        }

    @pytest.mark.parametrize(
        ("claims", "name"),
        [({"sub": "s", "email": "j@example.com"}, "j@example.com"), ({"sub": "s"}, "s")],
    )
    def test_a_subject_is_named_by_its_email_or_else_its_id(
        self, api: Api, claims: dict[str, str], name: str
    ) -> None:
        request = {"authorizer": {"jwt": {"claims": claims}}}

        assert self.created_by(api, requestContext=request)["displayName"] == name

    @pytest.mark.parametrize(
        "request_context",
        [None, {}, {"authorizer": None}, {"authorizer": {"iam": None, "jwt": None}}],
    )
    def test_a_caller_without_an_identity_is_anonymous(
        self, api: Api, request_context: Any
    ) -> None:
        assert self.created_by(api, requestContext=request_context)["type"] == "anonymous"


class TestTenants:
    def test_a_task_is_of_the_tenant_and_the_locale_of_the_request(
        self, stack: Stack, api: Api
    ) -> None:
        api.headers = {"x-tenant": "acme", "x-i18n-locale": "de-DE"}

        record = stack.get(api.data(TRIGGER_TASK, definition="testingRun")["id"])

        assert (record.tenant, record.locale) == ("acme", "de-DE")


class TestRequests:
    @pytest.mark.parametrize("event", ["http_api_iam", "http_api_jwt"])
    def test_a_real_event_is_answered(self, api: Api, event: str) -> None:
        answer = api.call(event_file(event))

        definitions = json.loads(answer["body"])["data"]["backgroundTasks"]["listDefinitions"][
            "data"
        ]
        assert [definition["id"] for definition in definitions] == ["testingRun", "exportUsers"]

    @pytest.mark.parametrize(
        "body", ["", "no json", "[]", "{}", '{"query": 5}', "null", '"text"', "\ud800"]
    )
    def test_a_body_that_is_not_a_request_is_answered_with_what_to_send(
        self, api: Api, body: str
    ) -> None:
        answer = api.send(body)

        assert answer["statusCode"] == 400
        assert (
            'Send JSON: {"query": "...", "variables": {...}}, or a list of these.'
            in json.loads(answer["body"])["errors"][0]["message"]
        )

    @pytest.mark.parametrize("body", ["=", base64.b64encode(b"\xff\xfe").decode()])
    def test_a_body_that_is_not_base64_or_not_text_is_answered_with_400(
        self, api: Api, body: str
    ) -> None:
        assert api.send(body, isBase64Encoded=True)["statusCode"] == 400

    def test_an_event_without_a_body_and_headers_is_answered_with_400(self, api: Api) -> None:
        assert api.call({})["statusCode"] == 400

    @pytest.mark.parametrize("variables", ["text", [1], 5])
    def test_variables_that_are_not_an_object_are_answered_with_errors(
        self, api: Api, variables: object
    ) -> None:
        answer = api.send({"query": LIST_DEFINITIONS, "variables": variables})

        assert "errors" in json.loads(answer["body"])

    def test_a_name_may_have_text_of_any_language(self, api: Api) -> None:
        assert (
            api.data(TRIGGER_TASK, definition="testingRun", name="Ünïcödé 😀")["name"]
            == "Ünïcödé 😀"
        )

    def test_an_input_that_no_answer_has_room_for_is_an_error(self, stack: Stack, api: Api) -> None:
        big = stack.create(id="t1", input={"text": "x" * 6_000_000})
        query = f'{{ backgroundTasks {{ getTask(id: "{big.id}") {{ data {{ input }} }} }} }}'

        answer = api.call({"body": json.dumps({"query": query})})

        (error,) = json.loads(str(answer["body"]))["errors"]
        assert "ask for fewer tasks" in error["message"]
        assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"

    @pytest.mark.slow
    def test_no_answer_is_larger_than_lambda_returns(self, stack: Stack, api: Api) -> None:
        for number in range(3):
            stack.create(id=f"t{number}", input={str(key): '"' for key in range(120_000)})
        query = "{ backgroundTasks { listTasks { data { input } } } }"

        answer = api.call({"body": json.dumps({"query": query})})

        assert len(json.dumps(answer)) < 6_291_556
        assert "errors" in json.loads(answer["body"])

    @pytest.mark.parametrize("is_base64", [True, False])
    def test_a_body_of_6_mb_is_refused_unread(
        self, stack: Stack, api: Api, is_base64: bool
    ) -> None:
        stack.dynamodb.requests.clear()

        answer = api.send("x" * 6_000_000, isBase64Encoded=is_base64)

        assert answer["statusCode"] == 413
        (error,) = json.loads(answer["body"])["errors"]
        assert error["message"].startswith("The body has 6,000,000 bytes; it may have 5,000,000.")
        assert error["extensions"]["code"] == "REQUEST_TOO_LARGE"
        assert stack.dynamodb.requests == []

    def test_a_body_of_100000_nested_lists_is_answered_with_400(self, api: Api) -> None:
        assert api.call({"body": "[" * 100_000})["statusCode"] == 400


def strict(answer: Any) -> Any:
    """The body of an answer, as a parser takes it that knows JSON and nothing else."""
    return pydantic_core.from_json(answer["body"], allow_inf_nan=False)


class TestStrictJson:
    @pytest.mark.parametrize("delay", ["1e400", "-1e400", "1e308", "9" * 400, "9" * 5_000])
    def test_a_delay_that_no_number_holds_is_refused(self, api: Api, delay: str) -> None:
        document = (
            "mutation { backgroundTasks { triggerTask(definition: testingRun, "
            f"delay: {delay}) {{ error {{ message code data }} }} }} }}"
        )

        answer = strict(api.send({"query": document}))

        by_variable = strict(
            api.send(
                f'{{"query": {json.dumps(TRIGGER_TASK)}, "variables": {{"definition": '
                f'"testingRun", "delay": {delay}}}}}'
            )
        )
        for each in (answer, by_variable):
            assert "errors" in each or each["data"]["backgroundTasks"]["triggerTask"]["error"]

    @pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
    def test_what_only_python_takes_for_json_is_answered_with_400(
        self, api: Api, constant: str
    ) -> None:
        answer = api.send(f'{{"query": "{{ __typename }}", "variables": {{"a": {constant}}}}}')

        assert answer["statusCode"] == 400
        assert "not JSON" in strict(answer)["errors"][0]["message"]

    def test_a_record_that_has_nan_is_shown(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1", input={"a": float("nan"), "text": "\ud800"})

        answer = strict(
            api.send({"query": '{ backgroundTasks { getTask(id: "t1") { data { input } } } }'})
        )

        shown = answer["data"]["backgroundTasks"]["getTask"]["data"]["input"]
        assert shown == {"a": "NaN", "text": "\\ud800"}

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), "\ud800", {1, 2}])
    def test_whatever_an_answer_has_it_is_strict_json(self, value: object) -> None:
        text = api_module._strict_json({"data": {"value": value}})

        assert "value" in strict({"body": text})["data"]

    @pytest.mark.parametrize("id", ["", "x" * 5_000, "\ud800", "a#b#c"])
    def test_an_id_that_cannot_be_one_is_not_found(self, api: Api, id: str) -> None:
        query = "query($i: ID!) { backgroundTasks { getTask(id: $i) { error { code } } } }"

        answer = strict(api.send({"query": query, "variables": {"i": id}}))

        assert answer["data"]["backgroundTasks"]["getTask"]["error"]["code"] == "NOT_FOUND"

    def test_half_of_a_character_is_answered_in_strict_json(self, api: Api) -> None:
        answer = api.send({"query": "{ \ud800 }"})

        assert "errors" in strict(answer)

    @pytest.mark.parametrize("body", ["{" * 20_000, "[" * 50_000, "{a(b:" + "[" * 20_000])
    def test_a_document_that_is_too_deep_is_answered(self, api: Api, body: str) -> None:
        assert "errors" in strict(api.send({"query": body}))

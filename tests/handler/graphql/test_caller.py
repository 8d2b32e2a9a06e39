"""For which tenant a caller asks: the header says it, or a claim of the token."""

import json
from dataclasses import replace
from typing import Any

import pytest

from handler.contract import Status
from tests.handler.graphql.client import DELETE_TASK, GET_TASK, LIST_TASKS, Api
from tests.handler.stack import Stack, event_file


@pytest.fixture
def claimed(stack: Stack, api: Api) -> Api:
    """A client of an API whose tenant is the claim `tenant`."""
    stack.settings = replace(stack.settings, jwt_tenant_claim="https://example.com/tenant")
    return api


def sent(api: Api, document: str, claims: object, header: str | None, **variables: object) -> Any:
    event = event_file("http_api_jwt")
    event["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
    del event["headers"]["x-tenant"]
    if header is not None:
        event["headers"]["X-Tenant"] = header
    event["isBase64Encoded"] = False
    event["body"] = json.dumps({"query": document, "variables": variables})
    return api.call(event)


def of(tenant: object) -> dict[str, object]:
    return {"sub": "jane", "https://example.com/tenant": tenant}


@pytest.mark.parametrize("header", [None, "", "acme"])
def test_a_token_is_for_the_tenant_of_its_claim(
    stack: Stack, claimed: Api, header: str | None
) -> None:
    stack.create(id="own", tenant="acme")
    stack.create(id="theirs", tenant="root")

    answer = sent(claimed, LIST_TASKS, of("acme"), header)

    found = json.loads(answer["body"])["data"]["backgroundTasks"]["listTasks"]["data"]
    assert [record["id"] for record in found] == ["own"]


@pytest.mark.parametrize("header", ["root", "ACME", "acme ", "acme,root", "\ud800"])
@pytest.mark.parametrize("document", [GET_TASK, DELETE_TASK])
def test_a_header_of_another_tenant_is_refused_and_nothing_is_done(
    stack: Stack, claimed: Api, header: str, document: str
) -> None:
    stack.create(id="t1", tenant=header.encode(errors="replace").decode(), status=Status.SUCCESS)
    stack.dynamodb.requests.clear()

    answer = sent(claimed, document, of("acme"), header, id="t1")

    assert answer["statusCode"] == 403
    (error,) = json.loads(answer["body"])["errors"]
    assert error["message"].startswith("Not authorized! The token is of another tenant than ")
    assert error["extensions"] == {"code": "SECURITY_NOT_AUTHORIZED"}
    assert stack.dynamodb.requests == []


@pytest.mark.parametrize(
    "claims", [{}, {"sub": "jane"}, of(""), of(None), of(5), of(["acme"]), None]
)
@pytest.mark.parametrize("header", [None, "root"])
def test_a_token_without_a_tenant_is_refused(
    claimed: Api, claims: object, header: str | None
) -> None:
    answer = sent(claimed, LIST_TASKS, claims, header)

    assert answer["statusCode"] == 403
    assert (
        'no claim "https://example.com/tenant"'
        in json.loads(answer["body"])["errors"][0]["message"]
    )


def test_without_a_claim_the_header_decides(stack: Stack, api: Api) -> None:
    stack.create(id="t1", tenant="acme")

    answer = sent(api, GET_TASK, of("root"), "acme", id="t1")

    assert json.loads(answer["body"])["data"]["backgroundTasks"]["getTask"]["data"]["id"] == "t1"

"""Any request that is sent to the API is answered in JSON that every parser takes."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.handler.graphql.client import (
    ABORT_TASK,
    DELETE_TASK,
    GET_TASK,
    LIST_DEFINITIONS,
    LIST_LOGS,
    LIST_TASKS,
    TRIGGER_TASK,
    Api,
)
from tests.handler.stack import Stack
from tests.handler.test_api import strict

any_text = st.text(st.characters(codec=None), max_size=20)
json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        any_text,
        st.sampled_from(
            ["x" * 3_000, 10**400, "testingRun", "2030-01-01T00:00:00Z", "t1", "t1#0001", "root"]
        ),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
documents = st.sampled_from(
    [TRIGGER_TASK, GET_TASK, LIST_TASKS, LIST_LOGS, LIST_DEFINITIONS, ABORT_TASK, DELETE_TASK]
)
keys = st.dictionaries(
    st.sampled_from(["pk", "sk", "createdOn", "byTenantKey", "byStatusKey"]),
    st.one_of(any_text, st.sampled_from(["root", "TASK#t1", "CHILD#", "root#open", "2030"])),
)
cursors = keys.map(lambda key: base64.urlsafe_b64encode(json.dumps(key).encode()).decode())
ranges = [f"createdOn{end}" for end in ("", "_gt", "_gte", "_lt", "_lte")]
names = ["id", "id_in", "parentId", "definitionId", "taskStatus", "taskStatus_in", "task"]
filters = st.dictionaries(st.sampled_from([*names, "iteration", *ranges]), json_values, max_size=3)
sorters = st.lists(st.sampled_from(["createdOn_ASC", "createdOn_DESC", "iteration_ASC", 5]))
variables = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(["definition", "input", "name", "delay", "id", "message"], json_values),
        "where": st.one_of(filters, json_values),
        "sort": st.one_of(sorters, json_values),
        "limit": st.one_of(st.integers(1, 9), json_values),
        "after": st.one_of(cursors, json_values),
    },
)
requests = st.one_of(
    st.fixed_dictionaries({"query": documents, "variables": variables}),
    st.fixed_dictionaries({"query": documents, "operationName": json_values}),
    st.fixed_dictionaries({"query": st.text(max_size=50), "variables": json_values}),
    json_values,
)
headers = st.dictionaries(
    st.sampled_from(["x-tenant", "X-Tenant", "x-i18n-locale", "content-type"]),
    st.one_of(any_text, st.sampled_from(["t" * 300, "a#b", "root", ""])),
)


@pytest.fixture(scope="module")
def same_api() -> Iterator[Api]:
    """One API for all examples."""
    with Stack.inside_moto() as stack:
        yield Api(stack)


def codes_of(answer: Any) -> set[object]:
    """The codes of an answer's errors."""
    found = {error.get("extensions", {}).get("code") for error in answer.get("errors", ())}
    operations = ((answer.get("data") or {}).get("backgroundTasks") or {}).values()
    return found | {(each.get("error") or {}).get("code") for each in operations if each}


@pytest.mark.property
@settings(suppress_health_check=list(HealthCheck))
@given(body=st.one_of(requests.map(json.dumps), st.text(max_size=50)), headers=headers)
def test_any_body_and_any_headers_are_answered_in_strict_json_and_are_nobodys_fault_but_their_own(
    same_api: Api, body: str, headers: dict[str, str]
) -> None:
    same_api.headers = headers

    answer = same_api.send(body)

    assert answer["statusCode"] in (200, 400)
    told = strict(answer)
    assert told.keys() <= {"data", "errors"}
    assert not codes_of(told) & {"INTERNAL_ERROR", "STORE_ERROR", "STORE_UNAVAILABLE"}


@pytest.mark.property
@settings(suppress_health_check=list(HealthCheck))
@given(
    event=st.one_of(
        json_values,
        st.fixed_dictionaries(
            {"body": st.one_of(requests.map(json.dumps), json_values)},
            optional={
                "headers": json_values,
                "isBase64Encoded": json_values,
                "requestContext": st.one_of(
                    json_values,
                    st.fixed_dictionaries(
                        {"authorizer": json_values, "requestId": json_values},
                    ),
                ),
            },
        ),
    ),
    claim=st.sampled_from(["", "tenant"]),
)
def test_any_event_is_answered_in_strict_json(same_api: Api, event: object, claim: str) -> None:
    stack = same_api.stack
    stack.settings = replace(stack.settings, jwt_tenant_claim=claim)

    answer = same_api.call(event)

    assert answer["statusCode"] in (200, 400, 403, 500)
    assert strict(answer).keys() <= {"data", "errors"}

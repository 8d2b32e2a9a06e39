"""Any body that is sent to the API is answered in JSON that every parser takes."""

import json
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.handler.graphql.client import (
    GET_TASK,
    LIST_DEFINITIONS,
    LIST_LOGS,
    LIST_TASKS,
    TRIGGER_TASK,
    Api,
)
from tests.handler.stack import Stack
from tests.handler.test_api import strict

json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.text(st.characters(codec=None), max_size=20),
        st.sampled_from(["x" * 3_000, 10**400, "testingRun", "2030-01-01T00:00:00Z"]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
documents = st.sampled_from([TRIGGER_TASK, GET_TASK, LIST_TASKS, LIST_LOGS, LIST_DEFINITIONS])
names = st.sampled_from(["definition", "input", "name", "delay", "id", "where", "limit", "after"])
requests = st.one_of(
    st.fixed_dictionaries(
        {"query": documents, "variables": st.dictionaries(names, json_values, max_size=5)}
    ),
    st.fixed_dictionaries({"query": st.text(max_size=50), "variables": json_values}),
    json_values,
)


@pytest.fixture(scope="module")
def same_api() -> Iterator[Api]:
    """One API for all examples."""
    with Stack.inside_moto() as stack:
        yield Api(stack)


@pytest.mark.property
@settings(suppress_health_check=list(HealthCheck))
@given(body=st.one_of(requests.map(json.dumps), st.text(max_size=50)))
def test_any_body_is_answered_in_strict_json(same_api: Api, body: str) -> None:
    answer = same_api.send(body)

    assert answer["statusCode"] in (200, 400)
    assert strict(answer).keys() <= {"data", "errors"}

"""What the section "Who may do what" of docs/api.md says is so."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from handler.contract import Permission, Status
from handler.graphql.permissions import NEEDS
from infra.config_values import MAX_VARIABLES_BYTES
from tests.docs.guide import DOCS, documents_of
from tests.handler.graphql.callers import Caller, with_access
from tests.handler.graphql.client import DELETE_TASK, GET_TASK, Api
from tests.handler.stack import Stack
from tests.infra.test_config import read

HEADING = "Who may do what"
SECTION = (DOCS / "api.md").read_text().partition(f"\n## {HEADING}\n")[2].partition("\n## ")[0]
CONFIGS = [
    yaml.safe_load(text)["config"] for text in re.findall(r"```yaml\n(.*?)```", SECTION, re.S)
]
# Its documents, each with the answer that it shows, of the account of the tests' callers.
EXAMPLES = [
    (document, json.loads(answer.replace("111122223333", "123456789012")))
    for document, answer in zip(
        documents_of((DOCS / "api.md").read_text(), HEADING),
        re.findall(r"```json\n(.*?)```", SECTION, re.S),
        strict=True,
    )
]


@pytest.fixture
def stack() -> Iterator[Stack]:
    with Stack.inside_moto() as stack:
        yield stack


@pytest.fixture
def api(stack: Stack) -> Api:
    return Api(stack)


def rules() -> list[dict[str, Any]]:
    """Its rules, of the account of the tests' callers."""
    [found] = [each for each in CONFIGS if "background-tasks:apiPermissions" in each]
    text = json.dumps(found["background-tasks:apiPermissions"])
    given: list[dict[str, Any]] = json.loads(text.replace("111122223333", "123456789012"))
    return given


@pytest.mark.parametrize("config", CONFIGS)
def test_each_config_is_one(config: dict[str, Any]) -> None:
    assert read(config)


def test_the_rules_grant_what_it_says(stack: Stack, api: Api) -> None:
    with_access(stack, principals=rules())
    stack.create(id="t1", tenant="shop", status=Status.SUCCESS)

    support, admin = (Caller(api, role, tenant="shop") for role in ("Support", "Admin"))

    assert support.data(GET_TASK, id="t1")
    assert support.code(DELETE_TASK, id="t1") == "SECURITY_NOT_AUTHORIZED"
    assert admin.data(DELETE_TASK, id="t1") is True


def test_its_refusal_is_that_of_the_api(stack: Stack, api: Api) -> None:
    with_access(stack, principals=rules())

    assert Caller(api, "Support").envelope(EXAMPLES[0][0]) == EXAMPLES[0][1]


def test_what_it_says_of_a_caller_is_the_apis_answer(stack: Stack, api: Api) -> None:
    with_access(stack, principals=rules())

    assert Caller(api, "Support").envelope(EXAMPLES[1][0]) == EXAMPLES[1][1]


def test_its_table_has_the_permissions() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", SECTION, re.M)

    assert rows == [*(each.value for each in Permission), "own"]


def test_what_it_says_is_refused_with_own_is() -> None:
    [text] = re.findall(r"\*\*Refused is what is about others, too\*\*: (.*?)\n- ", SECTION, re.S)
    named = set(re.findall(r"`(\w+)`", text.partition("`listDefinitions`")[0]))

    assert named <= {name for name, need in NEEDS.items() if not need.takes_own}
    assert {
        name for name, need in NEEDS.items() if need.permissions == {Permission.READ}
    } - named == {
        name
        for name, need in NEEDS.items()
        if need.permissions == {Permission.READ} and need.takes_own
    }


def test_its_numbers_are_the_codes() -> None:
    assert MAX_VARIABLES_BYTES // 1_000 == 3

"""What runs while its function changes."""

import json
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from pulumi import AssetArchive, StringAsset

from local.resources import Account, Existing, delete
from tests.local.conftest import Make, Until, changed
from tests.local.resources.cases import FUNCTION, ROLE, trust

Change = Callable[[Account, Existing, dict[str, Any]], object]


def code(answer: str) -> AssetArchive:
    """Code that says in its log that it has begun, and answers a second later."""
    lines = [
        "import time",
        "def handler(event, context):",
        "    print('It runs.')",
        "    time.sleep(1)",
        f"    return {answer!r}",
    ]
    return AssetArchive({"code.py": StringAsset("\n".join(lines))})


def deploy_code(account: Account, function: Existing, inputs: dict[str, Any]) -> None:
    changed(account, function, **{**inputs, "code": code("new")})


def give_memory(account: Account, function: Existing, inputs: dict[str, Any]) -> None:
    changed(account, function, **inputs, memorySize=256)


def remove(account: Account, function: Existing, _: dict[str, Any]) -> None:
    delete(account, function)


@pytest.mark.parametrize("change", [deploy_code, give_memory, remove])
def test_an_invocation_ends_with_the_code_that_it_began_with(
    change: Change, account: Account, make: Make, until: Until
) -> None:
    role = make(ROLE, assumeRolePolicy=trust("lambda.amazonaws.com"))
    plain = {"role": role.values["arn"], "runtime": "python3.13", "handler": "code.handler"}
    inputs = {**plain, "code": code("old")}
    function = make(FUNCTION, **inputs)
    group = make("aws:cloudwatch/logGroup:LogGroup", name=f"/aws/lambda/{function.id}")

    with ThreadPoolExecutor() as pool:
        running: Future[dict[str, Any]] = pool.submit(
            account.client("lambda").invoke, FunctionName=function.id, Payload=b"{}"
        )
        until(
            lambda: account.client("logs").filter_log_events(
                logGroupName=group.id, filterPattern='"It runs."'
            )["events"]
        )
        change(account, function, inputs)

    assert json.load(running.result()["Payload"]) == "old"

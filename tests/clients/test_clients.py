"""Clients that are not ours, as they come from npm, against the whole system on a local AWS."""

import json
import subprocess
from typing import Any

import pytest

from tests.clients import setup
from tests.running import Running

pytestmark = pytest.mark.clients
_SECONDS = 120


def ran(script: str, aws: Running, **more: object) -> Any:
    """What a script says of the API, signed with the key of the account's administrator."""
    access = aws.deployed.access
    given = {
        "url": aws.deployed.api_url,
        "accessKeyId": access.access_key_id,
        "secretAccessKey": access.secret_access_key,
        "region": access.region,
        **more,
    }
    done = subprocess.run(
        [setup.node(), f"{script}.mjs", json.dumps(given)],
        cwd=setup.installed(),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return json.loads(done.stdout)


def test_apollos_batch_link_sends_several_operations_in_one_request(aws: Running) -> None:
    said = ran("apollo", aws)

    assert said["batch"] == ["TriggerTask", "TriggerTask", "ListDefinitions"]
    assert "testingRun" in said["definitions"]
    assert said["sizes"] == [10, 10, 5]
    assert said["found"] == [2] * 25
    for id in said["ids"]:
        assert aws.run(id).status == "SUCCEEDED"
    locale = aws.client("dynamodb").get_item(
        TableName=aws.table, Key={"pk": {"S": f"TASK#{said['ids'][0]}"}, "sk": {"S": "TASK"}}
    )["Item"]["locale"]
    assert locale == {"S": "de-DE"}


def test_graphql_request_sends_documents_and_batches(aws: Running) -> None:
    said = ran("graphql_request", aws)

    assert said["unknown"]["code"] == "TASK_DEFINITION_ERROR"
    found, nobody = said["found"]
    assert (found["data"]["id"], found["error"]) == (said["id"], None)
    assert (nobody["data"], nobody["error"]["code"]) == (None, "NOT_FOUND")
    assert said["wrong"]["status"] == 200
    assert "nope" in said["wrong"]["message"]


def test_graphiql_opens_in_a_browser_and_runs_a_query(aws: Running) -> None:
    task = aws.trigger("testingRun", {})

    said = ran("graphiql", aws, chromium=setup.chromium(), expected=task)

    assert said["title"] == "GraphiQL: background tasks"
    assert said["said"] == []
    assert said["elsewhere"] == []
    assert aws.deployed.access.secret_access_key not in said["kept"]

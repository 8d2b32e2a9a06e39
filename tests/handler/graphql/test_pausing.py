"""What pauses many tasks at once, through the API."""

import json
from dataclasses import replace
from typing import Any

import pytest

from handler import Identity
from tests.handler.graphql.client import Api
from tests.handler.graphql.test_audit import audited
from tests.handler.graphql.test_caller import of, sent
from tests.handler.stack import Stack

PAUSE = "{ definitionId everyTenant pausedOn pausedBy { id } }"
ERROR = "error { message code data }"
PAUSES = f"{{ backgroundTasks {{ listPauses {{ data {PAUSE} {ERROR} }} }} }}"
JWT = "http_api_jwt"  # of the tenant acme


def saying(verb: str, arguments: str, fields: str) -> str:
    said = f"({arguments})" if arguments else ""
    return f"mutation {{ backgroundTasks {{ {verb}{said} {{ data {fields} {ERROR} }} }} }}"


def pausing(arguments: str = "") -> str:
    verb = "pauseDefinition" if "id" in arguments else "pauseAll"
    return saying(verb, arguments, PAUSE)


def resuming(arguments: str = "") -> str:
    verb = "resumeDefinition" if "id" in arguments else "resumeAll"
    return saying(verb, arguments, "{ id definitionId }")


@pytest.mark.parametrize("which", ['id: "exportUsers"', ""])
def test_the_tasks_of_the_callers_tenant_are_paused_and_resumed(
    stack: Stack, api: Api, which: str
) -> None:
    theirs = stack.tasks.trigger("exportUsers", input={"size": 1}, tenant="acme")
    ours = stack.tasks.trigger("exportUsers", input={"size": 1})

    pause = api.data(pausing(which), event=JWT)
    stack.run(theirs)
    stack.run(ours)

    assert pause == {
        "definitionId": "exportUsers" if which else None,
        "everyTenant": False,
        "pausedOn": "2030-01-01T00:00:00.000Z",
        "pausedBy": {"id": "auth0|6957329503d1"},
    }
    assert api.data(PAUSES, event=JWT) == [pause]
    assert api.data(PAUSES) == []
    assert stack.get(ours).has_succeeded
    query = f'{{ backgroundTasks {{ getTask(id: "{theirs.id}") {{ data {{ pausedWith }} }} }} }}'
    shown = api.ask(query, event=JWT)["data"]["backgroundTasks"]["getTask"]["data"]
    assert shown == {"pausedWith": "definition" if which else "all"}

    bulk = api.data(resuming(which), event=JWT)

    assert bulk["definitionId"] == "backgroundTasksInBulk"
    made = stack.get(bulk["id"])
    assert (made.tenant, made.created_by.id) == ("acme", "auth0|6957329503d1")
    assert stack.run(made, execution="execution-2")["output"]["done"] == 1
    assert api.data(PAUSES, event=JWT) == []


def test_those_of_every_tenant(stack: Stack, api: Api) -> None:
    pause = api.data(pausing('id: "exportUsers", everyTenant: true'))

    assert pause["everyTenant"] is True
    assert api.data(PAUSES, event=JWT) == [pause]
    refused = api.envelope(resuming('id: "exportUsers"'))["error"]
    assert refused["code"] == "TASK_RESUME_ERROR"
    assert "is paused for every tenant" in refused["message"]
    assert "everyTenant: true in the API, every_tenant=True of a client" in refused["message"]
    api.data(resuming('id: "exportUsers", everyTenant: true, rate: 5'))
    assert stack.tasks.pauses() == ()


@pytest.mark.parametrize("document", [pausing, resuming])
@pytest.mark.parametrize("which", ['id: "exportUsers", ', ""])
def test_a_token_of_one_tenant_does_not_speak_for_all(
    stack: Stack, api: Api, document: Any, which: str
) -> None:
    stack.settings = replace(stack.settings, jwt_tenant_claim="https://example.com/tenant")

    answer = sent(api, document(f"{which}everyTenant: true"), of("acme"), None)

    [envelope] = json.loads(answer["body"])["data"]["backgroundTasks"].values()
    assert envelope["error"]["code"] == "SECURITY_NOT_AUTHORIZED"
    assert stack.tasks.pauses() == ()


def test_a_definition_that_is_not_there_is_refused(api: Api) -> None:
    assert api.envelope(pausing('id: "nothing"'))["error"]["code"] == "TASK_DEFINITION_ERROR"


def test_each_is_logged_with_the_definition(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    api.data(pausing('id: "exportUsers"'))
    bulk = api.data(resuming('id: "exportUsers"'))

    found = [
        (line["operation"], line.get("about_definition_id"), line.get("about_task_id"))
        for line in audited(caplog)
    ]
    assert found == [
        ("pauseDefinition", "exportUsers", None),
        ("resumeDefinition", "exportUsers", bulk["id"]),
    ]


def test_the_pause_of_another_tenant_is_not_told(stack: Stack, api: Api) -> None:
    by = Identity(id="anne", display_name="Anne", type="admin")
    stack.tasks.pause_all(tenant="other", by=by)

    assert api.data(PAUSES) == []

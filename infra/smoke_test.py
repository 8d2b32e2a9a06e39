"""After an `up`: the task `testingRun` runs in the stack, and an `up` whose task doesn't fails.

The API's Lambda triggers it, so that the event takes the way of every other. Pulumi's provider
invokes the Lambda, with the credentials and endpoints that it deploys with.
"""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi
import pulumi_aws as aws

from handler.contract import Status
from handler.definition import Definition
from infra.errors import ConfigError, DeployError
from infra.function import LIVE

TASK: Final = "testingRun"
# A new rule doesn't match events at once (EventBridge API reference, "PutRule"), and the recovery
# sends an event again that has found none.
POLLS: Final = 240
POLL_SECONDS: Final = 2.0
_TRIGGER: Final = f"""
mutation {{ backgroundTasks {{
  triggerTask(definition: {TASK}, name: "Smoke test") {{ data {{ id }} error {{ message }} }}
}} }}"""
_GET: Final = """
query Get($id: ID!) { backgroundTasks {
  getTask(id: $id) { data { taskStatus output executionName } error { message } }
} }"""
_OVER: Final = frozenset({Status.SUCCESS, Status.FAILED, Status.ABORTED})

Found = dict[str, Any]


class SmokeTestFailed(DeployError):
    """The stack is deployed, and `testingRun` has not succeeded in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokeTest:
    """What the test needs to know of a stack.

    Args:
        api: the name of the API's Lambda.
        caller: the part of an event that says who asks (`api_access.somebody`).
        resources: those that have to be up before.
        look_at: the console's page of the executions; "" if it has none.
    """

    api: pulumi.Input[str]
    caller: pulumi.Input[Found]
    resources: Sequence[pulumi.Resource] = field(repr=False)
    look_at: pulumi.Input[str]
    opts: pulumi.InvokeOptions

    def run(self) -> None:
        """Runs it once everything is up; in a preview, not at all.

        It fails the program, with `SmokeTestFailed`, from within: the program goes on meanwhile.
        """
        if pulumi.runtime.is_dry_run():
            return
        up: pulumi.Output[list[Any]] = pulumi.Output.all(
            self.api, self.caller, self.look_at, *(each.urn for each in self.resources)
        )
        _: pulumi.Output[str] = up.apply(lambda known: self._checked(*known[:3]))

    async def _checked(self, api: str, caller: Found, look_at: str) -> str:
        """The id of the task that has succeeded."""
        where = f" Next: look at its execution, {look_at}" if look_at else " Next: look at its log"
        where += "; `smokeTest: false` deploys without the test."
        try:
            task_id, found = await self._ended(api, caller)
        except SmokeTestFailed as error:
            raise SmokeTestFailed(f"{error}{where}") from error
        status = found["taskStatus"]
        if status == Status.SUCCESS:
            pulumi.log.info(f'The smoke test has passed: the task {TASK} "{task_id}" succeeded.')
            return task_id
        how = f"ended as {status}" if status in _OVER else f"is still {status}"
        said = f": {json.dumps(found['output'])}" if found["output"] else ""
        raise SmokeTestFailed(
            f'The stack is deployed, and the smoke test failed: the task {TASK} "{task_id}" {how}'
            f"{said}.{where}"
        )

    async def _ended(self, api: str, caller: Found) -> tuple[str, Found]:
        ask = _asker(api, caller, self.opts)
        task_id = (await ask("triggerTask", _TRIGGER, {}))["id"]
        for _ in range(POLLS):
            found = await ask("getTask", _GET, {"id": task_id})
            if found["taskStatus"] in _OVER:
                break
            await asyncio.sleep(POLL_SECONDS)
        return task_id, found


def check_has_task(definitions: Sequence[Definition]) -> None:
    """Refuses a smoke test of a stack without its task."""
    if TASK not in [each.id for each in definitions]:
        raise ConfigError(
            f"smokeTest runs the task {TASK}, which the definitions don't have. Next: copy"
            " definitions/testing_run.py of background-tasks to yours, or leave the test out."
        )


def _asker(api: str, caller: Found, opts: pulumi.InvokeOptions) -> Callable[..., Any]:
    async def ask(field: str, query: str, variables: Found) -> Found:
        event = {**caller, "body": json.dumps({"query": query, "variables": variables})}
        return _data_of(field, await _invoked(api, json.dumps(event), opts))

    return ask


async def _invoked(api: str, event: str, opts: pulumi.InvokeOptions) -> str:
    try:
        answer = await aws.lambda_.get_invocation_output(
            function_name=api, qualifier=LIVE, input=event, opts=opts
        ).future()
    except Exception as error:  # whatever the provider says of AWS
        raise SmokeTestFailed(
            f"The stack is deployed, and the smoke test failed: {api} can't be invoked: {error}."
        ) from error
    return str(answer.result) if answer else ""


def _data_of(field: str, answer: str) -> Found:
    try:
        body = json.loads(json.loads(answer)["body"])
        envelope = body["data"]["backgroundTasks"][field]
    except (ValueError, KeyError, TypeError) as error:
        raise SmokeTestFailed(
            f"The stack is deployed, and the smoke test failed: the API answers {answer[:500]}."
        ) from error
    if envelope["error"]:
        raise SmokeTestFailed(
            "The stack is deployed, and the smoke test failed: the API refuses:"
            f" {envelope['error']['message']}"
        )
    data: Found = envelope["data"]
    return data

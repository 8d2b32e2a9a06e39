"""What a user does with a deployed project: calls its API, sends events to its bus."""

import json
from collections.abc import Mapping
from typing import Any

from handler.contract import DETAIL_TYPE
from local.deployed import Deployed
from local.errors import LocalError
from local.graphql_client import GraphqlFailed, execute

Fields = Mapping[str, Any]

_ERROR = "error { message code data }"
_TASK = """
  id name definitionId parentId executionName taskStatus iterations input output eventResponse
  createdOn startedOn finishedOn createdBy { id displayName type }
  logs { executionName iteration items { message type createdOn data error } }
"""
_TRIGGER = f"""
mutation Trigger(
  $definition: WebinyBackgroundTaskDefinitionEnum!, $input: JSON, $name: String, $delay: Number
  $timeout: Number, $expiresAfter: Number
) {{
  backgroundTasks {{
    triggerTask(
      definition: $definition, input: $input, name: $name, delay: $delay
      timeout: $timeout, expiresAfter: $expiresAfter
    ) {{
      data {{ id }} {_ERROR}
    }}
  }}
}}"""
_ABORT = f"""
mutation Abort($id: ID!, $message: String) {{
  backgroundTasks {{
    abortTask(id: $id, message: $message) {{ data {{ id taskStatus }} {_ERROR} }}
  }}
}}"""
_GET = (
    f"query Get($id: ID!) {{ backgroundTasks {{ getTask(id: $id) {{ data {{ {_TASK} }} {_ERROR} }}"
    " } }"
)


class User:
    """A user with the credentials of an administrator."""

    def __init__(self, deployed: Deployed) -> None:
        self._deployed = deployed

    def graphql(self, document: str, variables: Fields | None = None) -> Fields:
        """Runs a document and returns the `backgroundTasks` part of its data."""
        data = execute(self._deployed.access, self._deployed.api_url, document, variables)
        part: Fields = data["backgroundTasks"]
        return part

    def trigger(self, definition: str, input: Fields, **more: object) -> str:
        """Triggers a task and returns its id.

        `more` are `name`, and `delay`, `timeout` and `expiresAfter` (seconds).
        """
        variables = {"definition": definition, "input": dict(input), **more}
        return str(self._data("triggerTask", _TRIGGER, variables)["id"])

    def abort(self, task_id: str, message: str | None = None) -> Fields:
        """Aborts a task and returns its id and status."""
        return self._data("abortTask", _ABORT, {"id": task_id, "message": message})

    def record(self, task_id: str) -> Fields:
        """The record of a task, with its logs."""
        return self._data("getTask", _GET, {"id": task_id})

    def send(
        self, detail: object, *, source: str = "by-hand", detail_type: str = DETAIL_TYPE
    ) -> str:
        """Sends an event to the bus and returns its id.

        The id becomes the id of the task if the detail has no `webinyTaskId`.
        """
        entry = {
            "EventBusName": self._deployed.event_bus_name,
            "Source": source,
            "DetailType": detail_type,
            "Detail": json.dumps(detail),
        }
        [result] = self._deployed.access.client("events").put_events(Entries=[entry])["Entries"]
        if "ErrorCode" in result:
            raise LocalError(
                f"The bus refused the event: {result['ErrorCode']}: {result['ErrorMessage']}"
            )
        return str(result["EventId"])

    def _data(self, operation: str, document: str, variables: Fields) -> Fields:
        envelope = self.graphql(document, variables)[operation]
        if envelope["error"] or not envelope["data"]:
            raise GraphqlFailed(f"{operation} answered {json.dumps(envelope)}")
        data: Fields = envelope["data"]
        return data

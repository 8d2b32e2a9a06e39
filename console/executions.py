"""What Step Functions tells of a task's executions: what happened when, and nothing of what went in
or out.

It goes by no API of the stack's, but by the caller's own AWS credentials. So the API is asked first
whether the caller may see the task, and the execution's own input says whose execution it is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from botocore.exceptions import (
    ClientError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from console.stack import Stack
from handler.aws import WorkerFailure
from handler.clock import to_iso
from handler.contract import DEFAULT_TENANT, WireKey
from handler.errors import InvalidInput, NotFound
from handler.events import event_of_text

# GetExecutionHistory gives 1,000 events at a time (API reference).
PAGE: Final = 1_000
# A cause of Lambda's has a message, and maybe a trace.
_MOST_CAUSE_CHARACTERS: Final = 1_000
# For so long the API is not asked anew whether a caller may see a task: the page asks for its
# history every few seconds.
_SEEN_FOR: Final = timedelta(minutes=5)
_MOST_SEEN: Final = 1_000
# Without what would make another ARN of it (API reference, StartExecution: name).
_NAME: Final = re.compile(r"[^\s:/?*<>{}\[\]\"#%\\^|~`$&,;]{1,80}")
_STATE_DETAILS: Final = ("stateEnteredEventDetails", "stateExitedEventDetails")
_FAILURE_DETAILS: Final = {
    "TaskFailed": "taskFailedEventDetails",
    "TaskTimedOut": "taskTimedOutEventDetails",
    "TaskStartFailed": "taskStartFailedEventDetails",
    "TaskSubmitFailed": "taskSubmitFailedEventDetails",
}
_END_DETAILS: Final = {
    "ExecutionFailed": "executionFailedEventDetails",
    "ExecutionAborted": "executionAbortedEventDetails",
    "ExecutionTimedOut": "executionTimedOutEventDetails",
}
# Step Functions has such an error without a name where a state's own time is over.
_TIMED_OUT: Final = "States.Timeout"
_NO_CREDENTIALS: Final = (NoCredentialsError, PartialCredentialsError, ProfileNotFound)
_DENIED: Final = frozenset({"AccessDeniedException", "AccessDenied"})
_GONE: Final = frozenset({"ExecutionDoesNotExist", "StateMachineDoesNotExist"})


@dataclass
class Executions:
    """The executions of the tasks that the caller may see.

    Args:
        stack: where they are.
    """

    stack: Stack
    _seen: dict[tuple[str | None, str], tuple[datetime, str]] = field(default_factory=dict)
    # By an execution's ARN: whose it is, as the event says that has started it. It never changes.
    _whose: dict[str, tuple[frozenset[str], str]] = field(default_factory=dict)

    def page(
        self, task_id: str, name: str, *, tenant: str | None, after: str | None
    ) -> Mapping[str, Any]:
        """A page of what happened in an execution of a task, the newest first.

        Args:
            after: the `next` of the page before.

        Returns:
            `events`, and `next` where there are older ones; `missing` says why there are none.

        Raises:
            NotFound: the caller's tenant has no such task, or it has no such execution.
            InvalidInput: the name is none of an execution.
        """
        if not _NAME.fullmatch(name):
            raise InvalidInput(f"{name!r:.100} is no name of an execution.")
        task_tenant = self._tenant_of(task_id, tenant)
        machine = self.stack.source.outputs.get("stateMachineArn")
        if not isinstance(machine, str):
            return _missing("The stack's outputs have no stateMachineArn.")
        arn = f"{machine.replace(':stateMachine:', ':execution:', 1)}:{name}"
        try:
            client = self.stack.source.aws("stepfunctions")
            ids, whose = self._owner(client, arn)
            if task_id not in ids or whose != task_tenant:
                raise NotFound(f'Task "{task_id}" has no execution "{name}".')
            return _page(client, arn, after)
        except _NO_CREDENTIALS as error:
            return _missing(
                f"No AWS credentials were found: {error} Next: log in to AWS, and start the console"
                " again."
            )
        except ClientError as error:
            return _missing(_why(error))

    def _tenant_of(self, task_id: str, tenant: str | None) -> str:
        """The tenant of a task that the caller may see, as the API says. Raises `NotFound`."""
        now, key = self.stack.clock.now(), (tenant, task_id)
        if (known := self._seen.get(key)) and now - known[0] < _SEEN_FOR:
            return known[1]
        found = self.stack.client(tenant).get(task_id).tenant
        if len(self._seen) >= _MOST_SEEN:
            self._seen.clear()
        self._seen[key] = now, found
        return found

    def _owner(self, client: Any, arn: str) -> tuple[frozenset[str], str]:
        """The ids that a task of an execution may have, and its tenant."""
        # Another thread may forget all of them at any moment.
        if (known := self._whose.get(arn)) is not None:
            return known
        found = owner_of(client.describe_execution(executionArn=arn).get("input"))
        if len(self._whose) >= _MOST_SEEN:
            self._whose.clear()
        self._whose[arn] = found
        return found


def owner_of(text: str | None) -> tuple[frozenset[str], str]:
    """Whose execution it is that an event has started: the task's id, and its tenant.

    An event by hand names no task: its own id is the task's.
    """
    event = event_of_text(text or "")
    detail = event.get("detail")
    detail = detail if isinstance(detail, dict) else {}
    named = detail.get(WireKey.TASK_ID) or event.get("id")
    ids = frozenset({named} if isinstance(named, str) else ())
    return ids, str(detail.get(WireKey.TENANT) or DEFAULT_TENANT)


def _page(client: Any, arn: str, after: str | None) -> Mapping[str, Any]:
    # Without what went in and out of the states: it is the task's, and large.
    request = {"executionArn": arn, "reverseOrder": True, "maxResults": PAGE}
    found = client.get_execution_history(
        **request, includeExecutionData=False, **({"nextToken": after} if after else {})
    )
    return {
        "events": [shown_event(event) for event in found["events"]],
        "next": found.get("nextToken"),
        "missing": None,
    }


def shown_event(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event of a history, as the page shows it.

    Returns:
        `id`, `at`, `type`; `state` of what entered or left one; of a failure its `error`, its
        `cause`, and of a worker's its class (`failure`) with words (`why`).
    """
    kind = event["type"]
    shown: dict[str, Any] = {"id": event["id"], "at": to_iso(event["timestamp"]), "type": kind}
    for name in _STATE_DETAILS:
        if name in event:
            shown["state"] = event[name].get("name")
    if kind in _FAILURE_DETAILS:
        details = event.get(_FAILURE_DETAILS[kind]) or {}
        error = details.get("error") or (_TIMED_OUT if kind == "TaskTimedOut" else "")
        cause = details.get("cause") or ""
        died = WorkerFailure.of(error, cause)
        shown |= {"error": error, "failure": died.value, "why": died.explanation}
        shown["cause"] = cause[:_MOST_CAUSE_CHARACTERS]
    elif kind in _END_DETAILS:
        # The cause of a failed one may be the answer of the task's own code.
        shown["error"] = (event.get(_END_DETAILS[kind]) or {}).get("error") or ""
    return shown


def _why(error: ClientError) -> str:
    """Why there is no history. Raises what passes, or is nobody's to say here."""
    code = error.response.get("Error", {}).get("Code")
    if code in _GONE:
        return (
            "Step Functions has forgotten this execution: it keeps one for 90 days after its end."
        )
    if code in _DENIED:
        return (
            "Your AWS credentials may not read it: they need states:DescribeExecution and"
            " states:GetExecutionHistory."
        )
    raise error


def _missing(why: str) -> Mapping[str, Any]:
    return {"events": [], "next": None, "missing": why}

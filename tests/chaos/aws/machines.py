"""Step Functions fails requests, loses Lambda's answers, and redrives executions.

ministack has no RedriveExecution. On AWS it runs an execution that failed, or was stopped, once
more from the state in which it ended, with that state's input, under the same name (Step Functions
developer guide, "Restarting state machine executions with redrive"). `Run` is entered anew, a wait
begins anew, and a `Fail` state fails again.
"""

import json
import threading
from collections import Counter
from typing import Any

from handler.contract import WireKey
from local.aws.patch import Original, module, replace
from tests.chaos.aws.dice import Dice
from tests.chaos.aws.outages import Outages
from tests.chaos.aws.threads import in_this_context, in_thread
from tests.chaos.ledger import Fault, Ledger

THROTTLED = "Step Functions throttled a request"
FAILED = "Step Functions failed a request"
UNANSWERED = "Step Functions' answer was lost"
ODDS = {THROTTLED: 0.06, FAILED: 0.04, UNANSWERED: 0.04}
_REQUESTS = ("DescribeExecution", "StopExecution", "GetExecutionHistory")

ANSWER_LOST = "Step Functions lost Lambda's answer"
ANSWER_LOST_ODDS = 0.04
_LOST_ANSWERS_OF_A_TASK = 2
# Tasks of these definitions work for long enough that two invocations overlap.
OVERLAPPING = {"chaosSlow": 1.0}
_LATEST_LOSS_SECONDS = 0.5

# The person who redrives an execution has stopped it right before: Step Functions' report of that
# comes when it runs again.
_REPORT_SECONDS = (0.5, 2.0)


class Machines:
    """Step Functions of the local AWS, with faults and with redrives."""

    def __init__(self, ledger: Ledger, dice: Dice) -> None:
        self._ledger = ledger
        self._dice = dice
        self._lost_answers: Counter[str] = Counter()
        self._outages = Outages(
            "Step Functions", ledger, dice, odds=ODDS, outages=0.03, seconds=2.0
        )

    def apply(self) -> None:
        states = module("services.stepfunctions")
        replace(states, "handle_request", self._faulty)
        replace(states, "_call_lambda", self._losing_answers)

    def _faulty(self, handle: Original) -> Original:
        async def answer(
            method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any]
        ) -> object:
            action = headers.get("x-amz-target", "").rpartition(".")[2]
            if action == "RedriveExecution":
                return self._redrive(json.loads(body)["executionArn"])
            fault = self._outages.drawn() if action in _REQUESTS else ""
            if fault:
                self._ledger.add(Fault(kind=fault, task_id=_task_of(json.loads(body))))
            if fault == THROTTLED:
                return _error("ThrottlingException", 400)
            if fault in (FAILED, self._outages.outage):
                return _error("InternalServerError", 500)
            answered: object = await handle(method, path, headers, body, query)
            return _error("InternalServerError", 500) if fault else answered

        return answer

    def _losing_answers(self, call_lambda: Original) -> Original:
        def call(function: str, event: Any) -> object:
            payload = event.get("payload") or {}
            definition = payload.get(WireKey.DEFINITION_ID)
            chance = self._dice.roll(f"answer of {definition}")
            odds = OVERLAPPING.get(str(definition), ANSWER_LOST_ODDS)
            task_id = str(payload.get(WireKey.TASK_ID, ""))
            is_enough = self._lost_answers[task_id] >= _LOST_ANSWERS_OF_A_TASK
            if self._ledger.is_calm or is_enough or chance.random() >= odds:
                return call_lambda(function, event)
            self._lost_answers[task_id] += 1
            self._ledger.add(Fault(kind=ANSWER_LOST, task_id=task_id))
            invocation = in_thread(lambda: call_lambda(function, event))
            invocation.join(chance.uniform(0, _LATEST_LOSS_SECONDS))
            raise module("services.stepfunctions")._ExecutionError(
                "Lambda.SdkClientException", "Unable to execute HTTP request, by the campaign."
            )

        return call

    def _redrive(self, arn: str) -> object:
        """Runs an execution once more; one that runs is stopped first, which is reported late."""
        states = module("services.stepfunctions")
        before = states._executions.get(arn)
        if before is None or before["status"] == "SUCCEEDED":
            return _error("ExecutionNotRedrivable", 400)
        if before["status"] == "RUNNING":
            self._stop(before)
        after = {
            **before,
            "status": "RUNNING",
            "stopDate": None,
            "output": None,
            "error": None,
            "cause": None,
            "events": list(before["events"]),
        }
        states._executions[arn] = after
        states._add_event(after, "ExecutionRedriven")
        states._emit_execution_status_event(after)
        in_thread(lambda: _run_on(after))
        respond: object = module("core.responses").json_response({"redriveDate": states.now_iso()})
        return respond

    def _stop(self, execution: dict[str, Any]) -> None:
        states = module("services.stepfunctions")
        cause = "Stopped by the campaign, to be redriven."
        execution |= {"status": "ABORTED", "stopDate": states.now_iso(), "cause": cause}
        states._add_event(
            execution, "ExecutionAborted", {"executionAbortedEventDetails": {"cause": cause}}
        )
        report = in_this_context(lambda: states._emit_execution_status_event(execution))
        seconds = self._dice.roll("report of a redriven execution").uniform(*_REPORT_SECONDS)
        for delay in (seconds, 2 * seconds):
            threading.Timer(delay, report).start()


def _run_on(execution: dict[str, Any]) -> None:
    """Runs an execution from the state that it entered last: the loop of ministack's own run."""
    states = module("services.stepfunctions")
    machine = states._state_machines[execution["stateMachineArn"]]
    document = json.loads(machine["definition"])
    entered = [
        event["stateEnteredEventDetails"]
        for event in execution["events"]
        if "stateEnteredEventDetails" in event
    ]
    name: str | None = entered[-1]["name"] if entered else document["StartAt"]
    data = json.loads(entered[-1]["input"] if entered else execution["input"])
    context = _context(execution, machine, document)
    try:
        while name and execution["status"] == "RUNNING":
            context["State"] = {"Name": name, "EnteredTime": states.now_iso(), "RetryCount": 0}
            name, data = _run_state(document["States"][name], name, data, execution, context)
        if execution["status"] == "RUNNING":
            output = json.dumps(data)
            execution |= {"status": "SUCCEEDED", "output": output, "stopDate": states.now_iso()}
            states._add_event(execution, "ExecutionSucceeded")
            states._emit_execution_status_event(execution)
    except states._ExecutionError as error:
        states._fail_execution(execution, error.error, error.cause)


def _run_state(
    state: dict[str, Any],
    name: str,
    data: object,
    execution: dict[str, Any],
    context: dict[str, Any],
) -> tuple[str | None, Any]:
    states, kind = module("services.stepfunctions"), state["Type"]
    details = {"stateEnteredEventDetails": {"name": name, "input": json.dumps(data)}}
    states._add_event(execution, f"{kind}StateEntered", details)
    if kind == "Fail":
        raise states._ExecutionError(*states._fail_state_error(state, data, context))
    if kind == "Succeed":
        return None, data
    if kind == "Task":
        data, following = states._execute_task(state, data, execution, context)
    else:
        run = {"Pass": "_execute_pass", "Choice": "_execute_choice", "Wait": "_execute_wait"}[kind]
        data, following = getattr(states, run)(state, data, context)
    details = {"stateExitedEventDetails": {"name": name, "output": json.dumps(data)}}
    states._add_event(execution, f"{kind}StateExited", details)
    return following, data


def _context(
    execution: dict[str, Any], machine: dict[str, Any], document: dict[str, Any]
) -> dict[str, Any]:
    return {
        "QueryLanguage": document["QueryLanguage"],
        "Execution": {
            "Id": execution["executionArn"],
            "Input": json.loads(execution["input"]),
            "Name": execution["name"],
            "StartTime": execution["startDate"],
        },
        "StateMachine": {"Id": execution["stateMachineArn"], "Name": machine["name"]},
        "variables": {},
    }


def _task_of(request: dict[str, Any]) -> str:
    """The task of the execution that a request names."""
    executions = module("services.stepfunctions")._executions
    execution = executions.get(request.get("executionArn")) or {"input": "{}"}
    event = json.loads(execution["input"])
    return str((event.get("detail") or {}).get(WireKey.TASK_ID, event.get("id", "")))


def _error(code: str, status: int) -> object:
    respond = module("core.responses").error_response_json
    response: object = respond(code, f"{code}, by the campaign.", status)
    return response

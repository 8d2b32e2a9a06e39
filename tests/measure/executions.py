"""A task of many iterations on the local AWS, against a Lambda without a store."""

import io
import itertools
import json
import tempfile
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from infra.documents import policies
from infra.documents.state_machine_definition import definition
from infra.state_machine import arn_from_name
from tests.measure.in_turn import ratio
from tests.measure.promise import Promise
from tests.running import Running
from tests.starting import started

ITERATIONS = 200
ROUNDS = 5
STARTS = 7
_LOOK_EVERY_SECONDS = 0.5
RUN = "Run"
IN_PLACE, IN_VISITS = "countUp", "countInVisits"  # tests/local/definitions
LISTENING = "waitForApproval"
SIGNAL = """
mutation Signal($id: ID!) {
  backgroundTasks { signalTask(id: $id, name: "approved") { data { id } error { message } } }
}"""
# It counts in its process, as ours does in the table, and writes a line as ours does: the local AWS
# waits for the first one.
BARE = f"""
import sys
count = 0
def handler(event, context):
    global count
    count += 1
    print("iteration", count, file=sys.stderr)
    return {{"status": "done" if count >= {ITERATIONS} else "continue"}}
"""


def promises() -> list[Promise]:
    with tempfile.TemporaryDirectory() as folder, started(Path(folder)) as aws:
        return _measured(aws)


def _measured(aws: Running) -> list[Promise]:
    functions = aws.client("lambda")
    role = functions.get_function(FunctionName=str(aws.deployed.outputs["workerFunctionName"]))[
        "Configuration"
    ]["Role"]
    machine = _bare_machine(aws, _create(functions, "bare", role))
    numbers = itertools.count()
    return [
        _end_to_end("in place", 0.5, IN_PLACE, aws, machine),
        _end_to_end("in visits", 2, IN_VISITS, aws, machine),
        ratio(
            "first call of a fresh worker, against a bare Python Lambda",
            ours=lambda: _first_call(aws, functions, next(numbers)),
            theirs=lambda: _first_bare_call(functions, next(numbers), role),
            rounds=STARTS,
            most=2.5,
        ),
        _woken(aws),
        _transitions("", 2, _counting(aws, IN_VISITS), aws),
        _transitions(" with a wait", 3, _counting(aws, IN_PLACE, wait=1), aws),
    ]


def _end_to_end(how: str, most: float, definition: str, aws: Running, machine: str) -> Promise:
    return ratio(
        f"{ITERATIONS} iterations {how}, end to end, against a Lambda without a store",
        ours=lambda: _seconds(aws, _counting(aws, definition, until=ITERATIONS)),
        theirs=lambda: _seconds(aws, _start_bare(aws, machine)),
        rounds=ROUNDS,
        most=most,
    )


def _counting(aws: Running, definition: str, **input: int) -> str:
    return aws.execution(aws.trigger(definition, input))


def _start_bare(aws: Running, machine: str) -> str:
    _restart(aws.client("lambda"), "bare", 0)  # its count starts anew
    execution = aws.states.start_execution(stateMachineArn=machine, input="{}")
    return str(execution["executionArn"])


def _woken(aws: Running) -> Promise:
    """From when a signal is sent to when its task is over, as the record has it."""
    seconds = [_until_heard(aws) for _ in range(ROUNDS)]
    shown = ", ".join(f"{each:.2f}" for each in seconds)
    return Promise(
        "from a signal to the end of the task that waits for it, s", min(seconds), 1, shown
    )


def _until_heard(aws: Running) -> float:
    id = aws.trigger(LISTENING, {})
    aws.until(lambda: "waitingFor" in _record(aws, id))
    sent = datetime.now(UTC)
    aws.graphql(SIGNAL, {"id": id})
    over = aws.until(lambda: _record(aws, id).get("finishedOn"))
    return (datetime.fromisoformat(over["S"]) - sent).total_seconds()


def _record(aws: Running, id: str) -> Any:
    key = {"pk": {"S": f"TASK#{id}"}, "sk": {"S": "TASK"}}
    return aws.client("dynamodb").get_item(TableName=aws.table, Key=key)["Item"]


def _transitions(how: str, most: float, execution: str, aws: Running) -> Promise:
    """From one visit of `Run` to the next."""
    states = aws.ended(execution).states
    visits = [at for at, state in enumerate(states) if state == RUN]
    most_between = max(after - before for before, after in itertools.pairwise(visits))
    return Promise(f"state transitions a visit of `Run`{how}", most_between, most, " ".join(states))


def _bare_machine(aws: Running, function: str) -> str:
    iam = aws.client("iam")
    trust = policies.trust("states", source=arn_from_name(function, "bare"))
    role = iam.create_role(RoleName="bare", AssumeRolePolicyDocument=json.dumps(trust))
    document = json.dumps(policies.state_machine(workers=[function]))
    iam.put_role_policy(RoleName="bare", PolicyName="bare", PolicyDocument=document)
    machine = aws.states.create_state_machine(
        name="bare",
        roleArn=role["Role"]["Arn"],
        definition=json.dumps(definition(worker_arn=function)),
    )
    return str(machine["stateMachineArn"])


def _create(functions: Any, name: str, role: str) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("bare.py", BARE)
    return str(
        functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler="bare.handler",
            Code={"ZipFile": code.getvalue()},
            Timeout=60,
        )["FunctionArn"]
    )


def _seconds(aws: Running, execution: str) -> float:
    """As the execution itself has it: who looks seldom takes no time from it."""
    while True:
        time.sleep(_LOOK_EVERY_SECONDS)
        found = aws.states.describe_execution(executionArn=execution)
        if found["status"] != "RUNNING":
            break
    return float((found["stopDate"] - found["startDate"]).total_seconds())


def _first_call(aws: Running, functions: Any, number: int) -> float:
    """The first call of a worker whose process has yet to start."""
    worker = str(aws.deployed.outputs["workerFunctionName"])
    _restart(functions, worker, number)
    return _call(functions, worker)


def _first_bare_call(functions: Any, number: int, role: str) -> float:
    bare = f"bare-{number}"
    _create(functions, bare, role)
    return _call(functions, bare)


def _restart(functions: Any, function: str, number: int) -> None:
    """Ends the processes that a function has, as any change of its settings does."""
    found = functions.get_function_configuration(FunctionName=function)
    variables = found.get("Environment", {}).get("Variables", {})
    functions.update_function_configuration(
        FunctionName=function, Environment={"Variables": variables | {"N": str(number)}}
    )


def _call(functions: Any, name: str) -> float:
    started = time.perf_counter()
    functions.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()
    return time.perf_counter() - started

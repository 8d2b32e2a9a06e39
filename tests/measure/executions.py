"""A task of many iterations on the local AWS, against a Lambda without a store."""

import io
import json
import statistics
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any

from infra.documents import policies
from infra.documents.state_machine_definition import definition
from infra.state_machine import arn_from_name
from tests.measure.promise import Promise
from tests.running import Running
from tests.starting import started

ITERATIONS = 200
STARTS = 5
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
    theirs = _seconds(
        aws, aws.states.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    )
    ours = _seconds(aws, aws.execution(aws.trigger("countUp", {"until": ITERATIONS})))
    fresh = [_first_call(aws, number, role) for number in range(STARTS)]
    return [
        Promise(
            f"{ITERATIONS} iterations end to end, against a Lambda without a store",
            ours / theirs,
            2,
        ),
        Promise(
            "first call of a fresh worker, against a bare Python Lambda",
            statistics.median(fresh),
            3,
        ),
    ]


def _bare_machine(aws: Running, function: str) -> str:
    iam = aws.client("iam")
    trust = policies.trust("states", source=arn_from_name(function, "bare"))
    role = iam.create_role(RoleName="bare", AssumeRolePolicyDocument=json.dumps(trust))
    document = json.dumps(policies.state_machine(worker=function))
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
    aws.ended(execution, patience_seconds=300)
    found = aws.states.describe_execution(executionArn=execution)
    return float((found["stopDate"] - found["startDate"]).total_seconds())


def _first_call(aws: Running, number: int, role: str) -> float:
    """How much longer than a bare Lambda's the first call of a worker takes whose process has yet
    to start.
    """
    functions = aws.client("lambda")
    worker = str(aws.deployed.outputs["workerFunctionName"])
    # A change of its settings ends the processes that a function has.
    settings = functions.get_function_configuration(FunctionName=worker)["Environment"]["Variables"]
    functions.update_function_configuration(
        FunctionName=worker, Environment={"Variables": settings | {"N": str(number)}}
    )
    bare = f"bare-{number}"
    _create(functions, bare, role)
    return _call(functions, worker) / _call(functions, bare)


def _call(functions: Any, name: str) -> float:
    started = time.perf_counter()
    functions.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()
    return time.perf_counter() - started

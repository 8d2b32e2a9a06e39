"""Workers beside the default one, in a stack that is deployed into the local AWS."""

import json
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from local.access import Access
from local.deployed import LOCAL_CONFIG, Deployed
from local.deployment import deploy
from local.errors import DeploymentFailed
from local.graphql_client import GraphqlFailed
from local.logs import Logs
from local.project import Project
from tests.infra.recording import ROOT
from tests.local.roles import Role
from tests.running import Ended, Running

pytestmark = pytest.mark.system

WORKERS = {
    "large": {"memoryMb": 4096, "timeoutSeconds": 600, "ephemeralStorageMb": 2048},
    "small": {"memoryMb": 256, "concurrency": 3},
}
# Each says where it runs. Lambda ends a process that takes too much memory with SIGKILL.
TASKS = """
import os
import signal

from handler import Context, Continue, Done, Retry, Verdict, task


def here() -> str:
    print("It runs here.", flush=True)  # the log of a worker that is killed has nothing else
    return os.environ["AWS_LAMBDA_FUNCTION_NAME"].partition("-worker")[2]


@task(worker="large", aliases=("film",))
def cut_film(context: Context) -> Done:
    return Done(output={"on": here(), "seconds": context.remaining_seconds()})


@task()
def plain(context: Context) -> Done:
    return Done(output={"on": here()})


@task(worker="small", retry=Retry(on_out_of_memory="large"))
def hungry(context: Context, input: dict[str, object]) -> Verdict:
    if here() != "-large":
        os.kill(os.getpid(), signal.SIGKILL)
    if context.task.iterations < 4:
        return Continue(wait=1)
    return Done(output={"on": here()})


@task(retry=Retry(on_out_of_memory="small"), crash_retries=0)
def starving(context: Context) -> Done:
    here()
    os.kill(os.getpid(), signal.SIGKILL)
    return Done()
"""


def project_in(folder: Path, workers: dict[str, Any]) -> Project:
    """The project as a program of another name, with tasks of several workers."""
    for name in ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml"):
        text = (ROOT / name).read_text()
        (folder / name).write_text(text.replace("background-tasks:", "several:"))
    file = folder / "Pulumi.yaml"
    file.write_text(file.read_text().replace("name: background-tasks", "name: several", 1))
    shutil.copytree(ROOT / "definitions", folder / "definitions")
    (folder / "definitions" / "films.py").write_text(TASKS)
    found = Project.from_folder(folder).with_config({**LOCAL_CONFIG, "workers": workers})
    return Project(found.folder, found.name, uuid4().hex[:8], found.config)


@pytest.fixture(scope="module")
def several(access: Access, tmp_path_factory: pytest.TempPathFactory) -> Running:
    """A stack with two workers beside the default one."""
    project = project_in(tmp_path_factory.mktemp("several"), WORKERS)
    return Running(Deployed(access, deploy(project, access)))


def by_hand(running: Running, definition: str) -> str:
    """Sends an event by hand, and returns the id of its task."""
    entry = {
        "EventBusName": running.deployed.event_bus_name,
        "Source": "by-hand",
        "DetailType": "WebinyBackgroundTask",
        "Detail": json.dumps({"webinyTaskDefinitionId": definition}),
    }
    [sent] = running.client("events").put_events(Entries=[entry])["Entries"]
    return str(sent["EventId"])


def ended(running: Running, task_id: str) -> list[Ended]:
    """All executions of a task, the first one first, when the task is over."""
    states, machine = running.states, running.deployed.state_machine_arn

    def record() -> Any:
        with suppress(GraphqlFailed):  # an event sent by hand has made no task yet
            found = running.record(task_id)
            return found if found["taskStatus"] in ("success", "failed") else None
        return None

    running.until(record)
    listed = states.list_executions(stateMachineArn=machine)["executions"]
    arns = [str(each["executionArn"]) for each in listed]
    inputs = {arn: json.loads(states.describe_execution(executionArn=arn)["input"]) for arn in arns}
    own = [
        arn
        for arn, event in inputs.items()
        if task_id in (event.get("id"), event["detail"].get("webinyTaskId"))
    ]
    started = {arn: states.describe_execution(executionArn=arn)["startDate"] for arn in own}
    return [running.ended(arn) for arn in sorted(own, key=started.__getitem__)]


def invoked(running: Running, arn: str) -> set[str]:
    """The workers that `Run` invoked, by the ends of their names: each has logged something."""
    logs, default = running.client("logs"), running.deployed.output("workerFunctionName")
    execution = arn.rpartition(":")[2]

    def found() -> set[str]:
        return {
            name
            for name in ("", "-large", "-small")
            for event in logs.filter_log_events(logGroupName=f"/aws/lambda/{default}{name}")[
                "events"
            ]
            if f'"{execution}"' in event["message"]
        }

    running.until(found)
    return found()


def test_each_worker_is_a_function_of_the_same_code_with_what_its_config_says(
    several: Running,
) -> None:
    default = several.deployed.output("workerFunctionName")
    functions = several.client("lambda")

    found = {
        name: functions.get_function_configuration(FunctionName=f"{default}{name}")
        for name in ("", "-large", "-small")
    }

    assert len({each["CodeSha256"] for each in found.values()}) == 1
    assert {name: each["MemorySize"] for name, each in found.items()} == {
        "": 1024,
        "-large": 4096,
        "-small": 256,
    }
    assert {name: each["Timeout"] for name, each in found.items()} == {
        "": 900,
        "-large": 600,
        "-small": 900,
    }
    assert found["-large"]["EphemeralStorage"]["Size"] == 2048
    reserved = functions.get_function_concurrency(FunctionName=f"{default}-small")
    assert reserved["ReservedConcurrentExecutions"] == 3


@pytest.mark.parametrize("definition", ["cutFilm", "film"])
def test_a_task_runs_on_the_worker_that_its_definition_names(
    several: Running, definition: str
) -> None:
    [execution] = ended(several, by_hand(several, definition))

    assert execution.status == "SUCCEEDED"
    assert execution.output["output"]["on"] == "-large"
    assert 500 < execution.output["output"]["seconds"] <= 600
    assert invoked(several, execution.arn) == {"-large"}


@pytest.mark.parametrize("definition", ["plain", "nobodyKnowsIt", "constructor"])
def test_all_else_is_the_default_workers(several: Running, definition: str) -> None:
    [execution] = ended(several, by_hand(several, definition))

    assert execution.states[-1] == ("Done" if definition == "plain" else "Error")
    assert invoked(several, execution.arn) == {""}


def test_a_task_that_runs_out_of_memory_goes_on_at_the_other_worker_and_stays_there(
    several: Running,
) -> None:
    task_id = by_hand(several, "hungry")

    first, second = ended(several, task_id)

    assert invoked(several, first.arn) == {"-small"}
    assert (first.status, first.states[-1]) == ("SUCCEEDED", "Done")
    assert "has moved on to a new execution" in first.output["message"]
    assert invoked(several, second.arn) == {"-large"}
    assert second.states.count("Run") == 2
    assert second.output["output"] == {"on": "-large"}
    lines = [line["message"] for log in several.record(task_id)["logs"] for line in log["items"]]
    assert 'The task moves on to the worker "large".' in lines
    assert any("the worker ran out of memory" in line for line in lines)


def test_one_that_the_other_worker_has_no_memory_for_either_fails_with_the_reason(
    several: Running,
) -> None:
    task_id = by_hand(several, "starving")

    first, second = ended(several, task_id)

    assert invoked(several, first.arn) == {""}
    assert invoked(several, second.arn) == {"-small"}
    assert (second.states[-1], second.error) == ("Error", "WORKER_OUT_OF_MEMORY")
    assert several.record(task_id)["taskStatus"] == "failed"


def test_the_logs_of_all_workers_are_shown_with_their_names(several: Running) -> None:
    task_id = by_hand(several, "hungry")
    ended(several, task_id)
    logs = Logs(several.deployed, ("worker",))
    found: set[str] = set()

    def seen() -> bool:
        found.update(line.function for line in logs.new() if line.is_of(task_id))
        return found >= {"worker-large", "worker-small"}

    several.until(seen)

    assert found == {"worker-large", "worker-small"}


@pytest.mark.slow
def test_the_state_machine_may_invoke_each_worker_by_its_own_permission(several: Running) -> None:
    role = Role(several, "state-machine")
    [large] = [arn for arn in _invocable(role) if "-worker-large:" in arn]
    document = json.loads(json.dumps(role.document).replace(f', "{large}"', ""))

    assert len(_invocable(role)) == 3
    with role.having(document):
        execution = several.execution(by_hand(several, "cutFilm"))
        refused = several.until(lambda: _failures(several, execution))
    several.states.stop_execution(executionArn=execution)

    assert "not authorized" in refused[0]


def _invocable(role: Role) -> list[str]:
    return [
        resource
        for statement in role.document["Statement"]
        if "lambda:InvokeFunction" in statement["Action"]
        for resource in statement["Resource"]
    ]


def _failures(running: Running, arn: str) -> list[str]:
    history = running.states.get_execution_history(executionArn=arn)["events"]
    found = [each["taskFailedEventDetails"] for each in history if "taskFailedEventDetails" in each]
    return [str(each["cause"]) for each in found]


def test_a_definition_that_names_a_worker_which_is_not_there_stops_the_deploy(
    access: Access, tmp_path: Path
) -> None:
    project = project_in(tmp_path, {"small": {}})

    with pytest.raises(DeploymentFailed) as refused:
        deploy(project, access)

    said = str(refused.value)
    assert 'films.py: task "cutFilm" has worker="large", and the stack has no such worker' in said
    assert 'task "hungry" has Retry(on_out_of_memory)="large"' in said
    assert 'it has "default", "small"' in said
    assert "pulumi config set --path 'several:workers.large.memoryMb' 4096" in said

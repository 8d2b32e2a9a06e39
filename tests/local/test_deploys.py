"""Deploys while tasks run, on the local AWS: an iteration has one version of the code, whole."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra import bundle
from infra.function import LIVE
from tests.running import Running
from tests.starting import started

pytestmark = [pytest.mark.system, pytest.mark.slow]

# Tasks that go on until they are deployed over wait as long between two iterations.
WAIT = 20

RECORD = """
query Get($id: ID!) {
  backgroundTasks {
    getTask(id: $id) {
      data {
        definitionId taskStatus output createdByVersion codeVersion
        logs { items { message error } }
      }
    }
  }
}"""
IMPORTS = """
import time
from pathlib import Path
from pydantic import BaseModel
from handler import Context, Continue, Done, task
"""
BEFORE = f"""{IMPORTS}
class Count(BaseModel):
    count: int = 0

def once(context, input):
    context.log.info("before")
    return Continue({{"count": input.count + 1}}, wait={WAIT})

@task()
def with_default(context: Context, input: Count) -> Continue:
    return once(context, input)

@task()
def with_required(context: Context, input: Count) -> Continue:
    return once(context, input)

@task()
def removed(context: Context, input: Count) -> Continue:
    return once(context, input)

@task()
def old_name(context: Context, input: Count) -> Continue:
    return once(context, input)

@task()
def rolled_back(context: Context, input: Count) -> Done:
    context.log.info("before")
    return Done(output=dict(input))

@task(in_place=False)
def busy(context: Context, input: Count) -> Continue:
    while not Path("DEPLOYED").exists():
        time.sleep(0.05)
    context.log.info("before")
    return Continue()
"""
AFTER = f"""{IMPORTS}
class Count(BaseModel):
    count: int = 0

class WithDefault(Count):
    label: str = "new"

class WithRequired(Count):
    label: str

def ended(context, input):
    context.log.info("after")
    return Done(output=dict(input))

@task()
def with_default(context: Context, input: WithDefault) -> Done:
    return ended(context, input)

@task()
def with_required(context: Context, input: WithRequired) -> Done:
    return ended(context, input)

@task(aliases=("oldName",))
def new_name(context: Context, input: Count) -> Done:
    return ended(context, input)

@task()
def rolled_back(context: Context, input: WithDefault) -> Continue:
    context.log.info("after")
    return Continue({{"count": input.count + 1, "label": "newer"}}, wait={WAIT})

@task()
def busy(context: Context, input: Count) -> Done:
    return ended(context, input)
"""


@dataclass(frozen=True)
class Site:
    """A running system, and the folder that it is deployed from."""

    running: Running
    folder: Path

    @property
    def deployed(self) -> Path:
        """A file for which a busy task waits."""
        return self.folder / "deployed"

    def deploy(self, definitions: str, version: str) -> None:
        """Does to the three functions what `pulumi up` does when the code has changed."""
        text = definitions.replace("DEPLOYED", str(self.deployed))
        (self.folder / "definitions" / "changing.py").write_text(text)
        archive = bundle.build(self.folder / ".build" / f"{version}.zip", self.folder, [])
        lambdas = self.running.client("lambda")
        for output in ("workerFunctionName", "apiFunctionName", "recoveryFunctionName"):
            name = self.running.deployed.outputs[output]
            lambdas.update_function_code(FunctionName=name, ZipFile=archive.read_bytes())
            variables = lambdas.get_function_configuration(FunctionName=name)["Environment"]
            variables["Variables"]["CODE_VERSION"] = version
            lambdas.update_function_configuration(FunctionName=name, Environment=variables)
            published = lambdas.publish_version(FunctionName=name)["Version"]
            lambdas.update_alias(FunctionName=name, Name=LIVE, FunctionVersion=published)

    def trigger(self, definition: str) -> str:
        return self.running.send({"webinyTaskDefinitionId": definition, "input": {}})

    def after_an_iteration(self, task_id: str) -> str:
        self.running.until(lambda: self._iterations(task_id))
        return task_id

    def _iterations(self, task_id: str) -> bool:
        found = self.record(task_id)
        return bool(found and found["logs"])

    def record(self, task_id: str) -> dict[str, Any] | None:
        """The record of a task; None while its event has not made one."""
        found = self.running.graphql(RECORD, {"id": task_id})["getTask"]["data"]
        return dict(found) if found else None

    def ended(self, task_id: str) -> tuple[str, dict[str, Any], list[str]]:
        """How the execution of a task ended, the record, and all that was logged."""
        status = self.running.run(task_id).status
        record = self.record(task_id)
        assert record
        lines = [line for log in record["logs"] for line in log["items"]]
        said = [f"{line['message']} {json.dumps(line['error'] or {})}" for line in lines]
        return status, record, said


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("deploys")
    with started(folder) as running:
        yield Site(running, folder)


def test_an_open_task_goes_on_with_the_code_that_is_deployed_between_two_iterations(
    site: Site,
) -> None:
    site.deploy(BEFORE, "one")
    tasks = {
        name: site.after_an_iteration(site.trigger(name))
        for name in ("withDefault", "withRequired", "removed", "oldName")
    }

    site.deploy(AFTER, "two")

    ends = {name: site.ended(task_id) for name, task_id in tasks.items()}
    assert {name: status for name, (status, _, _) in ends.items()} == {
        "withDefault": "SUCCEEDED",
        "withRequired": "FAILED",
        "removed": "FAILED",
        "oldName": "SUCCEEDED",
    }
    assert ends["withDefault"][1]["output"]["label"] == "new"
    assert ends["oldName"][1]["output"]["count"] >= 1
    assert ends["oldName"][1]["definitionId"] == "oldName"
    for name, word in (("withRequired", "label"), ("removed", "removed")):
        assert word in ends[name][2][-1]
        assert "Next:" in ends[name][2][-1]
    for name in ("withDefault", "oldName"):
        assert ends[name][2][0].startswith("before")
        assert any(line.startswith("after") for line in ends[name][2])


def test_an_iteration_that_runs_during_a_deploy_ends_with_the_code_that_it_began_with(
    site: Site,
) -> None:
    site.deploy(BEFORE, "three")
    task_id = site.trigger("busy")
    site.running.until(lambda: (site.record(task_id) or {}).get("taskStatus") == "running")

    site.deploy(AFTER, "four")
    site.deployed.touch()

    status, record, lines = site.ended(task_id)
    own = [line.split()[0] for line in lines if line.startswith(("before", "after"))]
    assert (status, own) == ("SUCCEEDED", ["before", "after"])
    assert (record["createdByVersion"], record["codeVersion"]) == ("three", "four")


def test_a_task_of_newer_code_goes_on_with_older_code_after_a_rollback(site: Site) -> None:
    site.deploy(AFTER, "five")
    task_id = site.after_an_iteration(site.trigger("rolledBack"))

    site.deploy(BEFORE, "four again")

    status, record, _ = site.ended(task_id)
    assert status == "SUCCEEDED"
    assert record["output"].keys() == {"count"}
    assert (record["createdByVersion"], record["codeVersion"]) == ("five", "four again")

"""`smokeTest`, in a stack that is deployed into the local AWS."""

import shutil
from pathlib import Path
from uuid import uuid4

import pytest

from handler.contract import DEFAULT_TENANT
from local.access import Access
from local.deployed import LOCAL_CONFIG
from local.deployment import deploy
from local.errors import DeploymentFailed
from local.project import Project
from tests.infra.recording import ROOT

pytestmark = [pytest.mark.system, pytest.mark.slow]

BROKEN = """
from handler import Context, Failed, task

@task(id="testingRun")
def testing_run(context: Context, input: dict[str, object]) -> Failed:
    return Failed("It is broken.")
"""


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """The project as a program of another name, since the account has one of its name already."""
    for name in ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml"):
        text = (ROOT / name).read_text()
        (tmp_path / name).write_text(text.replace("background-tasks:", "smoke:"))
    file = tmp_path / "Pulumi.yaml"
    file.write_text(file.read_text().replace("name: background-tasks", "name: smoke", 1))
    shutil.copytree(ROOT / "definitions", tmp_path / "definitions")
    found = Project.from_folder(tmp_path).with_config({**LOCAL_CONFIG, "smokeTest": True})
    return Project(found.folder, found.name, uuid4().hex[:8], found.config)


def test_an_up_whose_task_succeeds_is_done(project: Project, access: Access) -> None:
    outputs = deploy(project, access)

    found = access.client("dynamodb").scan(TableName=outputs["tableName"])["Items"]
    assert [item["taskStatus"]["S"] for item in found if "taskStatus" in item] == ["success"]


def test_it_is_of_somebody_whom_the_config_lets_do_it(project: Project, access: Access) -> None:
    principal = "arn:aws:iam::111122223333:user/robots/*"
    rules = [{"principal": principal, "permissions": "own", "tenants": ["shop"]}]

    outputs = deploy(project.with_config({"apiPermissions": rules}), access)

    found = access.client("dynamodb").scan(TableName=outputs["tableName"])["Items"]
    assert [item["taskStatus"]["S"] for item in found if "taskStatus" in item] == ["success"]


def test_it_has_a_tenant_where_tokens_name_one(project: Project, access: Access) -> None:
    tokens = {"jwtIssuer": "https://x.example", "jwtAudience": ["x"], "jwtTenantClaim": "tenant"}

    outputs = deploy(project.with_config(tokens), access)

    found = access.client("dynamodb").scan(TableName=outputs["tableName"])["Items"]
    [task] = [item for item in found if "taskStatus" in item]
    assert task["taskStatus"]["S"] == "success"
    assert any(DEFAULT_TENANT in value.get("S", "") for value in task.values())


def test_an_up_whose_task_fails_says_why_and_where_to_look(
    project: Project, access: Access
) -> None:
    (project.folder / "definitions" / "testing_run.py").write_text(BROKEN)

    with pytest.raises(DeploymentFailed) as refused:
        deploy(project, access)

    said = str(refused.value)
    assert 'the smoke test failed: the task testingRun "' in said
    assert "ended as failed" in said
    assert "It is broken." in said
    assert "Next: look at its execution, https://" in said
    assert "`smokeTest: false`" in said


def test_a_stack_without_the_task_is_refused_before_anything_is_made(
    project: Project, access: Access
) -> None:
    (project.folder / "definitions" / "testing_run.py").unlink()

    with pytest.raises(DeploymentFailed, match="smokeTest runs the task testingRun, which"):
        deploy(project, access)

    assert not [
        name
        for name in access.client("dynamodb").list_tables()["TableNames"]
        if name.startswith(f"smoke-{project.stack}")
    ]

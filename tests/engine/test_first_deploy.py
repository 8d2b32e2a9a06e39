"""The first of the ten checks, on the real engine."""

import pytest

from cli import pulumi_stacks
from cli.errors import NoStack
from cli.first_deploy import pulumi_cli
from cli.first_deploy.results import Failed, Ok
from cli.first_deploy.stack import Stack
from local.project import Project
from tests.engine.setups import SMALL, stack
from tests.engine.stack import Engine


def test_a_second_preview_tells_what_it_would_change(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    deployed = stack(engine, "dev", SMALL)
    for name, value in engine.environment.items():
        monkeypatch.setenv(name, value)
    before = pulumi_stacks.outputs(deployed.folder, "dev")
    deployed.up().must()
    outputs = pulumi_stacks.outputs(deployed.folder, "dev")
    project = Project.from_folder(deployed.folder, "dev")
    looked_at = Stack(project, outputs, agrees=lambda _: False)

    second = pulumi_cli.second_preview(looked_at)
    deployed.set("workerMemoryMb", 512)
    third = pulumi_cli.second_preview(looked_at)

    assert pulumi_stacks.selected(deployed.folder) == "dev"
    assert before == {}
    assert outputs["apiUrl"]
    assert second == Ok("nothing to change.")
    assert isinstance(third, Failed)
    assert "background-tasks-worker" in third.said


def test_a_stack_that_pulumi_does_not_know_is_told_with_what_to_do(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = engine.checkout()
    for name, value in engine.environment.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(NoStack, match="Next: pulumi login, then pulumi stack init nowhere"):
        pulumi_stacks.outputs(folder, "nowhere")
    with pytest.raises(NoStack, match="Next: name one with --stack") as raised:
        pulumi_stacks.selected(folder)
    assert "\n" not in raised.value.message

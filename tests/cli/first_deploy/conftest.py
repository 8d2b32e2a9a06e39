"""The stack that the checks look at: the whole system on the local AWS."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from cli.first_deploy.stack import Stack
from local.project import Project
from tests.running import Running

ROOT: Final = Path(__file__).parents[3]
NewStack = Callable[..., Stack]


@pytest.fixture
def stack_of(aws: Running, monkeypatch: pytest.MonkeyPatch) -> NewStack:
    """A stack of the local AWS, whose key is in the environment; by default, the one there is."""
    access = aws.deployed.access
    monkeypatch.setenv("AWS_ENDPOINT_URL", access.endpoint_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", access.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", access.secret_access_key)

    def stack(
        outputs: Mapping[str, Any] = aws.deployed.outputs, *, folder: Path = ROOT, **config: object
    ) -> Stack:
        project = Project.from_folder(ROOT, "dev").with_config(config)
        return Stack(
            Project(folder, project.name, project.stack, project.config),
            outputs,
            agrees=lambda _: True,
            of_pulumi=False,
        )

    return stack

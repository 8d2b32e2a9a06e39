"""The local AWS for `pulumi up`: where it answers, and what the commands around it refuse."""

import io
import json
import re
import socket
from pathlib import Path

import pytest

from local import for_pulumi
from local.__main__ import main
from local.access import Access
from local.deployed import Deployed
from local.errors import LocalError
from local.project import Project

ROOT = Path(__file__).parents[2]
ACCESS = Access("http://127.0.0.1:4566", "us-east-1", "AKIA", "secret")


def with_endpoints(*urls: str) -> Project:
    endpoints = [{f"service{number}": url} for number, url in enumerate(urls)]
    return Project(Path(), "tasks", "local", {"aws:endpoints": json.dumps(endpoints)})


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the smallest project, whose stack `local` looks for AWS at the default port."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    return tmp_path


def test_the_stacks_file_says_where_the_local_aws_answers_and_in_which_region() -> None:
    options = for_pulumi.options(Project.from_folder(ROOT, "local"))

    assert (options.port, options.region) == (4566, "us-east-1")


@pytest.mark.parametrize(
    "urls",
    [
        (),
        ("http://127.0.0.1:4566", "http://127.0.0.1:4567"),
        ("https://127.0.0.1:4566",),
        ("http://127.0.0.1",),
        ("http://aws.example.com:4566",),
    ],
)
def test_endpoints_that_are_not_one_port_of_this_machine_are_refused(urls: tuple[str, ...]) -> None:
    with pytest.raises(LocalError, match=r"it takes one address .* Next: git checkout"):
        for_pulumi.options(with_endpoints(*urls))


def test_a_taken_port_is_told_with_the_file_to_change(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        (inside / "Pulumi.local.yaml").write_text(
            f"config:\n  aws:endpoints:\n    - s3: http://127.0.0.1:{port}\n"
        )

        status = main(["aws"])

    assert status == 1
    assert f"Port {port} on 127.0.0.1 is taken. Next:" in capsys.readouterr().err


def test_env_prints_lines_that_set_the_key_and_unset_other_ones(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Deployed(ACCESS, {}).to_file(inside)

    main(["env"])

    exports, unset = capsys.readouterr().out.splitlines()
    assert "AWS_ACCESS_KEY_ID=AKIA AWS_SECRET_ACCESS_KEY=secret" in exports
    assert re.fullmatch(r"unset AWS_PROFILE .*AWS_SESSION_TOKEN", unset)


@pytest.mark.parametrize("printed", ["", "no json", "[]", "{}", '{"message": "no outputs"}'])
def test_use_refuses_what_is_not_the_outputs_of_a_stack(
    inside: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, printed: str
) -> None:
    Deployed(ACCESS, {}).to_file(inside)
    monkeypatch.setattr("sys.stdin", io.StringIO(printed))

    status = main(["use"])

    assert status == 1
    assert "Those are not the outputs of a stack that is up. Next:" in capsys.readouterr().err


def test_a_command_that_needs_a_stack_says_so_while_the_local_aws_is_empty(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Deployed(ACCESS, {}).to_file(inside)

    statuses = [main(["graphql", "{ backgroundTasks }"]), main(["logs"])]

    assert statuses == [1, 1]
    assert capsys.readouterr().err.count("Next: pulumi up, then pulumi stack output") == 2

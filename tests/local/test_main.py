"""The commands of `python -m local`, with their exit status and their messages."""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local.__main__ import main
from local.access import Access
from local.deployed import Deployed
from tests.local.conftest import Until
from tests.running import Running

ROOT = Path(__file__).parent.parent.parent
PROGRAM = Path(__file__).parent / "program"


ACCESS = Access("http://127.0.0.1:4566", "eu-central-1", "AKIA", "secret")


def start(*arguments: str, cwd: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "local", *arguments],
        cwd=cwd,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A copy of the program, where outputs may be written."""
    for path in PROGRAM.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            target = tmp_path / path.relative_to(PROGRAM)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    return tmp_path


@pytest.mark.system
def test_up_deploys_prints_a_guide_and_runs_until_sigterm(program: Path, until: Until) -> None:
    outputs = program / ".local" / "outputs.json"

    with start("up", "--port", "0", "--config", "memory=512", cwd=program) as up:
        until(lambda: outputs.exists() or up.poll() is not None)
        assert up.poll() is None, up.communicate()
        values = json.loads(outputs.read_text())
        lambdas = boto3.client(
            "lambda",
            endpoint_url=values["endpointUrl"],
            region_name=values["region"],
            aws_access_key_id=values["accessKeyId"],
            aws_secret_access_key=values["secretAccessKey"],
        )
        function = lambdas.get_function_configuration(FunctionName=values["functionName"])
        up.send_signal(signal.SIGTERM)
        printed, errors = up.communicate(timeout=10)

    assert up.returncode == 0, errors
    assert function["MemorySize"] == 512
    assert "aws events put-events --entries" in printed
    assert not outputs.exists()
    with socket.socket() as connection:
        port = int(values["endpointUrl"].rsplit(":", 1)[1])
        assert connection.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(autouse=True)
def sigterm() -> Iterator[None]:
    """Takes back the handler that a command sets in this process."""
    handler = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to run a command in."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def small_project(inside: Path) -> Path:
    """The smallest project; its program is up to the test."""
    (inside / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (inside / "Pulumi.dev.yaml").write_text("config: {}\n")
    return inside


@pytest.mark.usefixtures("small_project")
def test_a_taken_port_ends_up_with_one_line_and_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()

        status = main(["up", "--port", str(other.getsockname()[1])])

    assert status == 1
    assert "is taken. Stop its program" in capsys.readouterr().err


@pytest.mark.system
def test_a_failing_program_ends_up_with_one_line_and_status_1(
    small_project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    program = "raise ValueError('The config key is wrong. Set it.')\n"
    (small_project / "__main__.py").write_text(program)

    status = main(["up", "--port", "0"])

    assert status == 1
    assert capsys.readouterr().err == "\nThe program failed. The config key is wrong. Set it.\n"
    assert not (small_project / ".local").exists()


@pytest.mark.system
def test_a_failing_resource_is_reported_once_even_if_others_depend_on_it(
    small_project: Path,
) -> None:
    program = """
import pulumi
import pulumi_aws as aws
activity = aws.sfn.Activity("news")
aws.sqs.Queue("queue", name=activity.name)
pulumi.export("arn", activity.arn)
"""
    (small_project / "__main__.py").write_text(program)

    with start("up", "--port", "0", cwd=small_project) as up:
        _, errors = up.communicate(timeout=30)

    assert up.returncode == 1
    assert errors.startswith('\nThe local AWS can\'t create aws:sfn/activity:Activity "news".')
    assert len(errors.splitlines()) == 2


@pytest.mark.usefixtures("inside")
def test_a_folder_without_a_project_ends_up_with_one_line_and_status_1(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(["up"])

    assert status == 1
    errors = capsys.readouterr().err
    assert "Pulumi.yaml does not exist. Run this from the project's folder" in errors


@pytest.mark.usefixtures("small_project")
def test_config_without_a_value_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    status = main(["up", "--config", "workerMemoryMb"])

    assert status == 1
    assert '--config takes KEY=VALUE, not "workerMemoryMb"' in capsys.readouterr().err


@pytest.mark.parametrize("scale", ["-1", "nan", "inf", "fast"])
def test_a_wait_scale_that_is_not_a_number_from_0_on_is_refused(
    capsys: pytest.CaptureFixture[str], scale: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["up", f"--wait-scale={scale}"])

    assert f'"{scale}" is not a number from 0 on' in capsys.readouterr().err


@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_outside_of_0_to_65535_is_refused(
    capsys: pytest.CaptureFixture[str], port: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["up", f"--port={port}"])

    assert f'"{port}" is not a port' in capsys.readouterr().err


def test_ctrl_c_while_the_modules_load_ends_with_status_130_quietly(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        """Ctrl-C at the import of the commands."""

        def find_spec(self, name: str, *_: object) -> None:
            if name == "local.commands":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "local.commands", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])

    status = main(["up"])

    assert status == 130
    assert capsys.readouterr().err == ""


@pytest.mark.slow  # starts an interpreter
@pytest.mark.parametrize("command", [["--help"], ["logs", "--help"]])
def test_a_pipe_that_is_closed_before_the_end_is_status_141_without_a_word(
    command: list[str],
) -> None:
    read, write = os.pipe()
    os.close(read)

    ended = subprocess.run(
        [sys.executable, "-m", "local", *command],
        cwd=ROOT,
        stdout=write,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(write)

    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.usefixtures("inside")
def test_graphql_without_a_local_aws_says_how_to_start_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = main(["graphql", "{ anything }"])

    assert status == 1
    assert "python -m local up" in capsys.readouterr().err


def test_graphql_prints_the_data_with_the_definitions_of_added_files(
    aws: Running, inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.deployed.to_file(inside)

    status = main(["graphql", "{ backgroundTasks { listDefinitions { data { id } } } }"])

    data = json.loads(capsys.readouterr().out)["backgroundTasks"]["listDefinitions"]["data"]
    found = [definition["id"] for definition in data]
    assert status == 0
    assert {"testingRun", "importCsv", "countUp"} <= set(found)


def test_graphql_is_about_the_tasks_of_the_tenant_that_is_named(
    aws: Running, inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def data(*words: str) -> Any:
        assert main(["graphql", *words]) == 0
        return json.loads(capsys.readouterr().out)["backgroundTasks"]

    aws.deployed.to_file(inside)
    trigger = "mutation { backgroundTasks { triggerTask(definition: testingRun) { data { id } } } }"
    find = "{ backgroundTasks { getTask(id: %s) { data { id } } } }"

    id = data(trigger, "--tenant", "acme")["triggerTask"]["data"]["id"]
    found = [data(find % json.dumps(id), *words) for words in (["--tenant", "acme"], [])]

    assert [each["getTask"]["data"] for each in found] == [{"id": id}, None]


@pytest.mark.parametrize("tenant", ["", " acme", "a\nb", "größe"])
def test_a_tenant_that_no_header_can_have_is_refused(
    capsys: pytest.CaptureFixture[str], tenant: str
) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["graphql", "{ anything }", f"--tenant={tenant}"])

    assert f'"{tenant}" can\'t be in a header; write ASCII' in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variables", "complaint"), [("{", "are not valid JSON"), ("[]", "are not a JSON object")]
)
def test_variables_other_than_a_json_object_are_refused(
    inside: Path, capsys: pytest.CaptureFixture[str], variables: str, complaint: str
) -> None:
    Deployed(ACCESS, {"apiUrl": ""}).to_file(inside)

    status = main(["graphql", "{ anything }", variables])

    assert status == 1
    assert complaint in capsys.readouterr().err

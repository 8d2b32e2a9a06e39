import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest

from local.__main__ import main
from tests.local.conftest import Until
from tests.running import Running

ROOT = Path(__file__).parent.parent.parent
PROGRAM = Path(__file__).parent / "program"


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


def test_up_deploys_tells_and_stays_until_it_is_told_to_end(program: Path, until: Until) -> None:
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
        assert (
            lambdas.get_function_configuration(FunctionName=values["functionName"])["MemorySize"]
            == 512
        )
        up.send_signal(signal.SIGTERM)
        told, errors = up.communicate(timeout=10)
    assert up.returncode == 0, errors
    assert "aws events put-events --entries" in told
    assert not outputs.exists()
    with socket.socket() as connection:
        assert (
            connection.connect_ex(("127.0.0.1", int(values["endpointUrl"].rsplit(":", 1)[1]))) != 0
        )


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, handler)


def test_a_taken_port_is_a_line_and_status_1(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (inside / "Pulumi.dev.yaml").write_text("config: {}\n")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert main(["up", "--port", str(other.getsockname()[1])]) == 1
    assert "is taken. Stop what listens there" in capsys.readouterr().err


def test_a_program_that_fails_is_a_line_and_status_1(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (inside / "Pulumi.dev.yaml").write_text("config: {}\n")
    (inside / "__main__.py").write_text("raise ValueError('The config key is wrong. Set it.')\n")
    assert main(["up", "--port", "0"]) == 1
    assert capsys.readouterr().err == "\nThe program failed. The config key is wrong. Set it.\n"
    assert not (inside / ".local").exists()


def test_a_resource_that_fails_is_one_line_even_if_others_depend_on_it(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
    program = """
import pulumi
import pulumi_aws as aws
topic = aws.sns.Topic("news")
aws.sqs.Queue("queue", name=topic.name)
pulumi.export("arn", topic.arn)
"""
    (tmp_path / "__main__.py").write_text(program)
    with start("up", "--port", "0", cwd=tmp_path) as up:
        _, errors = up.communicate(timeout=30)
    assert up.returncode == 1
    assert errors.startswith('\nThe local AWS can\'t create aws:sns/topic:Topic "news".')
    assert len(errors.splitlines()) == 2


def test_another_folder_is_a_line_and_status_1(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["up"]) == 1
    assert (
        "Pulumi.yaml does not exist. Run this from the project's folder" in capsys.readouterr().err
    )


def test_config_without_a_value_is_refused(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside / "Pulumi.yaml").write_text("name: small\nruntime: python\n")
    (inside / "Pulumi.dev.yaml").write_text("config: {}\n")
    assert main(["up", "--config", "workerMemory"]) == 1
    assert '--config takes KEY=VALUE, not "workerMemory"' in capsys.readouterr().err


def test_graphql_without_a_local_aws_says_how_to_start_one(
    inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graphql", "{ anything }"]) == 1
    assert "python -m local up" in capsys.readouterr().err


def test_graphql_prints_the_answer_with_the_definitions_that_were_dropped_in(
    aws: Running, inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.deployed.to_file(inside)
    assert main(["graphql", "{ backgroundTasks { listDefinitions { data { id } } } }"]) == 0
    answer = json.loads(capsys.readouterr().out)
    found = [
        definition["id"] for definition in answer["backgroundTasks"]["listDefinitions"]["data"]
    ]
    assert {"testingRun", "importCsv", "countUp"} <= set(found)


@pytest.mark.parametrize(
    ("variables", "complaint"), [("{", "are not JSON"), ("[]", "are not a JSON object")]
)
def test_variables_that_are_no_json_object_are_refused(
    aws: Running, inside: Path, capsys: pytest.CaptureFixture[str], variables: str, complaint: str
) -> None:
    aws.deployed.to_file(inside)
    assert main(["graphql", "{ anything }", variables]) == 1
    assert complaint in capsys.readouterr().err

"""The process of the local AWS: its start, its address and its end."""

import io
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local import emulator
from local.access import Access
from local.emulator import Options, is_up, running_emulator
from local.errors import EmulatorFailed, PortTaken
from tests.local.conftest import Outputs, Until

ROOT = Path(__file__).parent.parent.parent


def port_of(access: Access) -> int:
    return int(access.endpoint_url.rsplit(":", 1)[1])


def process_is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def accepts_connections(host: str, port: int) -> bool:
    with socket.socket() as connection:
        return connection.connect_ex((host, port)) == 0


def test_it_listens_on_the_loopback_address_only(access: Access) -> None:
    port = port_of(access)

    assert accepts_connections("127.0.0.1", port)
    assert not accepts_connections("127.0.0.2", port)


def test_a_taken_port_is_refused_and_another_one_is_suggested(access: Access) -> None:
    port = port_of(access)

    with (
        pytest.raises(PortTaken, match=rf"Port {port} on 127.0.0.1 is taken.*--port {port + 1}"),
        running_emulator(Options(port=port)),
    ):
        pass


def test_the_account_is_in_the_region_of_the_options(access: Access, outputs: Outputs) -> None:
    location = access.client("s3").get_bucket_location(Bucket=outputs["bucketName"])

    assert location["LocationConstraint"] == "eu-central-1"


def start_a_lambda_that_sleeps(access: Access, note: Path) -> None:
    code = f"""
import os, time
def handler(event, context):
    open({str(note)!r}, "w").write(str(os.getpid()))
    time.sleep(60)
"""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as target:
        target.writestr("sleeper.py", code)
    trust = {
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"Service": "lambda.amazonaws.com"},
            }
        ]
    }
    role = access.client("iam").create_role(
        RoleName="sleeper", AssumeRolePolicyDocument=json.dumps(trust)
    )["Role"]
    access.client("lambda").create_function(
        FunctionName="sleeper",
        Runtime="python3.13",
        Handler="sleeper.handler",
        Timeout=120,
        Role=role["Arn"],
        Code={"ZipFile": archive.getvalue()},
    )
    access.client("lambda").invoke(FunctionName="sleeper", InvocationType="Event")


@pytest.mark.system
def test_leaving_the_block_ends_each_process_and_removes_each_file(
    tmp_path: Path, until: Until
) -> None:
    note = tmp_path / "pid"

    with running_emulator(Options()) as running:
        start_a_lambda_that_sleeps(running.access, note)
        pid = int(until(lambda: note.exists() and note.read_text()))
        assert os.getpgid(pid) == running._process.pid

    assert until(lambda: process_is_gone(pid))
    assert not running.log.parent.exists()


@pytest.mark.system
def test_it_ends_when_the_process_that_started_it_is_killed(until: Until) -> None:
    program = """
from local.emulator import Options, running_emulator
with running_emulator(Options()) as running:
    print(running._process.pid, running.log.parent, flush=True)
    input()
"""

    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        group, folder = parent.stdout.readline().split()
        assert not group_is_gone(int(group))
        parent.send_signal(signal.SIGKILL)

    assert until(lambda: group_is_gone(int(group)))
    assert not Path(folder).exists()


@pytest.mark.system
def test_one_that_is_killed_says_so_at_the_end_with_the_next_step() -> None:
    with running_emulator(Options()) as running:
        os.kill(running._process.pid, signal.SIGKILL)

        with pytest.raises(EmulatorFailed) as failed:
            running.wait()

    last = str(failed.value).splitlines()[-1]
    assert last == "It was killed (signal 9). Next: python -m local up"


@pytest.mark.system
def test_a_failed_start_shows_the_end_of_the_log(tmp_path: Path) -> None:
    message = r"(?s)ministack ended with status 1:.*No module named 'local'"

    with pytest.raises(EmulatorFailed, match=message), running_emulator(Options(root=tmp_path)):
        pass


def test_the_aws_settings_of_the_shell_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    access = Access("http://127.0.0.1:1", "eu-central-1", "AKIA", "secret")

    environment = emulator._environment(tmp_path, access, Options())

    assert "AWS_PROFILE" not in environment
    assert environment["AUTH"] == "true"


@pytest.mark.slow
def test_one_that_ends_while_it_is_asked_is_not_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("local.emulator._is_answering", lambda access: True)
    gone = Access("http://127.0.0.1:9", "us-east-1", "AKIA", "secret")

    assert not is_up(gone)

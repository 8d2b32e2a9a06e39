import io
import json
import os
import signal
import socket
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import urlopen

import pytest
from botocore.exceptions import ClientError

from local import emulator
from local.access import Access
from local.emulator import Options, running_emulator
from local.errors import EmulatorFailed, PortTaken
from tests.local.conftest import Outputs, Until

ROOT = Path(__file__).parent.parent.parent


def port_of(access: Access) -> int:
    return int(access.endpoint_url.rsplit(":", 1)[1])


def group_is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_it_answers_on_the_loopback_address_alone(access: Access) -> None:
    with socket.socket() as connection:
        assert connection.connect_ex(("127.0.0.1", port_of(access))) == 0
    with socket.socket() as connection:
        assert connection.connect_ex(("127.0.0.2", port_of(access))) != 0


def test_a_taken_port_is_refused_with_the_next_step(access: Access) -> None:
    port = port_of(access)
    expected = pytest.raises(
        PortTaken, match=rf"Port {port} on 127.0.0.1 is taken.*--port {port + 1}"
    )
    with expected, running_emulator(Options(port=port)):
        pass


def test_the_account_is_in_the_region_that_was_asked_for(access: Access, outputs: Outputs) -> None:
    assert (
        access.client("s3").get_bucket_location(Bucket=outputs["bucketName"])["LocationConstraint"]
        == "eu-central-1"
    )


def test_a_wrong_secret_is_refused(access: Access) -> None:
    wrong = Access(access.endpoint_url, access.region, access.access_key_id, "not-the-secret")
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        wrong.client("sts").get_caller_identity()


@pytest.mark.parametrize("key", ["test", "000000000000", "AKIAUNKNOWN123456789"])
def test_a_key_that_the_account_did_not_issue_is_refused(access: Access, key: str) -> None:
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        Access(access.endpoint_url, access.region, key, "test").client("sts").get_caller_identity()


@pytest.mark.parametrize("path", ["/2015-03-31/functions", "/{bucketName}"])
def test_an_unsigned_request_is_refused(access: Access, outputs: Outputs, path: str) -> None:
    with pytest.raises(HTTPError) as refused:
        urlopen(access.endpoint_url + path.format(**outputs))
    with refused.value:
        assert refused.value.code == 403


def test_the_secret_is_not_shown() -> None:
    assert "hush" not in repr(Access("http://127.0.0.1:1", "eu-central-1", "AKIA", "hush"))


def process_is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


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


def test_leaving_ends_every_process_and_removes_every_file(tmp_path: Path, until: Until) -> None:
    note = tmp_path / "pid"
    with running_emulator(Options()) as running:
        start_a_lambda_that_sleeps(running.access, note)
        pid = int(until(lambda: note.exists() and note.read_text()))
        assert os.getpgid(pid) == running._process.pid
    assert until(lambda: process_is_gone(pid))
    assert not running.log.parent.exists()


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


def test_a_start_that_fails_shows_the_end_of_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator, "_ROOT", tmp_path)
    expected = pytest.raises(
        EmulatorFailed, match=r"(?s)ministack ended with status 1:.*No module named 'local'"
    )
    with expected, running_emulator(Options()):
        pass


def test_the_callers_own_aws_settings_do_not_reach_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    access = Access("http://127.0.0.1:1", "eu-central-1", "AKIA", "secret")
    environment = emulator._environment(tmp_path, access, Options())
    assert "AWS_PROFILE" not in environment
    assert environment["AUTH"] == "true"

"""Which stack a command talks to."""

import json
import os
import socket
import stat
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from cli import target
from cli.errors import CliError, NoStack, UsageError
from cli.target import LOCAL_OUTPUTS, OUTPUTS, STACK, TOKEN, Wanted, find
from handler.clock import SystemClock
from handler.errors import Refused
from local.deployed import OUTPUTS_FILE

ROOT = Path(__file__).parents[2]
DEPLOYED = {
    "apiUrl": "https://x.execute-api.eu-central-1.amazonaws.com/graphql",
    "stateMachineArn": "arn:aws:states:eu-central-1:123456789012:stateMachine:tasks",
}
# A Pulumi CLI: it knows the stacks dev and acme/tasks/prod, and has selected dev.
PULUMI = """#!/bin/sh
case "$*" in
  *"stack --show-name"*)
    [ -f selected ] && cat selected && exit
    echo "error: no stack selected" >&2; exit 1 ;;
  *"--stack empty"*) echo '{}' ;;
  *"--stack dev"* | *"--stack acme/tasks/prod"*) cat outputs-of-pulumi.json ;;
  *) echo "error: no stack named 'nope' found" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A program's folder. `bin/pulumi` is a Pulumi CLI."""
    pulumi = tmp_path / "bin" / "pulumi"
    pulumi.parent.mkdir()
    pulumi.write_text(PULUMI)
    pulumi.chmod(pulumi.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "outputs-of-pulumi.json").write_text(json.dumps(DEPLOYED))
    (tmp_path / "selected").write_text("dev\n")
    (tmp_path / "Pulumi.yaml").write_text("name: tasks\nruntime: python\n")
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  aws:region: eu-central-1\n  tasks:secret:\n    secure: abc\n"
    )
    return tmp_path


@pytest.fixture
def environ(folder: Path) -> dict[str, str]:
    return {"PATH": f"{folder / 'bin'}:{os.environ['PATH']}"}


@pytest.fixture
def listening() -> Iterator[int]:
    """A port at which something answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def local(folder: Path, port: int) -> None:
    path = folder / LOCAL_OUTPUTS
    path.parent.mkdir(exist_ok=True)
    key = {"region": "us-east-1", "accessKeyId": "AKIA", "secretAccessKey": "s3cret"}
    endpoint = f"http://127.0.0.1:{port}"
    path.write_text(json.dumps({"apiUrl": f"{endpoint}/graphql", "endpointUrl": endpoint, **key}))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


def test_the_file_of_the_local_aws_is_the_one_that_it_writes() -> None:
    assert LOCAL_OUTPUTS == OUTPUTS_FILE


def test_the_local_aws_of_the_folder_comes_first_if_it_is_up(
    folder: Path, environ: dict[str, str], listening: int
) -> None:
    local(folder, listening)

    found = find(Wanted(), folder=folder, environ=environ)

    assert found.is_local
    assert found.name == f"the local AWS at http://127.0.0.1:{listening}"


def test_else_it_is_the_stack_that_pulumi_has_selected(
    folder: Path, environ: dict[str, str]
) -> None:
    local(folder, free_port())  # one that was killed has left its file

    found = find(Wanted(), folder=folder, environ=environ)

    assert found.name == "the stack dev"
    assert found.output("apiUrl") == DEPLOYED["apiUrl"]
    assert found.region == "eu-central-1"
    assert found.config["aws:region"] == "eu-central-1"
    assert "tasks:secret" not in found.config


def test_a_stack_is_named_by_a_flag_or_by_the_environment(
    folder: Path, environ: dict[str, str], listening: int
) -> None:
    local(folder, listening)

    by_flag = find(Wanted(stack="acme/tasks/prod"), folder=folder, environ=environ)
    by_variable = find(Wanted(), folder=folder, environ=environ | {STACK: "dev"})
    by_file = find(
        Wanted(), folder=folder, environ={OUTPUTS: str(folder / "outputs-of-pulumi.json")}
    )
    flag_first = find(Wanted(local=True), folder=folder, environ=environ | {STACK: "dev"})

    assert by_flag.name == "the stack acme/tasks/prod"
    assert by_flag.config == {}  # the folder has no file of it
    assert by_variable.name == "the stack dev"
    assert by_file.output("apiUrl") == DEPLOYED["apiUrl"]
    assert flag_first.is_local


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        (Wanted(local=True), "No local AWS is up in this folder. Next: "),
        (Wanted(stack="nope"), "no stack named 'nope' found. Next: "),
        (Wanted(stack="empty"), "The stack empty has no outputs"),
        (Wanted(outputs=Path("nowhere.json")), "nowhere.json can't be read: No such file"),
    ],
)
def test_a_stack_that_is_not_there_is_told_with_the_next_step(
    folder: Path, environ: dict[str, str], wanted: Wanted, says: str
) -> None:
    with pytest.raises(NoStack) as raised:
        find(wanted, folder=folder, environ=environ)

    assert says in raised.value.message
    assert "\n" not in raised.value.message


def test_where_there_is_nothing_both_ways_are_told(folder: Path, environ: dict[str, str]) -> None:
    (folder / "selected").unlink()

    with pytest.raises(NoStack, match="No local AWS is up, and Pulumi has no stack here: no stack"):
        find(Wanted(), folder=folder, environ=environ)
    with pytest.raises(NoStack, match="There is no `pulumi` on the PATH") as raised:
        find(Wanted(), folder=folder, environ={"PATH": str(folder)})
    _, step = raised.value.message.split(" Next: ")
    assert ".venv/bin/python -m local up" in step
    assert "install it" in step
    assert "--outputs" in step
    local(folder, free_port())
    with pytest.raises(NoStack, match="does not answer"):
        find(Wanted(), folder=folder, environ=environ)
    with pytest.raises(NoStack, match="does not answer at http"):
        find(Wanted(local=True), folder=folder, environ=environ)


def test_two_stacks_are_one_too_many() -> None:
    with pytest.raises(UsageError, match="--stack and --local name several stacks"):
        find(Wanted(stack="dev", local=True), folder=Path(), environ={})


@pytest.mark.parametrize("text", ["{", "[]", '{"apiUrl": "http://x"}', '{"endpointUrl": 3}'])
def test_a_file_that_is_not_the_local_aws_own_is_told(
    folder: Path, environ: dict[str, str], text: str
) -> None:
    (folder / LOCAL_OUTPUTS).parent.mkdir()
    (folder / LOCAL_OUTPUTS).write_text(text)

    with pytest.raises(Exception, match=r"outputs\.json") as raised:
        find(Wanted(local=True), folder=folder, environ=environ)
    assert isinstance(raised.value, CliError)


def test_a_file_that_somebody_else_may_have_put_there_is_not_read(
    folder: Path, environ: dict[str, str], listening: int
) -> None:
    local(folder, listening)
    real = folder / "real.json"
    (folder / LOCAL_OUTPUTS).rename(real)
    (folder / LOCAL_OUTPUTS).symlink_to(real)

    for wanted in (Wanted(), Wanted(local=True)):
        with pytest.raises(NoStack, match="is a link, or another user's"):
            find(wanted, folder=folder, environ=environ)


def test_no_credentials_but_its_own_go_to_a_local_aws(
    folder: Path, environ: dict[str, str]
) -> None:
    requests = []

    class Api(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            requests.append(dict(self.headers))
            self.send_response(403)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        local(folder, server.server_port)
        of_aws = {TOKEN: "token", "AWS_SESSION_TOKEN": "session"}
        found = find(Wanted(), folder=folder, environ=environ | of_aws)
        with pytest.raises(Refused):
            found.client(tenant=None, clock=SystemClock()).definitions()
        server.shutdown()

    assert "Credential=AKIA/" in requests[0]["Authorization"]
    assert "s3cret" not in repr(found)


def test_an_output_that_is_missing_is_told() -> None:
    with pytest.raises(NoStack, match='the stack x has no output "apiUrl"'):
        target.Target("the stack x", {}).output("apiUrl")

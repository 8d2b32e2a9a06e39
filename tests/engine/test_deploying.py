"""The walk of docs/deploying.md on this machine, word for word, on the real engine."""

import inspect
import json
import os
import re
import shutil
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pulumi_aws as aws
import yaml

from tests.docs.guide import DOCS
from tests.engine.aws_provider.kinds import TABLE
from tests.engine.setups import SMALL, stack
from tests.engine.stack import ROOT, Engine, Stack

GUIDE: Final = (DOCS / "deploying.md").read_text()


def commands_of(heading: str) -> list[str]:
    """The commands of a part of the guide, a text for each block."""
    text = re.DOTALL | re.MULTILINE
    [part] = re.findall(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", GUIDE, text)
    return re.findall(r"^```sh\n(.*?)^```$", part, text)


SET_UP, LOCAL_AWS, DEPLOY, TRIGGER, LOOK, CHECKS, DESTROY = commands_of(
    "On this machine, without an AWS account"
)
PORT: Final = "4566"


def clone(engine: Engine, port: int) -> Path:
    """What `git clone` gives, with `.venv`. The local AWS is to be at a port that is free."""
    folder = engine.checkout("clone")
    for package in ("local", "cli"):
        without_caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, folder / package, ignore=without_caches)
    for name in ("Makefile", "requirements-dev.txt", "requirements-lambda.txt"):
        shutil.copyfile(ROOT / name, folder / name)
        os.utime(folder / name, (0, 0))  # older than `.venv`, which is set up
    config = folder / "Pulumi.local.yaml"
    config.write_text(config.read_text().replace(PORT, str(port)))
    return folder


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(engine: Engine, command: str, folder: Path) -> Iterator[None]:
    """A command of the first terminal, from when it has printed what it has to say to Ctrl-C."""
    terminal = engine.terminal(f"exec {command}", folder)
    try:
        assert terminal.stdout
        said = ""
        while "Ctrl-C ends it" not in said:
            line = terminal.stdout.readline()
            assert line, said
            said += line
        assert DEPLOY.strip() in re.sub(r"^  ", "", said, flags=re.MULTILINE)
        yield
    finally:
        terminal.send_signal(signal.SIGINT)
        terminal.communicate(timeout=30)
    assert terminal.returncode == 0


def until_over(look: str) -> str:
    """The command, again and again, as somebody repeats it who waits for a task."""
    return f"""for _ in $(seq 60); do
{{ {look.rstrip()}; }} > looked.json
grep -q '"success"' looked.json && break
sleep 0.5
done
"""


def test_the_walk_without_an_aws_account_ends_with_a_task_that_succeeded(engine: Engine) -> None:
    folder = clone(engine, free_port())

    engine.shell(SET_UP, folder).must()
    with running(engine, LOCAL_AWS, folder):
        ran = engine.shell(DEPLOY + TRIGGER + until_over(LOOK) + CHECKS + DESTROY, folder).must()

    assert json.loads((folder / "looked.json").read_text())["backgroundTasks"]["listTasks"] == {
        "data": [{"definitionId": "testingRun", "taskStatus": "success", "iterations": 1}]
    }
    assert "Send an event by hand" in ran.output
    assert "A second preview changes nothing: nothing to change." in ran.output
    assert "0 failed" in ran.output
    assert re.search(r"^    - \d+ deleted$", ran.output, re.MULTILINE)


def endpoint_of(type: str) -> str:
    """The provider's word for the service that has a type: `events` of aws:cloudwatch/eventBus."""
    service, kind = type.split(":")[1].split("/")
    if service != "cloudwatch":
        return service
    return {"event": "events", "log": "logs", "query": "logs"}.get(
        re.split("[A-Z]", kind)[0], service
    )


def test_every_service_of_the_program_has_an_endpoint_and_each_is_one_of_the_providers() -> None:
    config = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
    known = inspect.signature(aws.ProviderEndpointArgs.__init__).parameters

    [endpoints] = config["aws:endpoints"]

    types = {endpoint_of(type) for type in yaml.safe_load(TABLE.read_text())}
    assert endpoints.keys() == types | {"sts"}
    assert {name.replace("lambda", "lambda_") for name in endpoints} <= known.keys()
    assert len(set(endpoints.values())) == 1


def test_every_key_that_it_sets_is_taken(engine: Engine) -> None:
    dev = stack(engine, "dev", SMALL)

    engine.shell("".join(commands_of("Set its config")), dev.folder).must()

    dev.preview().must()
    assert "https://hooks.example.com" not in (dev.folder / "Pulumi.dev.yaml").read_text()


def test_a_project_that_gets_a_name_as_it_says_can_be_deployed(engine: Engine) -> None:
    dev = Stack(engine, "dev", engine.checkout())
    rename, *_ = commands_of("Give the project your name")

    engine.shell(rename, dev.folder).must()

    dev.init().set("vendorDependencies", False).preview().must()
    assert list(dev.folder.glob("*.bak")) == []
    assert "your-tasks:workerMemoryMb" in (dev.folder / "Pulumi.prod.yaml").read_text()


def test_a_stack_that_is_renamed_as_it_says_has_its_file_along(engine: Engine) -> None:
    dev = stack(engine, "dev", SMALL)
    *_, rename = commands_of("Give the project your name")

    engine.shell(rename, dev.folder).must()

    assert not (dev.folder / "Pulumi.dev.yaml").exists()
    Stack(engine, "staging", dev.folder).preview().must()


def test_a_stack_in_a_second_region_is_made_as_it_says(engine: Engine) -> None:
    prod = stack(engine, "prod", {**SMALL, "alarmEmail": "ops@example.com"})
    [block] = commands_of("Several environments, several regions")
    with_the_passphrase = re.sub(r"\\\n  --secrets-provider \S+", "", block)

    engine.shell(with_the_passphrase.replace("pulumi up", "pulumi preview"), prod.folder).must()

    file = (prod.folder / "Pulumi.prod-us.yaml").read_text()
    assert "aws:region: us-east-1" in file
    assert "background-tasks:alarmEmail: ops@example.com" in file

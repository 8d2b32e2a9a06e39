"""The guide about secrets: its task reads one as it says."""

from pathlib import Path
from types import ModuleType

import boto3
import pytest

from handler.testing import run
from tests.docs.guide import DOCS, files_of, links_of, loaded

GUIDE = (DOCS / "secrets.md").read_text()
((FILE, CODE),) = files_of(GUIDE).items()


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    path = tmp_path / Path(FILE).name
    path.write_text(CODE)
    return loaded(path)


@pytest.mark.usefixtures("moto")
def test_the_task_reads_the_secret_and_the_record_has_its_name_alone(module: ModuleType) -> None:
    value = "s3cr3t"
    boto3.client("ssm").put_parameter(Name="/mail/token", Value=value, Type="SecureString")

    made = run(module.send_report, {"address": "ann@example.com", "token_name": "/mail/token"})

    assert made.record.has_succeeded
    assert value not in str(made.record) + str(made.logs)
    assert [line.data["characters"] for log in made.logs for line in log.lines if line.data] == [6]


def test_the_guides_links_lead_somewhere() -> None:
    for target in links_of(GUIDE):
        assert (DOCS / target.partition("#")[0]).exists(), target

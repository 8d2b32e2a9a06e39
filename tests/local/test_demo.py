import io
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from local.access import Access
from local.demo import Demo
from local.deployed import Deployed
from local.errors import DemoFailed
from local.sample import AIRPORTS, KEY_FIELD, Sample

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def demo(access: Access) -> Demo:
    outputs = {"apiUrl": "", "eventBusName": "", "stateMachineArn": "arn"}
    return Demo(Deployed(access, outputs), Sample(access), Console(file=io.StringIO()))


def test_the_demo_imports_every_row_and_ends_with_status_0() -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "local", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "yes  the table has 3,376 of 3,376 rows" in ended.stdout
    assert "importCsv    Wait            30 s" in ended.stdout
    assert "testingRun   Done" in ended.stdout
    assert "What to try next" in ended.stdout


def test_what_is_not_as_it_should_be_fails_the_demo_by_name(demo: Demo) -> None:
    with pytest.raises(DemoFailed, match=r"the table has 12 of 3,376 rows\."):
        demo._check(
            {"importCsv's execution SUCCEEDED": True, "the table has 12 of 3,376 rows": False}
        )


def test_an_execution_that_never_starts_fails_the_demo(
    demo: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.demo._START_SECONDS", 0)
    with pytest.raises(DemoFailed, match="No execution of importCsv started within 0 seconds"):
        demo._execution("importCsv", "task-1")


def test_the_sample_has_a_row_for_each_key(access: Access) -> None:
    lines = AIRPORTS.read_text().splitlines()
    assert lines[0].split(",")[0] == KEY_FIELD
    assert Sample(access).rows_in_file() == len({line.split(",")[0] for line in lines[1:]}) == 3376


def test_the_sample_lets_a_task_read_its_file_and_write_its_table_and_nothing_else(
    access: Access,
) -> None:
    assert Sample(access).policy() == [
        {
            "Effect": "Allow",
            "Action": ["s3:GetObject"],
            "Resource": ["arn:aws:s3:::demo-files/airports.csv"],
        },
        {
            "Effect": "Allow",
            "Action": ["dynamodb:BatchWriteItem"],
            "Resource": ["arn:aws:dynamodb:eu-central-1:000000000000:table/demo-airports"],
        },
    ]

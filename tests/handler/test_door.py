"""The door of the handler: what a task imports, and what importing it costs."""

import ast
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import handler
import handler.testing
from handler.errors import DefinitionError

ROOT = Path(__file__).parent.parent.parent


def run_python(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Runs code in a process without a stack's variables, a region and credentials."""
    bare = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environment}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=bare,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_all_of_the_test_kits_door_is_sorted_and_complete() -> None:
    names = handler.testing.__all__
    public = {
        name
        for name, value in vars(handler.testing).items()
        if not name.startswith("_") and not isinstance(value, type(os))
    }

    assert names == sorted(names, key=str)
    assert set(names) == public


def test_all_of_the_door_is_sorted_and_stands_for_what_type_checkers_see() -> None:
    tree = ast.parse(Path(handler.__file__).read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    seen = {
        name.name: node.module
        for node in imports
        for name in node.names
        if str(node.module).startswith("handler.") and not (name.asname or "").startswith("_")
    }

    assert sorted(handler.__all__) == sorted(seen, key=str) == dir(handler)
    for name, wing in seen.items():
        assert getattr(handler, name) is getattr(importlib.import_module(str(wing)), name)


def test_the_door_has_no_other_names() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        getattr(handler, "nonsense")  # noqa: B009  mypy knows that there is none


def test_importing_the_door_makes_no_client_and_reads_no_environment() -> None:
    code = """
import os, sys

class Watched(dict):
    def __getitem__(self, name):
        read.append(name)
        return super().__getitem__(name)
    def get(self, name, default=None):
        read.append(name)
        return super().get(name, default)

import pydantic  # reads a variable of its own
read = []
os.environ = Watched(os.environ)
import handler
assert not [name for name in sys.modules if name.partition(".")[0] in ("boto3", "moto", "pulumi", "ariadne")], "imported"
ours = {"TABLE_NAME", "EVENT_BUS_NAME", "STATE_MACHINE_ARN", "PAYLOAD_BUCKET_NAME", "DEAD_LETTER_QUEUE_URL", "RETENTION_DAYS"}
assert not ours & set(read), read
"""
    result = run_python(code)

    assert result.returncode == 0, result.stderr


def test_the_tasks_of_the_door_name_the_variable_that_is_missing() -> None:
    result = run_python("import handler; handler.tasks.get('t1')")

    assert "SettingsError: The environment variable TABLE_NAME is not set" in result.stderr


def test_the_workers_entry_names_the_variable_that_is_missing() -> None:
    result = run_python("import handler.worker", AWS_DEFAULT_REGION="us-east-1")

    assert "SettingsError: The environment variable TABLE_NAME is not set" in result.stderr


@pytest.mark.parametrize("entry", ["worker", "api", "recovery"])
def test_an_entry_imports_neither_pulumi_nor_the_test_kit(entry: str) -> None:
    code = f"""
import sys, handler.{entry}
names = {{name.partition(".")[0] for name in sys.modules}}
assert not names & {{"pulumi", "pulumi_aws", "moto", "pytest", "infra", "local"}}, names
assert not [name for name in sys.modules if name.startswith("handler.testing")]
"""
    variables = {"TABLE_NAME": "t", "EVENT_BUS_NAME": "b", "AWS_DEFAULT_REGION": "us-east-1"}

    result = run_python(code, **variables)

    assert result.returncode == 0, result.stderr


def test_the_workers_entry_does_not_import_what_only_the_api_needs() -> None:
    code = 'import sys, handler.worker; assert not {"ariadne", "graphql"} & set(sys.modules)'

    result = run_python(code, TABLE_NAME="t", EVENT_BUS_NAME="b", AWS_DEFAULT_REGION="us-east-1")

    assert result.returncode == 0, result.stderr


def test_the_contract_and_the_errors_need_the_standard_library_alone() -> None:
    code = """
import sys, types
door = types.ModuleType("handler")
door.__path__ = ["handler"]
sys.modules["handler"] = door
import handler.contract, handler.errors
foreign = {name.partition(".")[0] for name in sys.modules} - set(sys.stdlib_module_names) - {"handler", "__main__"}
assert not {name for name in foreign if not name.startswith(("_", "sitecustomize", "usercustomize", "distutils"))}, foreign
"""
    result = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert result.returncode == 0, result.stderr


def test_task_without_parentheses_is_refused() -> None:
    with pytest.raises(DefinitionError, match=r"write @task\(\), with parentheses"):
        handler.task(lambda context: handler.Failed("never"))  # type: ignore[arg-type]

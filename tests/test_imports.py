"""The import contracts can break: each sees the import that it forbids."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"][
    "contracts"
]
NAMES = [contract["name"] for contract in CONTRACTS]
LAYERS = "Inside the handler, arrows point one way"

# A contract, a file, and what is planted into it. Each breaks that contract and no other.
PLANTS = [
    (LAYERS, "handler/record/jsonable.py", "import handler.table"),
    (LAYERS, "handler/table/keys.py", "import handler.aws"),
    (LAYERS, "handler/lifecycle/hooks.py", "import handler.iteration"),
    (LAYERS, "handler/clock.py", "import handler.runtime"),
    (LAYERS, "handler/drawer.py", "DRAWER = 1"),  # a new module that is in no layer
    (
        "Definitions know the handler's door alone",
        "definitions/testing_run.py",
        "import handler.contract",
    ),
    (
        "The program knows the handler's words and its definitions",
        "infra/documents/console.py",
        "import handler.table",
    ),
    (
        "The documents that are deployed know no Pulumi",
        "infra/documents/queries.py",
        "import pulumi",
    ),
    ("The program makes no AWS calls of its own", "infra/documents/console.py", "import boto3"),
    (
        "Inside the program, arrows point one way",
        "infra/archive/zip_file.py",
        "import infra.import_check.trial",
    ),
    ("Nothing that runs in Lambda knows Pulumi", "handler/events.py", "import pulumi"),
    ("Nothing knows the local AWS", "infra/documents/console.py", "import local.errors"),
    (
        "Inside the command line, arrows point one way",
        "cli/printable.py",
        "import cli.terminal",
    ),
    ("Nothing knows the operators' commands", "local/view.py", "import cli.first_deploy"),
    ("Nothing knows the operators' commands", "console/stack.py", "import cli.moments"),
    ("Nothing knows the local AWS", "console/stack.py", "import local.errors"),
    ("Nothing knows the operators' page", "local/view.py", "import console.stack"),
    ("Inside the page, arrows point one way", "console/gate.py", "import console.files"),
    ("Inside the page, arrows point one way", "console/drawer.py", "DRAWER = 1"),
    (
        "The page knows what the handler says, and nothing that runs tasks",
        "console/stack.py",
        "import infra.errors",
    ),
    (
        "The page knows what the handler says, and nothing that runs tasks",
        "console/app.py",
        "import handler.runtime",
    ),
    ("The wing aws is entered by its door", "handler/wiring.py", "import handler.aws.bus"),
    (
        "The wing client is entered by its door",
        "local/graphql_client.py",
        "import handler.client.http",
    ),
    (
        "The wing definition is entered by its door",
        "infra/documents/console.py",
        "import handler.definition.names",
    ),
    ("The wing graphql is entered by its door", "handler/api.py", "import handler.graphql.types"),
    (
        "The wing iteration is entered by its door",
        "handler/wiring.py",
        "import handler.iteration.loop",
    ),
    (
        "The wing lifecycle is entered by its door",
        "handler/iteration/answers.py",
        "import handler.lifecycle.hooks",
    ),
    (
        "The wing record is entered by its door",
        "handler/aws/bus.py",
        "import handler.record.model",
    ),
    (
        "The wing table is entered by its door",
        "handler/lifecycle/hooks.py",
        "import handler.table.dynamo",
    ),
]


def broken_contracts(root: Path) -> set[str]:
    """The contracts that do not hold in a tree."""
    lint = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as c; c()"]
    result = subprocess.run(
        [*lint, "--no-cache"], cwd=root, capture_output=True, text=True, check=False
    )
    found = set(
        re.findall(r"^(.+) BROKEN(?: \(\d+ ignored imports?\))?$", result.stdout, re.MULTILINE)
    )
    assert found or result.returncode == 0, result.stdout + result.stderr
    return found


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of what the contracts are about."""
    for package in ("handler", "definitions", "infra", "local", "console", "cli"):
        without_caches = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=without_caches)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_every_contract_has_a_plant() -> None:
    assert {name for name, _, _ in PLANTS} == set(NAMES)


def test_the_contracts_hold(tree: Path) -> None:
    assert broken_contracts(tree) == set()


@pytest.mark.slow
@pytest.mark.parametrize(("contract", "file", "line"), PLANTS)
def test_a_forbidden_import_breaks_its_contract_and_no_other(
    tree: Path, contract: str, file: str, line: str
) -> None:
    planted = tree / file
    old = planted.read_text() if planted.exists() else ""
    planted.write_text(f"{old}\n{line}\n")

    assert broken_contracts(tree) == {contract}

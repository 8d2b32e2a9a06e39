"""The program deploys with each toolchain that Pulumi knows, from any folder, with pip or without.

No test reaches a package index: pip finds the bundle's packages in a folder.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from tests.engine.stack import ROOT, Engine, Stack

SITE = Path(sysconfig.get_path("purelib"))


@pytest.fixture
def dev(engine: Engine) -> Stack:
    """A stack in a checkout that has neither a virtual environment nor the bundle's packages."""
    folder = engine.checkout("my background tasks")
    (folder / ".venv").unlink()
    (folder / ".wheels").unlink()
    new = Stack(engine, "dev", folder)
    found = [f"file://{wheels}" for wheels in (ROOT / ".wheels").glob("*/*")]
    new.environment |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": " ".join(found)}
    return new.init()


def _with_uv(folder: Path) -> None:
    """What `uv venv` makes: an environment without pip."""
    environment = folder / ".venv"
    uv = shutil.which("uv", path=str(Path(sys.executable).parent))
    assert uv
    subprocess.run(
        [uv, "venv", "--quiet", "--offline", "--python", sys.executable, environment], check=True
    )
    [site] = environment.glob("lib/python*/site-packages")
    for package in SITE.iterdir():
        if not package.name.startswith(("pip", "_virtualenv")):
            (site / package.name).symlink_to(package)


def _toolchain(folder: Path, name: str) -> None:
    file = folder / "Pulumi.yaml"
    text = file.read_text()
    assert "toolchain: pip" in text
    file.write_text(text.replace("toolchain: pip", f"toolchain: {name}"))


def test_it_deploys_with_pip_from_a_folder_with_a_space_in_its_name(dev: Stack) -> None:
    (dev.folder / ".venv").symlink_to(ROOT / ".venv")

    dev.up().must()

    assert "worker" in dev.outputs()["workerFunctionName"]


def test_it_deploys_with_uv_whose_environments_have_no_pip(dev: Stack) -> None:
    _with_uv(dev.folder)
    _toolchain(dev.folder, "uv")

    dev.up().must()

    assert "worker" in dev.outputs()["workerFunctionName"]


def test_it_deploys_with_poetry_whose_environment_is_elsewhere(dev: Stack) -> None:
    elsewhere = dev.engine.folder / "poetry environments"
    elsewhere.mkdir()
    _with_uv(elsewhere)
    _toolchain(dev.folder, "poetry")
    # A stand-in, since poetry is no package of ours: it says where the environment is.
    poetry = dev.engine.folder / "bin" / "poetry"
    poetry.write_text(f"#!/bin/sh\necho '{elsewhere}/.venv/bin/python'\n")
    poetry.chmod(0o755)

    dev.up().must()

    assert "worker" in dev.outputs()["workerFunctionName"]

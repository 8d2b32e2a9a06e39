"""Which Python of this machine tries the modules, and which wheels it can load."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.import_check import lambda_interpreter
from infra.import_check.lambda_interpreter import Interpreter, find

LIKE_LAMBDAS = ["3.13", "cpython", False, "x86_64", ["glibc", "2.36"]]


@pytest.mark.parametrize(
    ("tag", "loads"),
    [
        ("py3-none-any", True),
        ("cp313-cp313-manylinux_2_36_x86_64", True),
        ("cp313-cp313-manylinux_2_37_x86_64", False),
        ("cp313-cp313-manylinux_2_17_aarch64", False),
        ("cp313-cp313-manylinux2014_x86_64", True),
        ("cp313-cp313-manylinux2014_aarch64", False),
        ("cp313-cp313-manylinux_2_99_x86_64.manylinux2014_x86_64", True),
        ("cp313-cp313-musllinux_1_2_x86_64", False),
        ("cp313-cp313-win_amd64", False),
    ],
)
def test_a_wheel_is_loaded_by_its_processor_and_an_old_enough_c_library(
    tag: str, loads: bool
) -> None:
    interpreter = Interpreter(Path("python3.13"), "x86_64", glibc_minor=36)

    assert interpreter.loads(f"one-1.0-{tag}.whl") is loads


def test_an_older_c_library_than_that_of_2014_loads_modules_of_python_alone() -> None:
    interpreter = Interpreter(Path("python3.13"), "x86_64", glibc_minor=12)

    assert not interpreter.loads("one-1.0-cp313-cp313-manylinux2014_x86_64.whl")
    assert interpreter.loads("one-1.0-py3-none-any.whl")


@pytest.fixture
def python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], Path]:
    """Makes programs that answer as a Python would; there is no other one on the machine."""
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "nothing"))
    candidates = lambda_interpreter._candidates

    def own() -> list[Path]:
        return [path for path in candidates() if path.is_relative_to(tmp_path)]

    monkeypatch.setattr(lambda_interpreter, "_candidates", own)

    def make(path: str, commands: str) -> Path:
        program = tmp_path / path
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text(f"#!/bin/sh\n{commands}\n")
        program.chmod(0o755)
        return program

    return make


def saying(answer: object) -> str:
    return f"echo '{json.dumps(answer)}'"


def found() -> Interpreter | None:
    """What a process finds that has not looked yet."""
    return find.__wrapped__()


@pytest.mark.parametrize(
    "path",
    [
        "shims/python3.13",
        "versions/3.13.1/bin/python3.13",
        "home/.pyenv/versions/3.13.1/bin/python3.13",
        "home/.local/share/uv/python/cpython-3.13.1-linux/bin/python3.13",
    ],
)
def test_the_first_one_that_works_is_found(python: Callable[[str, str], Path], path: str) -> None:
    python("shims/python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")

    program = python(path, saying(LIKE_LAMBDAS))

    assert found() == Interpreter(program, "x86_64", 36)


@pytest.mark.parametrize(
    "commands",
    [
        saying(["3.12", *LIKE_LAMBDAS[1:]]),
        saying(["3.13", "pypy", *LIKE_LAMBDAS[2:]]),
        saying(["3.13", "cpython", True, *LIKE_LAMBDAS[3:]]),
        saying([*LIKE_LAMBDAS[:4], ["", ""]]),
        saying([*LIKE_LAMBDAS[:4], ["musl", "1.2"]]),
        "echo nothing",
        "exit 1",
    ],
)
def test_one_that_can_not_load_what_is_built_for_lambda_is_not_taken(
    python: Callable[[str, str], Path], commands: str
) -> None:
    python("shims/python3.13", commands)

    assert found() is None


def test_none_is_looked_for_on_another_system(
    python: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    python("shims/python3.13", saying(LIKE_LAMBDAS))
    monkeypatch.setattr(sys, "platform", "darwin")

    assert found() is None

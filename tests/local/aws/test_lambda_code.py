"""The code of a function is unpacked and compiled once."""

import zipfile
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest

from local.aws import lambda_code


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path) -> Iterator[Path]:
    with mock.patch("tempfile.gettempdir", return_value=str(tmp_path)):
        yield tmp_path


def archive(folder: Path, text: str = "ANSWER = 42\n") -> Path:
    path = folder / "code.zip"
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(path, "w") as content:
        content.writestr("module.py", text)
    return path


def unpacked(folder: Path, **options: str) -> Path:
    """A process's folder, as ministack makes it."""
    path, code = archive(folder, **options), folder / "code"
    code.mkdir()
    with lambda_code._Archive(path) as content:
        content.extractall(code)
    return code


def test_two_processes_share_what_was_unpacked_once(tmp_path: Path) -> None:
    first, second = unpacked(tmp_path / "first"), unpacked(tmp_path / "second")

    assert (first / "module.py").read_text() == "ANSWER = 42\n"
    assert first.resolve() == second.resolve()


def test_it_is_compiled_for_wherever_it_is(tmp_path: Path) -> None:
    [compiled] = (unpacked(tmp_path / "first") / "__pycache__").iterdir()

    # Bit 0: it is found by the source's hash; bit 1 is not set: which nobody checks (PEP 552).
    assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00"


def test_other_code_is_elsewhere(tmp_path: Path) -> None:
    first, second = unpacked(tmp_path / "1"), unpacked(tmp_path / "2", text="ANSWER = 43\n")

    assert first.resolve() != second.resolve()
    assert (second / "module.py").read_text() == "ANSWER = 43\n"


def test_code_that_is_not_python_is_unpacked_all_the_same(tmp_path: Path) -> None:
    code = unpacked(tmp_path / "odd", text="this is no Python\n")

    assert (code / "module.py").read_text() == "this is no Python\n"


def test_a_layer_is_unpacked_as_ever(tmp_path: Path) -> None:
    path, layer = archive(tmp_path / "layer"), tmp_path / "layer" / "layer_0"

    with lambda_code._Archive(path) as content:
        content.extractall(layer)

    assert not layer.is_symlink()
    assert (layer / "module.py").exists()

"""Which files of a package are modules; each other one is refused or passed over, with a reason."""

import importlib
import importlib.util
import itertools
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.definition.discovery import discover, discover_importable
from handler.definition.modules import Module, PassedOver, modules_of
from handler.errors import DefinitionError

TASK = b"""
from handler import Context, Done, task

@task(id=%r)
def made(context: Context) -> Done:
    return Done()
"""
APPLE_DOUBLE = b"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X        "
_number = itertools.count()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of an empty package."""
    monkeypatch.syspath_prepend(tmp_path)
    folder = tmp_path / f"modules_{next(_number)}"
    folder.mkdir()
    (folder / "__init__.py").touch()
    yield folder
    for name in [name for name in sys.modules if name.partition(".")[0] == folder.name]:
        del sys.modules[name]


def write(folder: Path, file: str, content: bytes = b"") -> Path:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def discovered(folder: Path) -> tuple[list[str], list[str]]:
    """The ids that are found, and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        found = [definition.id for definition in discover(folder.name)]
    return found, [str(warning.message) for warning in caught]


def refusal_of(folder: Path) -> str:
    with pytest.raises(DefinitionError) as refused:
        discover(folder.name)
    return refused.value.message


@pytest.mark.parametrize(
    "file",
    [
        "export.py",
        "my-task.py",
        "2fa.py",
        "export (1).py",
        "class.py",
        "ünï.py",
        "testing_run.py",
        "test_mails.py",
        "mails_test.py",
        "sub/export.py",
        "my-folder/export.py",
        "2fa/export.py",
    ],
)
def test_a_module_of_any_name_that_python_can_import_is_imported(folder: Path, file: str) -> None:
    write(folder, "sub/__init__.py")
    write(folder, str(Path(file).parent / "__init__.py"))
    write(folder, file, TASK % "one")

    found = discovered(folder)

    assert found == (["one"], [])


@pytest.mark.parametrize(
    ("file", "better"),
    [
        ("x.v2.py", "Rename x.v2.py to x_v2.py."),
        ("sub/x.y.z.py", "Rename x.y.z.py to x_y_z.py."),
        ("x.v2/a.py", "Rename x.v2 to x_v2."),
        ("x.py/x.py", "Rename x.py to x_py."),
    ],
)
def test_a_name_with_a_dot_is_refused_with_a_better_one(
    folder: Path, file: str, better: str
) -> None:
    write(folder, "sub/__init__.py")
    write(folder, file, APPLE_DOUBLE)

    message = refusal_of(folder)

    assert f"{folder / file} can't be imported: a module's name has no dot" in message
    assert better in message
    assert "__init__.py" not in message


@pytest.mark.parametrize("file", ["users/export.py", "users/deep/export.py"])
def test_a_file_in_a_folder_without_an_init_file_is_refused_with_its_path(
    folder: Path, file: str
) -> None:
    write(folder, file, TASK % "one")

    message = refusal_of(folder)

    assert f"{folder / file} is in a folder without an __init__.py; add an empty one." in message


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("._import_csv.py", APPLE_DOUBLE),
        (".hidden.py", TASK % "one"),
        ("my_task.ipynb", b"{}"),
        ("export.py.txt", TASK % "one"),
        ("export.py.orig", TASK % "one"),
        ("export.py~", TASK % "one"),
        ("#export.py#", TASK % "one"),
        ("export.PY", TASK % "one"),
        ("export.pyc", b"\0"),
        ("export.cpython-313-x86_64-linux-gnu.so", b"\0"),
        ("conftest.py", b"import pytest"),
        ("test_export.py", b"import pytest"),
        ("test_export.py", b"from hypothesis import given"),
        ("export_test.py", b"import os, _pytest.nodes"),
        ("tests/test_export.py", b"from handler.testing.aws import S3"),
    ],
)
def test_a_file_that_is_no_module_is_passed_over_with_a_warning_that_names_it(
    folder: Path, file: str, content: bytes
) -> None:
    write(folder, "one.py", TASK % "one")
    path = write(folder, file, content)

    found, told = discovered(folder)

    assert found == ["one"]
    assert [message for message in told if message.startswith(f"{path} is passed over: ")] == told
    assert len(told) == 1


@pytest.mark.parametrize("file", ["test_x.py", "x_test.py", "conftest.py"])
@pytest.mark.parametrize(
    ("code", "imported"),
    [
        (b"import os, pytest as py", "pytest"),
        (b"from _pytest.nodes import Item", "_pytest"),
        (b"from hypothesis import given", "hypothesis"),
        (b"import moto.core", "moto"),
        (b"from handler import testing", "handler.testing"),
        (b"import handler.testing.aws", "handler.testing"),
    ],
)
def test_a_test_is_passed_over_with_what_it_imports_and_that_no_task_of_it_is_registered(
    folder: Path, file: str, code: bytes, imported: str
) -> None:
    path = write(folder, file, code + TASK % "one")

    found, told = discovered(folder)

    assert found == []
    reason = f"it is named like a test, and imports {imported}. No task of it is registered."
    assert told == [f"{path} is passed over: {reason}"]


@pytest.mark.parametrize(
    "code",
    [
        b"from handler import task as job\ndef test_x(): ...\n@job(id='one')\ndef x(context): ...",
        b"import handler\nmake = handler.task\nmake(id='one')(lambda context: 0)\ndef test(): ...",
        b"import unittest\nclass TestIt(unittest.TestCase): ..." + TASK % "one",
        b"def later():\n    import pytest\n" + TASK % "one",
        b"import importlib.metadata as pytest\n" + TASK % "one",
        b"from .pytest import x\n" + TASK % "one",
        b"import pytestable\n" + TASK % "one",
    ],
)
def test_a_module_that_is_named_like_a_test_and_imports_what_lambdas_have_is_imported(
    folder: Path, code: bytes
) -> None:
    write(folder, "pytest.py", b"x = 1")
    write(folder.parent, "pytestable.py")
    write(folder, "ab_test.py", code)

    found = discovered(folder)

    assert found == (["one"], [])


@pytest.mark.parametrize("file", [".ipynb_checkpoints/a-checkpoint.py", ".hidden/deep/a.py"])
def test_a_hidden_folder_is_passed_over_with_one_warning(folder: Path, file: str) -> None:
    write(folder, file, APPLE_DOUBLE)
    write(folder, f"{file}.second.py", APPLE_DOUBLE)

    found, told = discovered(folder)

    assert found == []
    assert told == [f"{folder / Path(file).parts[0]} is passed over: it is a hidden folder."]


@pytest.mark.parametrize(
    "file",
    [
        "__pycache__/a.cpython-311.pyc",
        "__pycache__/a.py",
        ".DS_Store",
        ".git/config",
        "mail.html",
        "data/mail.sql",
        "py.typed",
        "export.pyi",
        "README.md",
        "x.v2/mail.html",
    ],
)
def test_data_and_caches_are_left_alone(folder: Path, file: str) -> None:
    write(folder, file, APPLE_DOUBLE)

    found = discovered(folder)

    assert found == ([], [])


def test_the_lock_of_emacs_is_passed_over_with_a_warning(folder: Path) -> None:
    (folder / ".#export.py").symlink_to("jane@laptop.1234:1700000000")

    found, told = discovered(folder)

    assert found == []
    assert told == [f"{folder / '.#export.py'} is passed over: it is a hidden file."]


def test_a_link_to_nothing_is_refused(folder: Path) -> None:
    (folder / "export.py").symlink_to("nothing.py")

    message = refusal_of(folder)

    assert f"{folder / 'export.py'} is a link to a file that is not there" in message


def test_what_is_no_regular_file_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "export.py")

    message = refusal_of(folder)

    assert f"{folder / 'export.py'} is not a regular file" in message


def test_a_link_to_the_folder_that_it_is_in_is_followed_once(folder: Path) -> None:
    write(folder, "one.py", TASK % "one")
    (folder / "again").symlink_to(".")

    found = discovered(folder)

    assert found == (["one"], [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"x = 1\0", "null bytes"),
        ("x = 'größe'".encode("latin-1"), "utf-8"),
        ("x = 1".encode("utf-16"), "SyntaxError"),
        (APPLE_DOUBLE, "null bytes"),
    ],
)
def test_a_module_that_is_not_text_is_refused_with_pythons_reason(
    folder: Path, content: bytes, reason: str
) -> None:
    write(folder, "export.py", content)

    message = refusal_of(folder)

    assert f"{folder.name}/export.py can't be imported: " in message
    assert reason in message


def test_a_module_that_a_folder_hides_is_refused_with_both_files(folder: Path) -> None:
    write(folder, "export.py", TASK % "one")
    write(folder, "export/__init__.py")

    message = refusal_of(folder)

    assert f"{folder / 'export.py'} can't be imported: {folder / 'export/__init__.py'}" in message
    assert "Rename one of them." in message


def test_a_module_that_another_folder_of_the_package_hides_is_refused_with_both_files(
    folder: Path, tmp_path: Path
) -> None:
    module = importlib.import_module(folder.name)
    module.__path__.append(str(tmp_path / "more"))
    first, second = write(folder, "a.py"), write(tmp_path / "more", "a.py", TASK % "one")

    message = refusal_of(folder)

    assert f"{second} can't be imported: {first}" in message


def test_what_was_imported_from_another_file_is_refused_with_both(folder: Path) -> None:
    path = write(folder, "a.py", TASK % "one")
    other = write(folder.parent, "other.py", TASK % "two")
    spec = importlib.util.spec_from_file_location(f"{folder.name}.a", other)
    assert spec
    sys.modules[f"{folder.name}.a"] = importlib.util.module_from_spec(spec)

    message = refusal_of(folder)

    assert f"{path} can't be imported: {other} has its name" in message


def test_nothing_warns_where_the_lambdas_discover(folder: Path) -> None:
    write(folder, "._export.py", APPLE_DOUBLE)
    write(folder, "one.py", TASK % "one")

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        registry = discover_importable(folder.name)

    assert [definition.id for definition in registry] == ["one"]
    assert registry.problems == ()


SAFE = st.characters(codec="utf-8", exclude_characters="/\0")
NAMES = st.one_of(
    st.text(SAFE, min_size=1, max_size=20),
    st.builds("{}{}{}".format, *[st.sampled_from([".", "_", "#", "x", "~", "v2", "py", "-"])] * 3),
).filter(lambda name: name not in (".", "..") and len(name.encode()) < 200)


@pytest.mark.property
@given(names=st.sets(NAMES, max_size=4), inside=st.booleans())
def test_no_file_with_a_py_ending_is_overlooked(
    names: set[str], inside: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root: Path = tmp_path_factory.mktemp("any")
    home = root / "sub" if inside else root
    files = {home / f"{name}.py" for name in names}
    write(root, "sub/__init__.py")
    for path in files:
        write(path.parent, path.name)

    found = list(modules_of("any", [str(root)]))

    named = {each.file for each in found if isinstance(each, Module | PassedOver)}
    refused = {
        str((each.data or {})["file"]) for each in found if isinstance(each, DefinitionError)
    }
    assert {str(path) for path in files} <= {str(path) for path in named} | refused

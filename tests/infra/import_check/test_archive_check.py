"""What would fail on Lambda is found in the archive's own files."""

import subprocess
import sys
import textwrap
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.archive.lambda_python import GONE_MODULES, GONE_NAMES, STANDARD_LIBRARY
from infra.archive.module_names import module_of
from infra.import_check import lambda_interpreter
from infra.import_check.archive_check import check
from infra.import_check.modules import Modules


def modules(files: Mapping[str, str]) -> Modules:
    return Modules(
        {name: partial(bytes, textwrap.dedent(text).encode()) for name, text in files.items()}
    )


def missing(files: Mapping[str, str], *, deep: bool = True) -> list[str]:
    """`file:line module.name` of each import that finds nothing."""
    found, unreadable = check(modules(files), deep=deep)
    assert unreadable == []
    return [f"{each.file}:{each.line} {each.module}:{each.name}" for each in found]


def of_a_task(source: str, packages: Mapping[str, str] | None = None) -> list[str]:
    return missing(
        {"definitions/__init__.py": "", "definitions/x.py": source} | dict(packages or {})
    )


FROM_3_12 = pytest.mark.skipif(sys.version_info < (3, 12), reason="new in Python 3.12")


class TestWhatIsThere:
    @pytest.mark.parametrize(
        "source",
        [
            "import json, os.path, xml.etree.ElementTree, concurrent.futures",
            "from collections.abc import Mapping",
            "import boto3, botocore.exceptions, dateutil.parser, six.moves.urllib, urllib3",
            "from awslambdaric.lambda_context import LambdaContext",
            "import jmespath, s3transfer, snapshot_restore_py",
            "x = '\\d'",
            "import definitions.x",
            "from . import x",
            "from definitions import x",
            "import definitions",
        ],
    )
    def test_the_standard_library_the_runtime_and_our_own_are(self, source: str) -> None:
        assert of_a_task(source) == []

    def test_packages_in_any_form_are(self) -> None:
        files = {
            "definitions/__init__.py": """
                import plain, package.part, namespace.deep.leaf, fast, fast.inner, dynamic.made
                from package import part, value, Kind
                from dynamic import anything
                from package import __version__, __doc__
            """,
            "plain.py": "",
            "package/__init__.py": "value = __version__ = 1\nclass Kind: pass",
            "package/part.py": "",
            "namespace/deep/leaf.py": "",
            "fast.cpython-313-x86_64-linux-gnu.so": "",
            "dynamic/__init__.py": "def __getattr__(name): ...",
        }

        # A compiled module may have submodules of its own making.
        assert missing(files) == []

    @pytest.mark.parametrize(
        "source",
        [
            "def __getattr__(name): ...",
            "from json import *",
            "import sys\nsys.modules[__name__] = object()",
            "import sys\nsys.meta_path.append(object())",
            "__path__ = []",
            "globals()['made'] = 1",
            "vars()['made'] = 1",
            "locals()['made'] = 1",
            "setattr(x, 'made', 1)",
            "exec('made = 1')",
        ],
    )
    def test_what_a_package_makes_when_it_runs_may_be(self, source: str) -> None:
        imports = "from package import made\nimport package.made.deeper"

        assert of_a_task(imports, {"package/__init__.py": source}) == []

    @pytest.mark.parametrize(
        "source",
        [
            "made = 1",
            "made: int = 1",
            "x, *made = 1, 2",
            "def made(): ...",
            "async def made(): ...",
            "class made: ...",
            "import made",
            "import made.part",
            "import json as made",
            "from json import load as made",
            "for made in (): ...",
            "with open('x') as made: ...",
            "try: ...\nexcept KeyError as made: ...",
            "match 1:\n    case made: ...",
            "match 1:\n    case [1, *made]: ...",
            "match 1:\n    case {1: 2, **made}: ...",
            "if (made := 1): ...",
            "if False:\n    made = 1",
            "def f():\n    global made\n    made = 1",
            pytest.param("type made = int", marks=FROM_3_12),
        ],
    )
    def test_a_name_that_a_module_binds_is(self, source: str) -> None:
        files = {"package.py": source, "made/part.py": ""}

        assert of_a_task("from package import made", files) == []

    @pytest.mark.parametrize(
        "source",
        [
            "import made.part as x",
            "def f():\n    made = 1",
            "class C:\n    made = 1",
            "x.made = 1",
            "print(made)",
        ],
    )
    def test_a_name_that_a_module_only_uses_is_not(self, source: str) -> None:
        files = {"package.py": source, "made/part.py": ""}

        found = of_a_task("from package import made", files)

        assert found == ["definitions/x.py:1 package:made"]

    def test_a_package_of_ours_imports_from_itself(self) -> None:
        files = {
            "definitions/deep/__init__.py": "from .part import value\nfrom . import part",
            "definitions/deep/part.py": "from .. import deep\nvalue = 1",
        }

        assert missing(files) == []

    def test_a_folder_of_data_is_a_package_to_python(self) -> None:
        files = {"definitions/x.py": "import definitions.mails", "definitions/mails/a.html": ""}

        assert missing(files) == []


class TestWhatIsMissing:
    def test_each_import_is_named_by_file_line_and_module(self) -> None:
        assert of_a_task("import requests\n\ndef f():\n    from yaml import load\n") == [
            "definitions/x.py:1 requests:",
            "definitions/x.py:4 yaml:",
        ]

    @pytest.mark.parametrize(
        "source",
        [
            "import definitions.y",
            "from definitions.y import z",
            "from . import y",
            "from .y import z",
            "from .. import y",
            "import package.nothing",
            "from package import nothing",
            "from package.part.deeper import x",
            "import cgi",
            "import distutils.core",
            "import winreg",
            "import os.paths",
            "import concurrent.interpreters",
            "from unittest import makeSuite",
            "import handler.testing",
            "import __main__.x",
        ],
    )
    def test_wrong_names_of_any_kind_are_found(self, source: str) -> None:
        packages = {"package/__init__.py": "value = 1", "package/part.py": ""}

        assert len(of_a_task(source, packages)) == 1

    def test_every_missing_name_of_one_import_is_found(self) -> None:
        found = of_a_task("from package import a, value, b", {"package.py": "value = 1"})

        assert found == ["definitions/x.py:1 package:a", "definitions/x.py:1 package:b"]

    @pytest.mark.parametrize("module", sorted(GONE_MODULES))
    def test_a_module_that_python_no_longer_has_is_missing(self, module: str) -> None:
        assert of_a_task(f"import {module}") == [f"definitions/x.py:1 {module}:"]

    def test_an_import_that_may_fail_is_not_and_its_fallback_is(self) -> None:
        source = "try:\n    {}\nexcept ImportError:\n    import fallback"
        packages = {"package.py": "value = 1"}

        for tried in ("import gone", "from package import gone"):
            found = of_a_task(source.format(tried), packages)

            assert found == ["definitions/x.py:4 fallback:"]
        assert of_a_task(source.format("from package import value"), packages) == []

    def test_what_ours_lack_is_told_before_what_packages_lack(self) -> None:
        found = of_a_task("import a\nimport gone", {"a.py": "import nothing"})

        assert found == ["definitions/x.py:2 gone:", "a.py:1 nothing:"]

    def test_files_that_are_no_modules_are_not_read(self) -> None:
        files = {"definitions/x.v2.py": "import nothing", "definitions/a-b.py": "import nothing"}

        assert missing(files) == []


class TestPackages:
    def test_what_a_package_needs_for_certain_is_followed(self) -> None:
        files = {
            "definitions/x.py": "import json\nimport one",
            "one/__init__.py": "from one.inner import value",
            "one/inner.py": "import two\nvalue = 1",
            "two.py": "\nimport three",
        }

        found, _ = check(modules(files), deep=True)

        [one] = found
        assert (one.file, one.line, one.module) == ("two.py", 2, "three")
        assert one.user == "definitions/x.py, line 2"
        assert not one.is_ours
        assert missing(files, deep=False) == []

    @pytest.mark.parametrize("source", ["import one.inner", "from one import inner"])
    def test_a_package_and_its_modules_are_followed(self, source: str) -> None:
        files = {"one/__init__.py": "import two", "one/inner.py": "import three"}

        assert of_a_task(source, files) == ["one/__init__.py:1 two:", "one/inner.py:1 three:"]

    @pytest.mark.parametrize(
        "source",
        [
            "from two import gone",
            "def f():\n    import nothing",
            "try:\n    import three\nexcept ImportError: ...",
            "if x:\n    import nothing",
        ],
    )
    def test_what_a_package_may_do_without_is_not_looked_for(self, source: str) -> None:
        files = {"one.py": source, "two.py": "", "three.py": "import nothing"}

        assert of_a_task("import one", files) == []

    def test_a_package_that_ours_may_do_without_is_not_followed(self) -> None:
        source = "try:\n    import one\nexcept ImportError:\n    one = None"

        assert of_a_task(source, {"one.py": "import nothing"}) == []

    def test_what_no_module_of_ours_leads_to_is_not_read(self) -> None:
        files = {"definitions/x.py": "", "one/__init__.py": "", "one/plugin.py": "import pytest"}

        assert missing(files) == []

    def test_a_package_that_this_python_can_not_parse_is_passed_over(self) -> None:
        assert of_a_task("import one\nfrom one import x", {"one.py": "def ("}) == []


class TestUnreadable:
    @pytest.mark.parametrize(
        ("source", "line"), [("x = (", 1), ("\n\nif x\n", 3), ("x = 1\x00", 1), ("return 1", None)]
    )
    def test_a_module_of_ours_that_is_not_python_is_named(
        self, source: str, line: int | None
    ) -> None:
        _, unreadable = check(modules({"definitions/x.py": source}), deep=True)

        # `return` outside of a function is found when it is compiled: the trial does that.
        assert [each.line for each in unreadable] == ([line] if line else [])
        assert all(each.text.startswith("definitions/x.py, line") for each in unreadable)


@pytest.mark.parametrize(
    ("path", "module"),
    [
        ("a.py", "a"),
        ("a/__init__.py", "a"),
        ("a/b.cpython-313-aarch64-linux-gnu.so", "a.b"),
        ("a/b.abi3.so", "a.b"),
        ("a/b.so", "a.b"),
        ("a/b.html", None),
        ("a/x.v2.py", None),
        ("a-1.0.dist-info/x.py", None),
        ("__init__.py", None),
    ],
)
def test_a_file_makes_the_module_that_python_would_make_of_it(
    path: str, module: str | None
) -> None:
    assert module_of(path) == module


def test_the_lists_are_those_of_python_3_13() -> None:
    interpreter = lambda_interpreter.find()
    if interpreter is None:
        pytest.skip("there is no Python 3.13 here")
    ask = (
        "import importlib, importlib.util, pathlib, sys, sysconfig, warnings\n"
        "warnings.simplefilter('ignore')\n"
        "has = importlib.util.find_spec\n"
        f"for m in {sorted(STANDARD_LIBRARY)}:\n"
        "    top = m.partition('.')[0]\n"
        "    if top not in sys.stdlib_module_names: print('not standard', m)\n"
        "    try:\n"
        "        if '.' in m and has(m) is None: print('not there', m)\n"
        "    except ModuleNotFoundError: print('not there', m)\n"
        f"for m in {sorted(GONE_MODULES)}:\n"
        "    if has(m) is not None: print('still there', m)\n"
        f"for name in {sorted(GONE_NAMES)}:\n"
        "    m, _, n = name.rpartition('.')\n"
        "    if hasattr(importlib.import_module(m), n): print('still there', name)\n"
        f"listed = {set(STANDARD_LIBRARY)!r}\n"
        "folder = pathlib.Path(sysconfig.get_path('stdlib'))\n"
        "files = [path.relative_to(folder).with_suffix('') for path in folder.rglob('*.py')]\n"
        "found = {'.'.join(file.parts) for file in files if file.parts[0] in listed}\n"
        "found = {name.removesuffix('.__init__') for name in found} | sys.stdlib_module_names\n"
        "print([name for name in found - listed if '__main__' not in name])\n"
    )

    said = subprocess.run(
        [interpreter.path, "-I", "-S", "-c", ask], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    unlisted = eval(said.pop())
    assert [line for line in said if "_compat" not in line and "tkinter" not in line] == []
    # Other systems' modules, and those of demonstrations.
    assert all(name.startswith("_") or name in OTHERS for name in unlisted), unlisted


OTHERS = {
    *("idlelib", "msvcrt", "nt", "pydoc_data", "turtledemo", "winreg", "winsound"),
    *("asyncio.windows_events", "asyncio.windows_utils", "ctypes._aix"),
}


# Programs against Python itself: what the check lets pass runs, what it refuses fails.

_OURS = ["definitions", "definitions.b", "definitions.gone", "package", "package.part"]
OURS = st.sampled_from([*_OURS, "package.gone", "gone"])
NAMES = st.one_of(OURS, st.sampled_from(["json", "json.decoder", "json.gone"]))
IMPORTS = st.one_of(
    NAMES.map("import {}".format),
    NAMES.map("import {} as x".format),
    st.tuples(OURS, st.sampled_from(["value", "part", "gone", "b", "value, gone"])).map(
        lambda pair: f"from {pair[0]} import {pair[1]}"
    ),
    st.sampled_from(["b", "gone", "value"]).map("from . import {}".format),
    st.sampled_from(["b", "gone"]).map("from .{} import value".format),
    NAMES.map("__import__('importlib').import_module('{}')".format),
)


def _blocks(statements: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    def indented(text: str) -> str:
        return textwrap.indent(text, "    ")

    two = st.tuples(statements, statements)
    errors = st.sampled_from(["ImportError", "(ValueError, ImportError)", "ValueError"])
    return st.one_of(
        statements.map(lambda s: f"def work():\n{indented(s)}\nwork()"),
        statements.map(lambda s: f"if True:\n{indented(s)}"),
        statements.map(lambda s: f"if __name__ == '__main__':\n{indented(s)}"),
        st.tuples(statements, errors, statements).map(
            lambda t: f"try:\n{indented(t[0])}\nexcept {t[1]}:\n{indented(t[2])}"
        ),
        statements.map(lambda s: f"try:\n{indented(s)}\nexcept ImportError:\n    raise"),
        two.map(lambda t: f"{t[0]}\n{t[1]}"),
    )


PROGRAMS = st.recursive(IMPORTS, _blocks, max_leaves=4)
PACKAGES = {
    "definitions/__init__.py": "",
    "package/__init__.py": "value = 1\n",
    "package/part.py": "value = 1\n",
}


@pytest.mark.property
@given(program=PROGRAMS)
def test_what_is_refused_fails_and_what_passes_runs(
    tmp_path_factory: pytest.TempPathFactory, program: str
) -> None:
    files = PACKAGES | {"definitions/a.py": f"{program}\n", "definitions/b.py": "value = 1\n"}
    folder = tmp_path_factory.mktemp("program")

    refused = bool(missing(files))

    assert refused == (not _runs(folder, files)), files["definitions/a.py"]


def _runs(folder: Path, files: Mapping[str, str]) -> bool:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    program = f"import sys; sys.path.insert(0, {str(folder)!r}); import definitions.a"
    ran = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0 or "Error: " in ran.stderr, ran.stderr
    return ran.returncode == 0

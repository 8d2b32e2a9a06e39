"""A deploy stops, with what to do, before it changes anything that Lambda could not import."""

import shutil
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from handler.contract import EnvVar
from infra import bundle
from infra.archive import wheels
from infra.archive.lambda_python import THIS_PYTHON
from infra.archive.our_files import OUR_PACKAGES
from infra.archive.wheels import Architecture
from infra.errors import BundleError
from infra.import_check import bundle_check, lambda_interpreter, trial
from infra.import_check.lambda_interpreter import Interpreter
from tests.infra.recording import ROOT
from tests.infra.wheel_making import make_wheel

LACKS = "which the bundle doesn't have"
TESTS_HAVE = "which only tests have. Next: move extra.py to tests/, or that import out of it"
# Tries to reach a server, and goes on without.
CONNECTS = """
try:
    import urllib.request
    urllib.request.urlopen("http://127.0.0.1:9/")
except OSError:
    pass
""".strip()
# Reaches a server on its own machine, by a file.
LISTENS = """
import os, socket, tempfile
path = os.path.join(tempfile.mkdtemp(), "s")
server = socket.socket(socket.AF_UNIX)
server.bind(path), server.listen()
socket.socket(socket.AF_UNIX).connect(path)
""".strip()
GONE = "importlib.import_module('go' + 'ne')"
TASK = """
from handler import Context, Done, task

@task()
def {name}(context: Context) -> Done:
    return Done()
"""


SECRET_FIELD = """
from pydantic import BaseModel, SecretStr
from handler import Context, Done, task
class Input(BaseModel):
    password: SecretStr

@task()
def a(context: Context, input: Input) -> Done:
    return Done()
""".strip()
WITHOUT_A_YEAR = """
from handler import Context, Done, task

@task(schedule="cron(0 3 * * ?)")
def c(context: Context) -> Done:
    return Done()
""".strip()
ABOVE_A_STATICMETHOD = """
from handler import Context, Done, task

class Tasks:
    @task()
    @staticmethod
    def b(context: Context) -> Done:
        return Done()
""".strip()


@pytest.fixture(scope="session")
def packages() -> list[Path]:
    return wheels.fetch("x86_64")


@pytest.fixture(autouse=True)
def uncompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The archives of these tests are deployed nowhere: to compress one takes half of a test."""

    def write_quickly(path: Path, files: Mapping[str, bytes]) -> None:
        with zipfile.ZipFile(path, "w") as archive:
            for name in sorted(files):
                archive.writestr(zipfile.ZipInfo(name), files[name])

    monkeypatch.setattr(bundle, "write_zip", write_quickly)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the project's code."""
    without_caches = shutil.ignore_patterns("__pycache__")
    for package in OUR_PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=without_caches)
    shutil.copy(ROOT / "requirements.in", tmp_path)
    return tmp_path


@pytest.fixture(params=["tried", "read"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """With a Python of the Lambdas' version, and without one."""
    if request.param == "read":
        monkeypatch.setattr(lambda_interpreter, "find", lambda: None)
    elif lambda_interpreter.find() is None:
        pytest.skip("there is no Python 3.13 here")
    return str(request.param)


def add(project: Path, name: str, text: str) -> None:
    path = project / "definitions" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def problems(project: Path, packages: list[Path]) -> list[str]:
    try:
        bundle.build(project / "bundle.zip", project, packages, engine=project / "handler")
    except BundleError as error:
        return str(error).splitlines()
    return []


@pytest.mark.slow
class TestDeploying:
    def test_what_lambda_can_import_passes(
        self, project: Path, packages: list[Path], how: str
    ) -> None:
        add(project, "fine.py", "import boto3, json, pydantic\n" + TASK.format(name="fine"))

        assert problems(project, packages) == []

    def test_each_import_that_fails_is_named_with_what_to_do(
        self, project: Path, packages: list[Path], how: str
    ) -> None:
        (project / "infra").mkdir()
        lines = [
            "import json",
            "import requests",
            "import yaml",
            "from bs4 import BeautifulSoup",
            "import telnetlib",
            "import imp",
            "import winreg",
            "import pytest",
            "from handler.testing import run",
            "import infra.lock",
            "from . import gone",
            "from graphql import gone, parse",
            "import pydantic.gone.deep",
            "def work():",
            "    import unheard_of",
        ]
        add(project, "extra.py", "\n".join(lines))
        add(project, "deep/__init__.py", "x = (\n")

        assert problems(project, packages) == [
            (
                f"definitions/deep/__init__.py, line 1, is not valid in {THIS_PYTHON}, which runs"
                " this program: '(' was never closed. Next: correct that line."
            ),
            *(
                f"definitions/extra.py, line {line}, imports {rest}"
                for line, rest in (
                    (2, f"requests, {LACKS}. Next: python -m infra.lock add requests"),
                    (3, f"yaml, {LACKS}. Next: python -m infra.lock add PyYAML"),
                    (4, f"bs4, {LACKS}. Next: python -m infra.lock add beautifulsoup4"),
                    (
                        5,
                        (
                            "telnetlib, which Python 3.13 no longer has. Next: `python -m"
                            " infra.lock add standard-telnetlib` has the same module; or use"
                            " something else"
                        ),
                    ),
                    (6, "imp, which Python 3.13 no longer has. Next: use something else"),
                    (
                        7,
                        (
                            "winreg, and Python 3.13 on Linux has no such module. Next: use what it"
                            " has in place of it"
                        ),
                    ),
                    (8, f"pytest, {TESTS_HAVE}"),
                    (9, f"handler.testing, {TESTS_HAVE}"),
                    (
                        10,
                        (
                            "infra.lock, and the project's own infra is not deployed. Next: move"
                            " what you need of it to definitions/"
                        ),
                    ),
                    (
                        11,
                        (
                            "gone from definitions, which has no such name. Next: correct the name,"
                            " or add the file"
                        ),
                    ),
                    (
                        12,
                        (
                            "gone from graphql, which has no such name in the bundle. Next: correct"
                            " the name, or have another version of its package"
                        ),
                    ),
                    (
                        15,
                        (
                            f"unheard_of, {LACKS}. Next: python -m infra.lock add unheard_of, once"
                            " you have looked up that name on https://pypi.org"
                        ),
                    ),
                )
            ),
        ]
        assert not (project / "bundle.zip").exists()

    def test_a_package_that_lacks_what_it_needs_is_found(
        self, project: Path, packages: list[Path], how: str
    ) -> None:
        name = packages[0].parent
        cached = project / "cache" / name.parent.name / name.name
        for each in packages:
            cached.mkdir(parents=True, exist_ok=True)
            shutil.copy(each, cached)
        one = make_wheel(cached, "one", files={"one.py": "import json\nimport requests\n"})
        add(project, "extra.py", "\nimport one\n")

        found = problems(project, [*sorted(cached.glob("*.whl"))])

        assert one.exists()
        assert found == [
            (
                "one.py, line 2 (definitions/extra.py, line 2, imports it), imports requests, which"
                " the bundle doesn't have. Next: python -m infra.lock add requests"
            )
        ]

    def test_a_bundle_that_was_checked_is_not_checked_again(
        self, project: Path, packages: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        archive = bundle.build(
            project / "bundle.zip", project, packages, engine=project / "handler"
        )
        first = archive.read_bytes()
        monkeypatch.setattr(bundle_check, "check", None)  # whoever calls it fails

        bundle.build(project / "bundle.zip", project, packages, engine=project / "handler")

        assert archive.read_bytes() == first
        add(project, "more.py", "import json\n")
        with pytest.raises(TypeError):
            bundle.build(project / "bundle.zip", project, packages, engine=project / "handler")


class TestWhatIsRemembered:
    """A check is passed over if all that its result depends on is as it was."""

    @pytest.fixture
    def remembered(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
        monkeypatch.setattr(lambda_interpreter, "find", lambda: None)
        packages = [make_wheel(tmp_path, "one")]
        (tmp_path / "bundle.zip").write_text("the archive")
        lock = Path(shutil.copy(wheels.REQUIREMENTS, tmp_path / "lock.txt"))

        def check() -> str:
            checked = tmp_path / "bundle.checked"
            checked.unlink(missing_ok=True)
            content = bundle_check.Content(
                root=tmp_path,
                ours={"definitions/x.py": b""},
                packages=packages,
                requirements=lock,
            )
            bundle_check.check_bundle(tmp_path / "bundle.zip", content, checked)
            return checked.read_text()

        return check

    def test_it_depends_on_the_archive(self, remembered: Callable[[], str], tmp_path: Path) -> None:
        before = remembered()
        assert remembered() == before

        (tmp_path / "bundle.zip").write_text("another archive")

        assert remembered() != before

    def test_it_depends_on_the_lock(self, remembered: Callable[[], str], tmp_path: Path) -> None:
        before = remembered()

        with (tmp_path / "lock.txt").open("a") as lock:
            lock.write("another==1.0\n")

        assert remembered() != before

    def test_it_depends_on_the_code_of_the_check(
        self, remembered: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = remembered()
        copy = tmp_path / "infra"
        shutil.copytree(ROOT / "infra", copy)
        monkeypatch.setattr(
            bundle_check, "__file__", str(copy / "import_check" / "bundle_check.py")
        )
        assert remembered() == before

        (copy / "archive" / "lambda_python.py").write_text("changed")

        assert remembered() != before

    def test_it_depends_on_the_python_that_runs_the_check(
        self, remembered: Callable[[], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = remembered()

        monkeypatch.setattr(bundle_check, "THIS_PYTHON", "Python 3.99")

        assert remembered() != before

    def test_it_depends_on_the_python_that_tries_the_modules(
        self, remembered: Callable[[], str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = remembered()
        interpreter = Interpreter(Path("python3.13"), "x86_64", 36)
        monkeypatch.setattr(lambda_interpreter, "find", lambda: interpreter)

        monkeypatch.setattr(trial, "failures", lambda *_: [])

        assert remembered() != before

    @pytest.mark.slow
    def test_what_was_refused_is_refused_again(self, project: Path) -> None:
        add(project, "extra.py", "import requests\n")

        first, again = problems(project, []), problems(project, [])

        assert len(first) == 1
        assert again == first


@pytest.mark.slow  # reads every package of this machine, each time
class TestOnTheLocalAws:
    """The code alone is deployed there, and runs with this machine's packages."""

    def test_a_test_beside_a_task_stops_nothing(self, project: Path) -> None:
        add(project, "test_extra.py", "import pytest\n\ndef test_it() -> None: ...\n")
        add(project, "conftest.py", "import pytest\n")

        assert problems(project, []) == []

    @pytest.mark.parametrize(
        "code", ["from definitions.test_extra import HELP", "from definitions import test_extra"]
    )
    def test_a_test_that_a_task_imports_is_named_as_one(self, project: Path, code: str) -> None:
        add(project, "test_extra.py", "import pytest\nHELP = 1\n")
        add(project, "extra.py", code)

        [found] = problems(project, [])

        assert found.startswith("definitions/extra.py, line 1, imports ")
        assert found.endswith(
            "a test, which the bundle leaves out. Next: move what you need of it to another file"
        )

    def test_a_package_that_the_bundle_has_may_be_imported(self, project: Path) -> None:
        add(project, "extra.py", "import pydantic.alias_generators, ariadne\n")

        assert problems(project, []) == []

    def test_one_that_only_this_machine_has_may_not(self, project: Path) -> None:
        add(project, "extra.py", "import yaml\n")

        assert problems(project, []) == [
            (
                "definitions/extra.py, line 1, imports yaml, which the bundle doesn't have. Next:"
                " python -m infra.lock add PyYAML"
            )
        ]

    def test_one_that_is_not_locked_yet_is_to_be_locked(self, project: Path) -> None:
        add(project, "extra.py", "import yaml\n")
        with (project / "requirements.in").open("a") as file:
            file.write("PyYAML==6.0.3\n")

        [found] = problems(project, [])

        assert found.endswith("and requirements-lambda.txt doesn't have it yet. Next: make lock")

    def test_one_that_is_locked_and_not_installed_is_to_be_installed(
        self, project: Path, tmp_path: Path
    ) -> None:
        lock = tmp_path / wheels.REQUIREMENTS.name
        lock.write_text(wheels.REQUIREMENTS.read_text() + "not-installed==1.0 --hash=sha256:0\n")
        add(project, "extra.py", "import not_installed\n")

        with pytest.raises(BundleError) as refused:
            bundle.build(project / "bundle.zip", project, [], requirements=lock)

        assert str(refused.value).endswith(
            "and this machine doesn't. Next: install not_installed in the environment that runs the"
            " program"
        )


@pytest.mark.slow
@pytest.mark.skipif(lambda_interpreter.find() is None, reason="there is no Python 3.13 here")
class TestTrial:
    """What only Python 3.13 itself can tell."""

    def test_what_a_module_raises_is_told_with_its_line(
        self, project: Path, packages: list[Path]
    ) -> None:
        sources = {
            "a.py": ("import asyncio\nasyncio.gone", "line 2", "AttributeError: module 'asyncio'"),
            "b.py": ("import os\nos.environ['MY_KEY']", "line 2", "KeyError: 'MY_KEY'"),
            "c.py": ("raise SystemExit(2)", "line 1", "SystemExit: 2"),
            "d.py": ("\nreturn 1", "line 2", "SyntaxError: 'return' outside function. "),
            "e.py": ("from definitions.f import y", "line 1", "NameError: name 'x'"),
            "f.py": ("y = 1\nx", "line 2", "NameError: name 'x'"),
            "g.py": ("import sys\nraise OSError(sys.version[:4])", "line 2", "OSError: 3.13"),
            "h.py": ("raise ValueError('No.')", "line 1", "ValueError: No. Next: "),
            "i.py": (f"{CONNECTS}\nimport importlib\n{GONE}", "line 7", ""),
            "j.py": (f"{LISTENS}\nraise OSError('after')", "line 6", "OSError: after"),
        }
        for name, (source, _, _) in sources.items():
            add(project, name, source)

        found = problems(project, packages)

        # e.py fails in f.py, and is told once.
        told = {line.partition(",")[0].removeprefix("definitions/"): line for line in found}
        assert len(found) == len(told)
        assert sorted(told) == [name for name in sources if name != "e.py"]
        assert told.pop("i.py").startswith("definitions/i.py, line 7, imports gone, which")
        for name, line in told.items():
            _, place, reason = sources[name]
            assert f", {place}, fails when Python 3.13 imports it: {reason}" in line

    def test_a_mistake_that_the_engine_refuses_is_told_by_the_line_of_the_author(
        self, project: Path, packages: list[Path]
    ) -> None:
        add(project, "a.py", SECRET_FIELD)
        add(project, "b.py", ABOVE_A_STATICMETHOD)
        add(project, "c.py", WITHOUT_A_YEAR)
        add(project, "d.py", "from definitions.a import Input\n")

        first, second, third = problems(project, packages)

        assert first.startswith("definitions/a.py, line 6, fails when Python 3.13 imports it: ")
        assert second.startswith("definitions/b.py, line 4, fails when Python 3.13 imports it: ")
        assert third.startswith("definitions/c.py, line 3, fails when Python 3.13 imports it: ")

    def test_no_path_of_this_machine_is_in_a_text(
        self, project: Path, packages: list[Path]
    ) -> None:
        add(project, "a.py", SECRET_FIELD)
        add(project, "b.py", "raise ValueError(__file__)")
        add(project, "c.py", "import os, boto3\nraise ValueError(os.getcwd(), boto3.__file__)")

        first, second, third = problems(project, packages)

        assert "DefinitionError: definitions/a.py: " in first
        assert "ValueError: definitions/b.py. Next: " in second
        assert "ValueError: ('.', 'runtime/boto3/__init__.py'). Next: " in third

    @pytest.mark.parametrize("name", ["extra.py", "extra/__init__.py"])
    def test_a_module_that_ends_the_process_is_told(
        self, project: Path, packages: list[Path], name: str
    ) -> None:
        add(project, name, "import os\nos._exit(3)")

        assert problems(project, packages) == [
            (
                f"definitions/{name}, line 1, fails when Python 3.13 imports it: the process ended"
                " with status 3. Next: correct that line."
            )
        ]

    def test_a_module_that_takes_too_long_is_told(
        self, project: Path, packages: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trial, "_TRIAL_SECONDS", 3)
        add(project, "aaa.py", "import time\ntime.sleep(30)")

        assert problems(project, packages) == [
            (
                "definitions/aaa.py, line 1, fails when Python 3.13 imports it: the process was not"
                " done after 3 seconds. Next: correct that line."
            )
        ]

    def test_a_name_that_one_package_lacks_for_another_is_told(
        self, project: Path, packages: list[Path], tmp_path: Path
    ) -> None:
        files = {"one.py": "\nfrom two import gone", "two.py": ""}
        add(project, "extra.py", "import one")

        found = problems(project, [*packages, make_wheel(tmp_path, "one", files=files)])

        assert found == [
            (
                "one.py, line 2 (definitions/extra.py, line 1, imports it), imports gone from two,"
                " which has no such name in the bundle. Next: correct the name, or have another"
                " version of its package"
            )
        ]

    def test_packages_for_another_processor_are_tried_as_this_machine_loads_them(
        self, project: Path
    ) -> None:
        interpreter = lambda_interpreter.find()
        assert interpreter is not None
        other: Architecture = "arm64" if interpreter.machine == "x86_64" else "x86_64"
        add(project, "extra.py", "import pydantic_core\nraise KeyError('tried')")

        [found] = problems(project, wheels.fetch(other))

        assert found.startswith("definitions/extra.py, line 2, fails")

    def test_a_machine_that_lacks_what_the_runtime_has_is_told_what_to_do(
        self, project: Path, packages: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(trial, "RUNTIME_PACKAGES", {"not-installed": "not_installed"})

        assert problems(project, packages) == [
            (
                "not-installed is not installed here, and the Lambda runtime has it. Next: make"
                " .venv/ready"
            )
        ]

    @pytest.mark.timeout(60)
    def test_a_module_sees_a_lambda_and_nothing_of_this_machine(
        self, project: Path, packages: list[Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        theirs = ("AWS_PROFILE", "HTTPS_PROXY", "PYTHONPATH", "AWS_ENDPOINT_URL", "MY_KEY")
        for name in theirs:
            monkeypatch.setenv(name, "x")
        needed = {"HOME", *(variable.value for variable in EnvVar)}
        sources = [
            "import boto3\nboto3.client('sts').get_caller_identity()",
            "import urllib.request\nurllib.request.urlopen('http://127.0.0.1:9/')",
            "print('hello' * 100_000)",
            "from importlib.metadata import version\nversion('boto3'), version('pydantic')",
            "import threading, time\nthreading.Thread(target=time.sleep, args=(600,)).start()",
            f"import os\nassert not {set(theirs)} & set(os.environ)",
            "import os\nos.environ['AWS_REGION'], os.environ['AWS_LAMBDA_FUNCTION_NAME']",
            "import sys\nassert not [each for each in sys.path if 'site-packages' in each]",
            "try:\n    import yaml\nexcept ImportError:\n    pass\nelse:\n    raise OSError",
            "import socket\nsocket.socket().connect(('127.0.0.1', 9))",
            f"import os\nassert set(os.environ) >= {needed!r}",
            "from importlib.util import find_spec\nassert not find_spec('bundle_check')",
            "import sys\nassert sys.dont_write_bytecode  # nothing is written beside boto3",
            "open('definitions/extra0.py').close()",
        ]
        for number, source in enumerate(sources):
            add(project, f"extra{number}.py", source)

        assert problems(project, packages) == []

    def test_a_package_of_the_bundle_goes_before_that_of_the_runtime(
        self, project: Path, packages: list[Path], tmp_path: Path
    ) -> None:
        files = {"s3transfer/__init__.py": "mine = True"}
        add(project, "extra.py", "import s3transfer\nassert s3transfer.mine")

        assert problems(project, [*packages, make_wheel(tmp_path, "s3transfer", files=files)]) == []

    def test_one_that_reaches_for_the_network_hides_no_other(
        self, project: Path, packages: list[Path]
    ) -> None:
        add(project, "a.py", "import boto3\nboto3.client('sts').get_caller_identity()")
        add(project, "b.py", "raise KeyError('told')")

        [found] = problems(project, packages)

        assert found.startswith("definitions/b.py, line 1, fails")

    def test_a_broken_entry_is_told_if_the_definitions_are_fine(
        self, project: Path, packages: list[Path]
    ) -> None:
        entry = project / "handler/recovery.py"
        entry.write_text(entry.read_text() + "\nundefined\n")

        [found] = problems(project, packages)

        assert found.startswith("handler/recovery.py, line ")
        assert "NameError" in found


def test_the_trial_knows_every_entry() -> None:
    assert all((ROOT / f"{entry.replace('.', '/')}.py").is_file() for entry in trial.ENTRIES)

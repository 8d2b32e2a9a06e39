"""How the command line starts: what it imports, and how it is installed."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli.app import COMMANDS

pytestmark = pytest.mark.slow  # each starts a process

ROOT = Path(__file__).parents[2]
# What takes long to import, and what help and usage errors wait for in vain.
_LONG = ("boto3", "botocore", "pydantic", "handler", "pulumi", "yaml")
# It was 227, of which cyclopts and attrs have 60.
MOST_MODULES = 300

RUN = f"""
import sys
from cli.__main__ import main
sys.argv[1:] = {{arguments}}
status = main()
long = [name for name in {_LONG} if name in sys.modules]
sys.stderr.write(f"{{{{status}}}} {{{{len(sys.modules)}}}} {{{{long}}}}")
"""


def started(*arguments: str) -> tuple[str, str, int, str]:
    """The output of a command, its status, how many modules it imports, and which long ones."""
    ran = subprocess.run(
        [sys.executable, "-c", RUN.format(arguments=list(arguments))],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "80"},
    )
    status, number, long = ran.stderr.splitlines()[-1].split(" ", 2)
    return ran.stdout, status, int(number), long


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], []])
def test_help_imports_neither_boto3_nor_the_engine(arguments: list[str]) -> None:
    out, status, modules, long = started(*arguments)

    assert (status, long) == ("0", "[]")
    assert modules < MOST_MODULES
    assert out


def test_help_names_each_command() -> None:
    out, *_ = started("--help")

    assert all(f"  {name}: {words}" in out for name, _, words, _ in COMMANDS)


def test_a_mistake_waits_for_no_engine_either() -> None:
    _, status, _, long = started("lits")

    assert (status, long) == ("2", "[]")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout as `make` leaves it, with the tests' environment, in a folder with a space."""
    folder = tmp_path_factory.mktemp("a check out")
    ignore = shutil.ignore_patterns("__pycache__")
    for package in ("cli", "console", "handler", "local", "infra"):
        shutil.copytree(ROOT / package, folder / package, ignore=ignore)
    shutil.copy(ROOT / "pyproject.toml", folder)
    (folder / ".venv" / "bin").mkdir(parents=True)
    (folder / ".venv" / "bin" / "python").symlink_to(sys.executable)
    shutil.copy(Path(sys.prefix) / "pyvenv.cfg", folder / ".venv")
    (folder / ".venv" / "lib").symlink_to(Path(sys.prefix) / "lib")
    return folder


def test_make_installs_the_command_as_background_tasks(checkout: Path, tmp_path: Path) -> None:
    [link] = [line for line in (ROOT / "Makefile").read_text().splitlines() if "ln -sfn" in line]
    command = link.strip().removeprefix("@").partition(" #")[0].replace("$(BIN)", ".venv/bin")
    subprocess.run(command, shell=True, cwd=checkout, check=True)
    (tmp_path / "handler.py").write_text("raise SystemExit('a module of the caller')")
    (tmp_path / "elsewhere").symlink_to(checkout / ".venv" / "bin" / "background-tasks")

    for place in (checkout / ".venv" / "bin" / "background-tasks", tmp_path / "elsewhere"):
        version = subprocess.run(
            [place, "--version"], cwd=tmp_path, check=True, capture_output=True, text=True
        )
        nothing = subprocess.run(
            [place, "list"],
            cwd=tmp_path,
            check=False,
            capture_output=True,
            text=True,
            env={"PATH": "/usr/bin:/bin"},
        )

        assert version.stdout == "0.2.0\n"
        assert nothing.returncode == 4, nothing.stderr
        assert "No local AWS is up" in nothing.stderr


def test_without_an_environment_it_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "cli").mkdir()
    script = shutil.copy(ROOT / "cli" / "background-tasks", tmp_path / "cli")

    ran = subprocess.run([script, "list"], check=False, capture_output=True, text=True)

    assert ran.returncode == 4
    assert "there is no " in ran.stderr
    assert "Next: make .venv/ready" in ran.stderr


def test_with_the_packages_of_a_deploy_alone_it_says_what_to_do(tmp_path: Path) -> None:
    """`pulumi install` makes an environment, too."""
    shutil.copytree(ROOT / "cli", tmp_path / "cli")
    bare = tmp_path / ".venv" / "bin" / "python"
    bare.parent.mkdir(parents=True)
    bare.symlink_to(Path(sys.base_prefix) / "bin" / "python3")

    ran = subprocess.run(
        [tmp_path / "cli" / "background-tasks", "list"],
        check=False,
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONNOUSERSITE": "1"},
    )

    assert ran.returncode == 4
    assert ran.stderr.startswith("background-tasks: No module named ")
    assert ran.stderr.count("\n") == 1


def ran_in_a_shell(line: str) -> tuple[int, str]:
    """How `python -m cli` ends in a line of a shell's, and what it says of it."""
    command = shlex.join([sys.executable, "-m", "cli"])
    ran = subprocess.run(
        f"{command} {line}",
        shell=True,
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    return ran.returncode, ran.stderr


def test_an_output_that_takes_nothing_is_told() -> None:
    said, place = "background-tasks:", "write it to another place"
    nothing = ">/dev/null, to have nothing of it"

    for command in ("completion bash", "--version"):  # more than a buffer takes, and less
        assert ran_in_a_shell(f"{command} > /dev/full") == (
            1,
            f"{said} The output can't be written: No space left on device. Next: {place}.\n",
        )
    assert ran_in_a_shell("completion bash >&-") == (
        2,
        f"{said} The standard output is closed: nothing was done. Next: {nothing}.\n",
    )


@pytest.mark.parametrize("arguments", [["--version"], ["completion", "bash"]])
def test_a_pipe_that_nobody_reads_ends_it_quietly(arguments: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ran = subprocess.run(
            [sys.executable, "-m", "cli", *arguments],
            cwd=ROOT,
            check=False,
            stdout=write,
            stderr=subprocess.PIPE,
        )
    finally:
        os.close(write)

    assert (ran.returncode, ran.stderr) == (141, b"")


# It sends itself a Ctrl-C as soon as the first of the project's modules is imported.
INTERRUPTED = """
import os, runpy, signal, sys

class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {at!r}:
            os.kill(os.getpid(), signal.SIGINT)

sys.meta_path.insert(0, Interrupting())
sys.argv[1:] = ["list"]
runpy.run_module("cli", run_name="__main__", alter_sys=True)
"""


def ran_code(code: str) -> subprocess.CompletedProcess[str]:
    """How a process ends that runs code, from the checkout's folder."""
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=False, capture_output=True, text=True
    )


@pytest.mark.parametrize(
    "at", ["cli.command_line", "cyclopts", "cli.surroundings", "cli.commands.list"]
)
def test_ctrl_c_while_it_imports_ends_it_quietly(at: str) -> None:
    ran = ran_code(INTERRUPTED.format(at=at))

    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


IN_PYDANTIC = """
import os, sys
from pydantic import BaseModel, field_serializer
from cli import command_line

class Record(BaseModel):
    id: str = ""

    @field_serializer("id")
    def shown(self, id):
        os.kill(os.getpid(), {number})
        for _ in range(1_000_000):
            pass
        return id

command_line._run = lambda _: Record().model_dump()
sys.argv[1:] = ["list"]
sys.exit(command_line.main())
"""


@pytest.mark.parametrize(("number", "status"), [(2, 130), (15, 143)])
def test_a_signal_that_a_library_makes_an_error_of_ends_it_as_any_other(
    number: int, status: int
) -> None:
    ran = ran_code(IN_PYDANTIC.format(number=number))

    assert (ran.returncode, ran.stdout, ran.stderr) == (status, "", "")


def test_it_is_executable() -> None:
    assert os.access(ROOT / "cli" / "background-tasks", os.X_OK)

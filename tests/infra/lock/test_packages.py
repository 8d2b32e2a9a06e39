"""`python -m infra.lock add` and its likes: all that a new package takes, or nothing.

On a copy of the project whose packages are tiny wheels in a folder: no network is needed.
"""

import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from infra.lock import commands, locks, package_change, resolving
from tests.infra.recording import ROOT
from tests.infra.wheel_making import make_wheel

# Each command starts uv and pip several times.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]

FILES = (
    "requirements.in",
    "requirements.txt",
    "requirements-lambda.txt",
    "requirements-dev.txt",
)
BOTH = ("x86_64", "aarch64")


@dataclass(frozen=True)
class Project:
    """A copy of the project, with a virtual environment and an index of its own."""

    folder: Path
    environment: dict[str, str]

    def lock(self, *words: str) -> "Ran":
        before = self.texts()
        ran = subprocess.run(
            [str(self.python), "-m", "infra.lock", *words],
            cwd=self.folder,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(ran.returncode, ran.stdout, ran.stderr, changed=self.texts() != before)

    @property
    def python(self) -> Path:
        return self.folder.parent / "venv" / "bin" / "python"

    def texts(self) -> dict[str, str]:
        return {name: (self.folder / name).read_text() for name in FILES}

    def has(self, module: str) -> bool:
        command = [str(self.python), "-c", f"import {module}"]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@dataclass(frozen=True)
class Ran:
    status: int
    out: str
    err: str
    changed: bool


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("index")
    for name in ("base", "small", "leaf", "extra"):
        make_wheel(folder, name)
    make_wheel(folder, "branch", requires=["leaf", "extra ; extra == 'more'"])
    make_wheel(folder, "against", requires=["base<1"])
    make_wheel(folder, "one_machine", tag="cp313-cp313-manylinux_2_17_x86_64")
    make_wheel(folder, "above", requires=["one-machine"])
    for machine in BOTH:
        make_wheel(folder, "new_glibc", tag=f"cp313-cp313-manylinux_2_39_{machine}")
        make_wheel(folder, "old_python", tag=f"cp312-cp312-manylinux_2_17_{machine}")
        make_wheel(folder, "old_both", tag=f"py3-none-manylinux_2_17_{machine}")
        make_wheel(folder, "newer", "2.0", tag="py3-none-any", requires_python=">=3.12")
    make_wheel(folder, "old_both", "2.0", tag="py3-none-manylinux_2_17_x86_64")
    make_wheel(folder, "newer", "1.0")
    make_wheel(
        folder,
        "marked",
        requires=["leaf ; python_version >= '3.13'", "extra ; python_version < '3'"],
    )
    make_wheel(folder, "clash", files={"base.py": "y = 2\n"})
    (folder / "source_only-1.0.tar.gz").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, index: Path) -> Project:
    folder = tmp_path_factory.mktemp("made") / "project"
    folder.mkdir()
    for package in ("handler", "infra"):
        shutil.copytree(
            ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__")
        )
    (folder / "definitions").mkdir()
    (folder / "requirements.in").write_text("# The first.\nbase==1.0\n")
    (folder / "requirements-dev.in").write_text("-r requirements.in\n")
    for name in FILES[1:]:
        (folder / name).write_text("")
    venv = folder.parent / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    packages = venv / Path(sysconfig.get_path("purelib")).relative_to(sys.prefix)
    (packages / "shared.pth").write_text(sysconfig.get_path("purelib"))
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(folder.parent),
        "PIP_CONFIG_FILE": "/dev/null",
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(index),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "UV_CACHE_DIR": str(folder.parent / "cache"),
    }
    project = Project(folder, environment)
    ran = project.lock()
    assert ran.status == 0, ran.err
    return project


@pytest.fixture
def project(made: Project, tmp_path: Path) -> Project:
    """A fresh copy of it."""
    folder = tmp_path / "project"
    shutil.copytree(made.folder.parent, tmp_path, symlinks=True, dirs_exist_ok=True)
    return Project(folder, made.environment)


def pins(text: str) -> dict[str, str]:
    return dict(re.findall(r"^([a-z-]+)(?:\[\w+\])?==(\S+)", text, re.MULTILINE))


def test_a_package_is_added_with_all_that_it_takes(project: Project) -> None:
    ran = project.lock("add", "branch")

    assert ran.status == 0, ran.err
    texts = project.texts()
    assert texts["requirements.in"] == "# The first.\nbase==1.0\nbranch==1.0\n"
    locked = {"base": "1.0", "branch": "1.0", "leaf": "1.0"}
    assert pins(texts["requirements-lambda.txt"]) == locked
    assert texts["requirements-lambda.txt"].count("--hash=sha256:") == 3
    assert pins(texts["requirements-dev.txt"]) == locked
    assert project.has("branch, leaf")
    for architecture in ("arm64", "x86_64"):
        cached = {
            wheel.name for wheel in (project.folder / ".wheels" / architecture).rglob("*.whl")
        }
        assert "leaf-1.0-py3-none-any.whl" in cached
    assert "Added branch 1.0; with it leaf 1.0." in ran.out
    assert re.search(r"MB zipped, and has .* MB; Lambda takes 50 MB", ran.out)
    assert "`pulumi up` deploys" in ran.out


def test_what_was_added_stays_until_it_is_removed(project: Project) -> None:
    with (project.folder / "requirements.in").open("a") as file:
        file.write("small\nbranch[more]\n")

    by_hand = project.lock()
    nothing = project.lock()
    again = project.lock("add", "branch", "small==1.0")
    removed = project.lock("remove", "Branch")

    assert by_hand.status == 0, by_hand.err
    assert by_hand.out.startswith("Next: commit requirements.in, requirements.txt, requirements-l")
    assert nothing.out == "Nothing has changed.\n"
    assert (again.status, again.changed) == (0, False)
    assert again.out.startswith("branch 1.0, small 1.0: already there. Next: import it;")
    assert removed.status == 0, removed.err
    assert "Removed branch 1.0, extra 1.0, leaf 1.0." in removed.out
    assert pins(project.texts()["requirements-lambda.txt"]).keys() == {"base", "small"}
    assert project.texts()["requirements.in"] == "# The first.\nbase==1.0\nsmall==1.0\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["bsae"], 'No package is called "bsae" in the index. Next: look up the spelling on'),
        (
            ["reqeusts"],
            'Did you mean "requests", which this machine has[?] Next: look up the spell',
        ),
        (["yaml"], "The module yaml is in the package PyYAML. Next: look up the spelling on"),
        (["json"], "Python 3.13 has the module json itself. Next: import it"),
        (["concurrent.futures"], "Python 3.13 has the module concurrent.futures itself"),
        (
            ["telnetlib"],
            "had telnetlib, which Python 3.13 no longer has. Next: .*add standard-teln",
        ),
        (["imp"], "had imp, which Python 3.13 no longer has. Next: use something else"),
        (["source-only"], "source-only can't be added for Python 3.13 on arm64 and x86_64"),
        (["one-machine"], "can't be added for Python 3.13 on arm64: .*manylinux_2_17_x86_64"),
        (["above"], "above can't be added for Python 3.13 on arm64: Because one-machine==1.0"),
        (["new-glibc"], "can't be added for Python 3.13 on arm64 and x86_64: .*manylinux_2_39"),
        (["old-python"], "old-python can't be added for .*cp312"),
        (["against"], "depend on base<1 and you require base==1.0"),
        (["small", "one-machine"], "small, one-machine can't be added"),
        (["boto3"], "The Lambda runtime brings boto3"),
        (["pydantic==1.0"], "requirements.in has pydantic for the project itself"),
        (["./small"], '"./small" is not the name of a package'),
        (["small @ file:///x.whl"], "has an address or a condition"),
    ],
)
def test_what_does_not_fit_changes_nothing(
    made: Project, monkeypatch: pytest.MonkeyPatch, words: list[str], said: str
) -> None:
    here(made, monkeypatch)
    before = made.texts()

    with pytest.raises(SystemExit) as refused:
        commands.main("add", *words)

    # uv breaks its lines as wide as the terminal is.
    assert re.search(said, " ".join(str(refused.value).split()), re.DOTALL), refused.value
    assert str(refused.value).startswith("Nothing was changed.\n")
    assert "Next: " in str(refused.value).splitlines()[-1]
    assert made.texts() == before


def here(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has this process lock that project: for what fails before anything is installed."""
    for name, value in project.environment.items():
        monkeypatch.setenv(name, value)
    resolving._pip_config.cache_clear()
    monkeypatch.setattr(resolving, "ROOT", project.folder)
    for name in ("DIRECT", "REQUIREMENTS", "DEV", "DEV_DIRECT"):
        monkeypatch.setattr(locks, name, project.folder / getattr(locks, name).name)
    # What is not refused after all must not be installed for the Python that runs the tests.
    monkeypatch.setattr(package_change, "_applied", lambda *_: pytest.fail("nothing was refused"))


@pytest.mark.parametrize(
    ("variables", "address", "reason"),
    [
        ({}, "http://127.0.0.1:9/simple", "Connection refused"),
        (
            {"HTTPS_PROXY": "http://127.0.0.1:9"},
            "https://nowhere.invalid/simple",
            "the proxy: Conn",
        ),
        ({}, "http://me:secret@{server}/simple", "403 Forbidden"),
    ],
)
def test_an_index_that_can_not_be_reached_is_named_with_what_pip_is_configured_for(
    made: Project,
    monkeypatch: pytest.MonkeyPatch,
    forbidding_server: str,
    variables: dict[str, str],
    address: str,
    reason: str,
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    here(made, monkeypatch)
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):
        monkeypatch.delenv(name)
    address = address.format(server=forbidding_server)
    for name, value in (variables | {"PIP_INDEX_URL": address, "UV_HTTP_RETRIES": "0"}).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(SystemExit) as refused:
        commands.main("add", "small")

    said = str(refused.value)
    assert (
        f"The package index {address.replace('me:secret@', '')} can't be reached: {reason}" in said
    )
    assert f"index-url = {address.replace('me:secret', '...')}" in said
    assert "secret" not in said
    assert said.splitlines()[-1].startswith("Next: check the connection, the proxy")


@pytest.fixture(scope="module")
def forbidding_server() -> Iterator[str]:
    """The address of a server that refuses every request."""

    class Forbid(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(403)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Forbid) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_index_that_pip_alone_can_not_reach_is_named_too() -> None:
    said = (
        "WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError('<pip at"
        " 0x7f>: Failed to establish a new connection: [Errno 111] Connection refused')': /simple/x"
    )

    with pytest.raises(resolving.IndexUnreachable, match=r"^\[Errno 111\] Connection refused$"):
        resolving._raise_if_unreachable(said)


def test_an_index_that_lacks_what_is_locked_is_the_wrong_one(
    made: Project, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    here(made, monkeypatch)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))

    with pytest.raises(SystemExit, match="doesn't have base, which the locks have") as refused:
        commands.main("add", "small")

    assert f"pip is configured for find-links = {tmp_path}, no-index = 1." in str(refused.value)


def test_only_the_files_that_have_changed_are_to_be_committed(project: Project) -> None:
    added = project.lock("add", "leaf", "branch")

    removed = project.lock("remove", "leaf")

    locks = "requirements.txt, requirements-lambda.txt and requirements-dev.txt"
    assert f"Next: commit requirements.in, {locks}; start" in added.out
    # branch still needs leaf: the bundle stays as it is.
    last = removed.out.splitlines()[-1]
    assert last == "Next: commit requirements.in, requirements.txt and requirements-dev.txt."


def test_a_package_that_is_misspelt_by_hand_is_named(project: Project) -> None:
    with (project.folder / "requirements.in").open("a") as file:
        file.write("bsae\n")

    ran = project.lock()

    assert 'No package is called "bsae" in the index. Next: look up' in ran.err


def test_two_packages_with_the_same_file_change_nothing(made: Project) -> None:
    ran = made.lock("add", "clash")

    assert ran.status == 1
    assert "Two packages of the bundle contain the file base.py" in ran.err
    assert not ran.changed


def test_the_versions_are_those_that_every_lambda_and_every_python_can_have(
    project: Project,
) -> None:
    ran = project.lock("add", "old-both", "newer", "marked")

    assert ran.status == 0, ran.err
    # old-both 2.0 has a wheel for one architecture. newer 2.0 is not for Python 3.11.
    direct = {"base": "1.0", "marked": "1.0", "newer": "1.0", "old-both": "1.0"}
    assert pins(project.texts()["requirements.in"]) == direct
    # marked needs leaf on Python 3.13, whichever Python locks it, and never extra.
    assert pins(project.texts()["requirements-lambda.txt"]) == direct | {"leaf": "1.0"}


def test_a_package_that_can_not_be_installed_changes_nothing(project: Project) -> None:
    [packages] = project.python.parent.parent.glob("lib/python*/site-packages")
    (packages / "small.py").mkdir()  # in the way of the module

    ran = project.lock("add", "small")

    assert ran.status == 1
    assert "pip can't install the packages" in ran.err
    assert not ran.changed


def test_ctrl_c_ends_it_with_one_line_and_changes_nothing(project: Project) -> None:
    before = project.texts()
    # An index that never answers.
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/simple"
        waits = {**project.environment, "PIP_INDEX_URL": address}
        del waits["PIP_NO_INDEX"]
        ran = subprocess.Popen(
            [str(project.python), "-m", "infra.lock", "add", "small"],
            cwd=project.folder,
            env=waits,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        with server.accept()[0]:
            ran.send_signal(signal.SIGINT)
            out, err = ran.communicate(timeout=30)

    assert (ran.returncode, out) == (130, "")
    assert err == ("Looking for small and all that it needs ...\nStopped. Nothing was changed.\n")
    assert project.texts() == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pydantic", "has pydantic for the project itself: it stays"),
        ("small", "doesn't have small[.] Next: name one of these: base[.]"),
    ],
)
def test_only_what_authors_have_added_can_be_removed(
    made: Project, monkeypatch: pytest.MonkeyPatch, name: str, said: str
) -> None:
    here(made, monkeypatch)

    with pytest.raises(SystemExit, match=said):
        commands.main("remove", name)


def test_a_package_that_another_one_needs_is_said_to_stay(project: Project) -> None:
    project.lock("add", "branch")

    ran = project.lock("remove", "leaf")

    assert "The bundle has it since another package needs it. Next: name one of these: " in ran.err


def test_the_tiny_wheels_are_wheels(index: Path) -> None:
    assert all(zipfile.is_zipfile(each) for each in index.glob("*.whl"))

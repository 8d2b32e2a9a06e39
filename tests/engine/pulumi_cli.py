"""The Pulumi CLI: the one on the PATH, or one that Go builds once, into a cache."""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final

MODULE: Final = Path(__file__).parent / "cli"  # a Go module of its own: go.mod, go.sum
COMMAND: Final = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
# `pulumi version` prints it; a build that doesn't set it prints nothing.
VERSION_VARIABLE: Final = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"
SDK: Final = "github.com/pulumi/pulumi/sdk/v3"
# The script in which a Python program runs. Pulumi's own language host starts the same.
EXEC: Final = "pulumi-language-python-exec"
PROGRESS_SECONDS: Final = 15.0

Version = tuple[int, int, int]


class NoCli(Exception):
    """There is no Pulumi CLI, and none can be built. The message says both ways out."""


@dataclass(frozen=True)
class Cli:
    """A Pulumi CLI, and the script that runs a Python program for it."""

    pulumi: Path
    exec: Path
    version: str

    def __str__(self) -> str:
        return f"Pulumi {self.version}, {self.pulumi}"


def found() -> Cli:
    """The CLI, if it is on the PATH or in the cache.

    Raises:
        NoCli: it is in neither.
    """
    if cli := _on_path() or _in_cache():
        return cli
    raise NoCli(f"{_why_not_on_path()}, and none is built. Next: make pulumi")


def found_or_built() -> Cli:
    """The CLI. Builds it if it is neither on the PATH nor in the cache, and tells of it.

    Raises:
        NoCli: there is no Go to build it with, or the build failed.
    """
    if cli := _on_path() or _in_cache():
        return cli
    if not shutil.which("go"):
        raise NoCli(
            f"{_why_not_on_path()}, and there is no Go to build one with. Next: install Pulumi"
            " (https://www.pulumi.com/docs/iac/download-install/), or Go"
            f" {_go_version()} or newer (https://go.dev/dl/), and run `make pulumi` again."
        )
    return _build()


def cache() -> Path:
    """Where built CLIs are kept, outside of every checkout."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "background-tasks"


def pinned() -> str:
    """The version that is built: the one that the Go module requires."""
    [found] = re.findall(r"pulumi/pkg/v3 v([\d.]+)", (MODULE / "go.mod").read_text())
    return str(found)


def version_of(pulumi: str | Path) -> Version | None:
    """What `pulumi version` says, or None if it says no version."""
    ran = subprocess.run(
        [pulumi, "version"],
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"},
    )
    numbers = re.match(r"v?(\d+)\.(\d+)\.(\d+)", ran.stdout)
    return (int(numbers[1]), int(numbers[2]), int(numbers[3])) if numbers else None


def _needed() -> Version:
    """The oldest CLI that will do: of the minor version of the Python SDK."""
    major, minor, *_ = version("pulumi").split(".")
    return int(major), int(minor), 0


def _on_path() -> Cli | None:
    pulumi = shutil.which("pulumi")
    if not pulumi:
        return None
    has = version_of(pulumi)
    if has is None or has < _needed():
        return None
    return _with_exec(Path(pulumi), ".".join(map(str, has)))


def _with_exec(pulumi: Path, number: str) -> Cli | None:
    """The CLI with the script that was installed with it, or with the one in the cache."""
    beside = pulumi.resolve().parent / EXEC
    elsewhere = shutil.which(EXEC)
    for script in (beside, Path(elsewhere) if elsewhere else beside, _built() / EXEC):
        if script.is_file():
            return Cli(pulumi, script, number)
    return None


def _built() -> Path:
    return cache() / f"pulumi-{pinned()}"


def _in_cache() -> Cli | None:
    folder = _built()
    return Cli(folder / "pulumi", folder / EXEC, pinned()) if folder.is_dir() else None


def _why_not_on_path() -> str:
    pulumi = shutil.which("pulumi")
    if not pulumi:
        return "There is no Pulumi CLI on the PATH"
    has, needed = version_of(pulumi), ".".join(map(str, _needed()))
    if has is None or has < _needed():
        number = "of no known version" if has is None else ".".join(map(str, has))
        return f"The Pulumi CLI on the PATH ({pulumi}) is {number}, at least {needed} is needed"
    return f"The Pulumi CLI on the PATH ({pulumi}) has no {EXEC} beside it"


def _go_version() -> str:
    [found] = re.findall(r"^go ([\d.]+)$", (MODULE / "go.mod").read_text(), re.MULTILINE)
    return str(found)


def _build() -> Cli:
    cache().mkdir(parents=True, exist_ok=True)
    with _alone(cache() / f"pulumi-{pinned()}.lock"):
        if cli := _in_cache():  # somebody else has built it meanwhile
            return cli
        _tell(
            f"{_why_not_on_path()}. Building Pulumi {pinned()} with Go, once: about four minutes on"
            f" two cores, into {_built()}"
        )
        _remove_unfinished()
        with tempfile.TemporaryDirectory(
            prefix=f"pulumi-{pinned()}.unfinished-", dir=cache()
        ) as folder:
            _compile(Path(folder) / "made")
            (Path(folder) / "made").rename(_built())  # all of it, or none
    cli = _in_cache()
    assert cli
    return cli


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Holds a lock that the system gives back when the process ends, however it ends."""
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            _tell("Another `make pulumi` is building the Pulumi CLI; waiting for it ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _remove_unfinished() -> None:
    for folder in cache().glob("pulumi-*.unfinished-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _compile(folder: Path) -> None:
    folder.mkdir()
    started = time.monotonic()
    flags = f"-s -w -X {VERSION_VARIABLE}=v{pinned()}"
    build = ["build", "-v", "-trimpath", "-buildvcs=false", "-ldflags", flags]
    with subprocess.Popen(
        ["go", *build, "-o", str(folder / "pulumi"), COMMAND],
        cwd=MODULE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        said = _with_progress(process, started)
    if process.returncode:
        raise NoCli(
            f"Go could not build Pulumi {pinned()}:\n{said}\nNext: mend that, or install Pulumi"
            " (https://www.pulumi.com/docs/iac/download-install/), and run `make pulumi` again."
        )
    shutil.copy(_sdk() / "python" / "cmd" / EXEC, folder / EXEC)
    _tell(f"Built in {time.monotonic() - started:.0f} seconds.")


def _sdk() -> Path:
    """Where Go keeps the module that has the script."""
    listed = subprocess.run(
        ["go", "list", "-m", "-f", "{{.Dir}}", SDK],
        cwd=MODULE,
        check=True,
        capture_output=True,
        text=True,
    )
    return Path(listed.stdout.strip())


def _with_progress(process: "subprocess.Popen[str]", started: float) -> str:
    """Tells now and then how far the build is; returns the last lines that Go wrote."""
    lines: list[str] = []
    over = threading.Event()

    def tell() -> None:
        while not over.wait(PROGRESS_SECONDS):
            seconds = time.monotonic() - started
            _tell(f"  {seconds:.0f} seconds, {len(lines)} packages of about 1,700 ...")

    teller = threading.Thread(target=tell, daemon=True)
    teller.start()
    try:
        assert process.stderr
        lines.extend(line.rstrip() for line in process.stderr)
    finally:
        over.set()
        teller.join()
    return "\n".join(lines[-20:])


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)

"""Where `make pulumi` has its CLI from. Go's part is a script here: a true build takes minutes."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine import pulumi_cli

ROOT = Path(__file__).parent.parent.parent
BUILT = f"pulumi-{pulumi_cli.pinned()}"
# `go build ... -o FILE ...` writes half of the file, waits as long as it is told, writes the rest.
GO = """#!/bin/sh
case "$1" in
  list) echo "$GO_MODULE" ;;
  build)
    while [ "$1" != -o ]; do shift; done
    echo "a build" >> "$GO_BUILDS"
    printf '#!/bin/sh\\n' > "$2"
    sleep "$GO_SECONDS"
    echo 'echo v3.999.0' >> "$2"
    chmod +x "$2"
    [ -z "$GO_FAILS" ] || { echo "undefined: everything" >&2; exit 1; } ;;
esac
"""


class Machine:
    """A machine with a PATH, a cache and a Go of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.bin = folder / "bin"
        self.cache = folder / "cache" / "background-tasks"
        self.bin.mkdir()
        for tool in ("sh", "sleep", "chmod", "cat"):
            (self.bin / tool).symlink_to(str(shutil.which(tool)))

    def add(self, name: str, script: str) -> None:
        """Puts a command on the PATH."""
        (self.bin / name).write_text(script)
        (self.bin / name).chmod(0o755)

    def add_go(self) -> None:
        """Puts Go on the PATH."""
        self.add("go", GO)
        script = self._folder / "module" / "python" / "cmd" / pulumi_cli.EXEC
        script.parent.mkdir(parents=True)
        script.write_text("the script")

    def start(self, *, seconds: float = 0, fails: bool = False) -> "subprocess.Popen[str]":
        """Starts to look for the CLI, and to build it."""
        program = (
            "from tests.engine.pulumi_cli import NoCli, found_or_built\n"
            "try: print(found_or_built())\n"
            "except NoCli as error: raise SystemExit(f'NoCli: {error}')"
        )
        return self._start("-c", program, seconds=seconds, fails=fails)

    def start_tests(self) -> "subprocess.Popen[str]":
        """Starts what `make pulumi` starts."""
        return self._start("-m", "tests.engine")

    def builds(self) -> int:
        """How often Go has built."""
        log = self._folder / "builds"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def _start(
        self, *arguments: str, seconds: float = 0, fails: bool = False
    ) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env={
                "PATH": str(self.bin),
                "HOME": str(self._folder),
                "XDG_CACHE_HOME": str(self.cache.parent),
                "GO_BUILDS": str(self._folder / "builds"),
                "GO_FAILS": "yes" if fails else "",
                "GO_MODULE": str(self._folder / "module"),
                "GO_SECONDS": str(seconds),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_without_cli_and_go_one_line_names_both_ways_out_and_it_fails(machine: Machine) -> None:
    process = machine.start_tests()

    out, err = process.communicate()
    assert process.returncode == 1
    assert out == ""
    [line] = err.splitlines()
    assert "https://www.pulumi.com/docs/iac/download-install/" in line
    assert "https://go.dev/dl/" in line


def test_the_cli_on_the_path_is_taken_with_the_script_beside_it(machine: Machine) -> None:
    machine.add("pulumi", "#!/bin/sh\necho v3.999.0\n")
    machine.add(pulumi_cli.EXEC, "")

    out, err = machine.start().communicate()

    assert out == f"Pulumi 3.999.0, {machine.bin / 'pulumi'}\n"
    assert err == ""


@pytest.mark.parametrize("says", ["v3.1.0", ""])
def test_a_cli_that_is_older_than_the_sdk_or_of_no_version_is_passed_over_with_a_line(
    machine: Machine, says: str
) -> None:
    machine.add("pulumi", f"#!/bin/sh\necho {says}\n")
    machine.add(pulumi_cli.EXEC, "")
    machine.add_go()

    out, err = machine.start().communicate()

    assert f"{machine.bin / 'pulumi'}) is {says.lstrip('v') or 'of no known version'}" in err
    assert out == f"Pulumi {pulumi_cli.pinned()}, {machine.cache / BUILT / 'pulumi'}\n"


def test_what_is_built_once_is_taken_from_the_cache_ever_after(machine: Machine) -> None:
    machine.add_go()
    first = machine.start().communicate()

    second = machine.start().communicate()

    assert first[0] == second[0]
    assert "about four minutes" in first[1]
    assert second[1] == ""
    assert machine.builds() == 1
    assert (machine.cache / BUILT / pulumi_cli.EXEC).read_text() == "the script"


@pytest.mark.slow
def test_two_at_once_build_once_and_the_second_says_that_it_waits(machine: Machine) -> None:
    machine.add_go()
    first = machine.start(seconds=2)
    _until(lambda: machine.builds() == 1)

    second = machine.start()

    assert "waiting for it" in second.communicate()[1]
    assert first.communicate()[0] != ""
    assert (first.returncode, second.returncode, machine.builds()) == (0, 0, 1)


def test_a_build_that_is_killed_leaves_nothing_that_the_next_one_takes(machine: Machine) -> None:
    machine.add_go()
    killed = machine.start(seconds=60)
    _until(lambda: machine.builds() == 1)

    os.killpg(killed.pid, signal.SIGKILL)
    killed.communicate()

    assert not (machine.cache / BUILT).exists()
    out, _ = machine.start().communicate()
    assert out != ""
    assert machine.builds() == 2
    assert [path.name for path in machine.cache.iterdir() if path.is_dir()] == [BUILT]


def test_a_build_that_fails_says_what_go_said_and_leaves_nothing(machine: Machine) -> None:
    machine.add_go()

    process = machine.start(fails=True)

    _, err = process.communicate()
    assert process.returncode == 1
    assert "undefined: everything" in err
    assert "Next: mend that, or install Pulumi" in err
    assert [path.name for path in machine.cache.iterdir() if path.is_dir()] == []


def _until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.02)

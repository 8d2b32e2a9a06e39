"""Finds a Python of the Lambdas' version on this machine."""

import functools
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from infra.archive.wheels import PYTHON_VERSION

_START_SECONDS: Final = 20
_ASK: Final = (
    "import json, platform, sys, sysconfig;"
    "print(json.dumps(['.'.join(map(str, sys.version_info[:2])), sys.implementation.name,"
    " bool(sysconfig.get_config_var('Py_GIL_DISABLED')), platform.machine(),"
    " platform.libc_ver()]))"
)


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that can load what is built for Lambda, where the C library is new enough.

    Args:
        machine: the processor that it is built for, `x86_64` or `aarch64`.
        glibc_minor: 36 for glibc 2.36: it loads wheels that are built for that or an older one.
    """

    path: Path
    machine: str
    glibc_minor: int

    def loads(self, wheel: str) -> bool:
        """Whether it can load the compiled modules of a wheel, by the wheel's file name."""
        return any(
            self._loads_tag(tag) for tag in wheel.removesuffix(".whl").split("-")[-1].split(".")
        )

    def _loads_tag(self, tag: str) -> bool:
        match tag.split("_", 3):
            case ["any"]:
                return True
            case ["manylinux", "2", minor, machine] if minor.isdecimal():
                return machine == self.machine and int(minor) <= self.glibc_minor
        return tag == f"manylinux2014_{self.machine}" and self.glibc_minor >= 17


@functools.cache
def find() -> Interpreter | None:
    """The first one that works, or `None`."""
    if sys.platform != "linux":  # no wheel for Lambda can be loaded elsewhere
        return None
    return next(filter(None, map(_interpreter, _candidates())), None)


def _candidates() -> Iterator[Path]:
    """Where it may be. A command on the path may be a stand-in that runs nothing, as pyenv's."""
    name = f"python{PYTHON_VERSION}"
    if sys.version_info[:2] == tuple(map(int, PYTHON_VERSION.split("."))):
        yield Path(sys.executable)
    if command := shutil.which(name):
        yield Path(command)
        yield from Path(command).parent.parent.glob(f"versions/{PYTHON_VERSION}*/bin/{name}")
    home = Path.home()
    yield from sorted(home.glob(f".pyenv/versions/{PYTHON_VERSION}*/bin/{name}"))
    yield from sorted(home.glob(f".local/share/uv/python/cpython-{PYTHON_VERSION}*/bin/{name}"))
    yield Path("/usr/bin") / name
    yield Path("/usr/local/bin") / name


def _interpreter(path: Path) -> Interpreter | None:
    try:
        asked = subprocess.run(  # noqa: S603 -- a Python of this machine, asked for its version
            [path, "-I", "-S", "-c", _ASK],
            capture_output=True,
            text=True,
            check=True,
            timeout=_START_SECONDS,
        )
        version, kind, is_free_threaded, machine, (libc, libc_version) = json.loads(asked.stdout)
    except (OSError, subprocess.SubprocessError, ValueError):
        return None
    if (version, kind, is_free_threaded, libc) != (PYTHON_VERSION, "cpython", False, "glibc"):
        return None
    return Interpreter(path, machine, int(libc_version.split(".")[1]))

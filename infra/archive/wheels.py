"""The bundle's packages: pinned wheels for Lambda's platform and Python, in a local cache.

`python -m infra.archive.wheels` fills the cache for both architectures. Deploying and testing then
need no package index.
"""

import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, get_args

from infra.archive import pip
from infra.errors import BundleError

Architecture = Literal["arm64", "x86_64"]

ROOT: Final = Path(__file__).parent.parent.parent
LOCK_NAME: Final = "requirements-lambda.txt"
# An installed package has its lock beside this module, a checkout at its root.
_PACKAGED: Final = Path(__file__).parent / LOCK_NAME
REQUIREMENTS: Final = _PACKAGED if _PACKAGED.is_file() else ROOT / LOCK_NAME
# In the folder of the Pulumi program, which runs there.
CACHE: Final = Path(".wheels")

PYTHON_VERSION: Final = "3.13"
MACHINES: Final[dict[Architecture, str]] = {"arm64": "aarch64", "x86_64": "x86_64"}
# Lambda's Amazon Linux 2023 has glibc 2.34 (Lambda guide, "Lambda runtimes"), and runs wheels built
# for that or an older version.
GLIBC_MINORS: Final = range(17, 35)


def fetch(
    architecture: Architecture, requirements: Path = REQUIREMENTS, cache: Path = CACHE
) -> list[Path]:
    """The wheels of a requirements file, sorted by name; from the cache, if they are in it.

    Their hashes are compared each time: what is in the cache may have changed since the download.

    Raises:
        BundleError: pip can't download a wheel, or the cache has not those that the file names.
    """
    folder = cache.absolute() / architecture / _digest(requirements)[:16]
    if not folder.is_dir():
        _download(requirements, architecture, folder)
    return _checked(folder, requirements)


def pins(text: str) -> dict[str, str]:
    """The versions in a requirements file, by the packages' normalized names."""
    found = re.findall(
        r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?\s*==\s*([^\s;\\]+)", text, re.MULTILINE
    )
    return {normalized(name): version for name, version in found}


def normalized(name: str) -> str:
    """A package's name as indexes compare it (PyPA specifications, "Names and normalization")."""
    return re.sub(r"[-_.]+", "-", name).lower()


def for_machine(
    machine: str, packages: Sequence[Path], requirements: Path = REQUIREMENTS
) -> list[Path]:
    """The wheels of the same lock for `x86_64` or `aarch64`; an empty list if none are cached.

    Raises:
        BundleError: the cache has not those that the lock names.
    """
    architecture = next((name for name, each in MACHINES.items() if each == machine), None)
    if architecture is None or not packages:
        return []
    folder = packages[0].parent.parent.parent / architecture / packages[0].parent.name
    return _checked(folder, requirements) if folder.is_dir() else []


def _checked(folder: Path, requirements: Path) -> list[Path]:
    """The wheels in a folder: one of each package that a requirements file names, and no other."""
    hashes = hashes_of(requirements.read_text())
    found = sorted(folder.glob("*.whl"))
    for wheel in found:
        if (digest := _digest(wheel)) not in hashes.get(package_of(wheel), ()):
            raise BundleError(
                f"{wheel} is not the wheel that {requirements.name} names: its hash is"
                f" sha256:{digest}. Next: find out who has changed it, and remove {folder}. The"
                " next command downloads the wheels again."
            )
    wrong = sorted({*hashes} ^ {package_of(wheel) for wheel in found})
    if wrong or len(found) != len(hashes):
        raise BundleError(
            f"{folder} has not one wheel of each package of {requirements.name}"
            f" ({', '.join(wrong) or 'a package has two'}). Next: remove the folder. The next"
            " command downloads the wheels again."
        )
    return found


def package_of(wheel: Path) -> str:
    """The normalized name of the package in a wheel, which its file begins with."""
    return normalized(wheel.name.partition("-")[0])


def hashes_of(text: str) -> dict[str, frozenset[str]]:
    """The hashes in a requirements file, by the packages' normalized names."""
    found: dict[str, frozenset[str]] = {}
    for entry in entries(text):
        digests = re.findall(r"--hash=sha256:([0-9a-f]{64})", entry)
        for name in pins(entry):
            found[name] = found.get(name, frozenset()) | frozenset(digests)
    return found


def entries(text: str) -> list[str]:
    """A lock's packages: each with its version, its marker and its hashes, without comments."""
    lines = [line for line in text.splitlines(keepends=True) if not line.lstrip().startswith("#")]
    return re.findall(r"^\w.*\n(?:[ \t]+.*\n)*", "".join(lines), re.MULTILINE)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _download(requirements: Path, architecture: Architecture, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unfinished-"))
    try:
        _pip_download(requirements, architecture, unfinished)
        # Renamed when complete, so that builds at the same time never see half a folder.
        if not folder.is_dir():
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def target_options(architecture: Architecture) -> list[str]:
    """pip's options for wheels that run on Lambda, not on this machine."""
    machine = MACHINES[architecture]
    platforms = [
        f"manylinux2014_{machine}",
        *(f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS),
    ]
    options = ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON_VERSION}"]
    return [*options, *(f"--platform={platform}" for platform in platforms)]


def _pip_download(requirements: Path, architecture: Architecture, folder: Path) -> None:
    command = [*pip.command(), "download", "--quiet", "--require-hashes", "--no-deps"]
    command += [*target_options(architecture), f"--requirement={requirements}", f"--dest={folder}"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- every word is ours
    if finished.returncode != 0:
        raise BundleError(
            f"pip can't download the wheels of {requirements.name} for {architecture} and Python"
            f" {PYTHON_VERSION}:\n{finished.stderr.strip()}\nNext: check the connection to the"
            " package index, and `pip config list`, which says where pip looks for packages; after"
            " changing versions, lock them again."
        )


if __name__ == "__main__":
    for each in get_args(Architecture):
        fetch(each)

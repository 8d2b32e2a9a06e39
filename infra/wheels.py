"""The bundle's packages: pinned wheels for the Lambda's platform and Python, fetched once and kept.

`python -m infra.wheels` fetches them ahead, for both architectures: deploying and testing then need
no package index.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final, get_args

from infra.errors import BundleError
from infra.settings import Architecture

ROOT: Final = Path(__file__).parent.parent
REQUIREMENTS: Final = ROOT / "requirements-lambda.txt"
CACHE: Final = ROOT / ".wheels"

PYTHON_VERSION: Final = "3.13"
MACHINES: Final[dict[Architecture, str]] = {"arm64": "aarch64", "x86_64": "x86_64"}
# The Lambda runtime's Amazon Linux 2023 has glibc 2.34 (Lambda guide, "Lambda runtimes"): it runs
# what needs no newer one.
GLIBC_MINORS: Final = range(17, 35)


def fetch(
    architecture: Architecture, requirements: Path = REQUIREMENTS, cache: Path = CACHE
) -> list[Path]:
    """The wheels of a requirements file, sorted by name. Only a file or an architecture not seen
    before needs a network.

    Raises:
        BundleError: pip can't get a wheel, or one has another hash than the file says.
    """
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:16]
    folder = cache / architecture / digest
    if not folder.is_dir():
        _download(requirements, architecture, folder)
    return sorted(folder.glob("*.whl"))


def _download(requirements: Path, architecture: Architecture, folder: Path) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".unfinished-"))
    try:
        _pip_download(requirements, architecture, unfinished)
        # Only a complete folder gets the name that is looked for, however many builds run at a
        # time.
        if not folder.is_dir():
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def target_options(architecture: Architecture) -> list[str]:
    """pip's options for wheels that the Lambda can run, instead of this machine."""
    machine = MACHINES[architecture]
    platforms = [
        f"manylinux2014_{machine}",
        *(f"manylinux_2_{minor}_{machine}" for minor in GLIBC_MINORS),
    ]
    options = ["--only-binary=:all:", "--implementation=cp", f"--python-version={PYTHON_VERSION}"]
    return [*options, *(f"--platform={platform}" for platform in platforms)]


def _pip_download(requirements: Path, architecture: Architecture, folder: Path) -> None:
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--require-hashes", "--no-deps"]
    command += [*target_options(architecture), f"--requirement={requirements}", f"--dest={folder}"]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- every word is ours
    if finished.returncode != 0:
        raise BundleError(
            f"pip can't get the wheels of {requirements.name} for {architecture} and Python"
            f" {PYTHON_VERSION}:\n{finished.stderr.strip()}\nNext: check the connection to the"
            " package index; after a change of versions, run `python -m infra.lock`."
        )


if __name__ == "__main__":
    for each in get_args(Architecture):
        fetch(each)

"""Writes the two locks, after a change of versions: the bundle's and the developers'.

`python -m infra.lock` writes requirements-lambda.txt from requirements.txt. `python -m infra.lock
dev` writes requirements-dev.txt from requirements-dev.in, with the bundle's versions: run it
second. `make lock` runs both. Versions that nothing forces to change stay as they are.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from typing import Final, get_args

from infra.settings import Architecture
from infra.wheels import REQUIREMENTS, ROOT, target_options

# What the handler imports. requirements.txt pins their versions; pip resolves the rest.
PACKAGES: Final = ("ariadne", "aws-lambda-powertools", "pydantic")
HEADER: Final = """\
# What the Lambdas' bundle carries, for both of their architectures: the whole closure, each wheel
# by its hash.
# boto3 is not here: it is the Lambda runtime's. Written by `python -m infra.lock`.

"""

DEV_DIRECT: Final = ROOT / "requirements-dev.in"
DEV: Final = ROOT / "requirements-dev.txt"
# The oldest Python that the project runs on. The lock holds for this one and every newer one.
OLDEST_PYTHON: Final = "3.11"
DEV_HEADER: Final = """\
# What tests, checks and the local AWS need: the whole closure of requirements-dev.in, for every
# Python from 3.11 on and every platform. It has the versions of requirements-lambda.txt, so that
# tests run what is deployed. Written by `python -m infra.lock dev`.

"""


def main(which: str = "bundle") -> None:
    """Writes the lock `which`: `bundle` or `dev`."""
    match which:
        case "bundle":
            _lock_bundle()
        case "dev":
            _lock_dev()
        case _:
            sys.exit(f'"{which}" is not a lock. Write one of these: bundle, dev.')


def _lock_bundle() -> None:
    hashes: dict[str, set[str]] = defaultdict(set)
    for architecture in get_args(Architecture):
        for name, digest in _resolved(architecture):
            hashes[name].add(digest)
    REQUIREMENTS.write_text(
        HEADER + "".join(_pin(name, hashes[name]) for name in sorted(hashes, key=_package))
    )


def _lock_dev() -> None:
    # pip resolves for the running Python alone; uv resolves for all of them at once, and keeps the
    # versions that the file has already.
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--universal"]
    command += [f"--python-version={OLDEST_PYTHON}", "--no-header", "--annotation-style=line"]
    command += [f"--constraint={REQUIREMENTS.name}", f"--output-file={DEV.name}", DEV_DIRECT.name]
    subprocess.run(command, check=True, cwd=ROOT)  # noqa: S603 -- every word is ours
    DEV.write_text(DEV_HEADER + DEV.read_text())


def _resolved(architecture: Architecture) -> list[tuple[str, str]]:
    """Every package that these need, as `name==version`, with the hash of its wheel."""
    with tempfile.TemporaryDirectory() as nowhere:
        command = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--dry-run",
            "--ignore-installed",
            "--report=-",
        ]
        command += [
            f"--target={nowhere}",
            f"--constraint={ROOT / 'requirements.txt'}",
            *target_options(architecture),
            *PACKAGES,
        ]
        finished = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 -- every word is ours
        report = json.loads(finished.stdout)
    return [
        (_name(package["metadata"]), package["download_info"]["archive_info"]["hashes"]["sha256"])
        for package in report["install"]
    ]


def _name(metadata: dict[str, str]) -> str:
    return f"{metadata['name'].lower().replace('_', '-')}=={metadata['version']}"


def _package(pin: str) -> str:
    return pin.partition("==")[0]


def _pin(name: str, digests: set[str]) -> str:
    return (
        " \\\n".join([name, *(f"    --hash=sha256:{digest}" for digest in sorted(digests))]) + "\n"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])

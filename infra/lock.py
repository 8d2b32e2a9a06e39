"""Writes requirements-lambda.txt. After changing requirements.txt, run `python -m infra.lock`."""

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


def main() -> None:
    hashes: dict[str, set[str]] = defaultdict(set)
    for architecture in get_args(Architecture):
        for name, digest in _resolved(architecture):
            hashes[name].add(digest)
    REQUIREMENTS.write_text(
        HEADER + "".join(_pin(name, hashes[name]) for name in sorted(hashes, key=_package))
    )


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
    main()

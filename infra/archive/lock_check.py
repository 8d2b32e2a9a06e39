"""Refuses a lock that the bundle can't be made from, with what is wrong in which line."""

import re
from pathlib import Path
from typing import Final

from infra.archive.wheels import PYTHON_VERSION, REQUIREMENTS, entries, hashes_of, pins
from infra.errors import BundleError

# What the engine imports, by the names in requirements.in.
ENGINE: Final = ("ariadne", "aws-lambda-powertools", "pydantic")
_COMPILE: Final = (
    f"`uv pip compile --generate-hashes --python-version {PYTHON_VERSION} --python-platform linux"
    " --no-build`"
)


def check_lock(requirements: Path) -> None:
    """Looks at a lock that somebody else has made.

    Raises:
        BundleError: it isn't there; a line has no version, no hash, or a condition; or it lacks a
            package that the Lambdas import.
    """
    if not requirements.is_file():
        raise BundleError(
            f"The lock {requirements} is not there: it is looked for from {Path.cwd()}. Next:"
            " correct BackgroundTasksArgs(requirements=...)."
        )
    text = requirements.read_text(encoding="utf-8")
    for entry in entries(text):
        _check_entry(entry, requirements)
    if lacking := [name for name in ENGINE if name not in pins(text)]:
        ours = pins(REQUIREMENTS.read_text(encoding="utf-8"))
        wanted = ", ".join(f"{name}=={ours[name]}" for name in lacking)
        raise BundleError(
            f"{requirements} lacks {', '.join(lacking)}, which the Lambdas import. Next: add"
            f" {wanted} to what it is compiled from, and compile it again: {_COMPILE}."
        )


def _check_entry(entry: str, requirements: Path) -> None:
    """A condition would be looked at on this machine, and the wheels are Lambda's."""
    first = entry.splitlines()[0].removesuffix("\\").strip()
    if not pins(entry):
        problem = "has no version: it takes <package>==<version>"
    elif not all(hashes_of(entry).values()):
        problem = "has no hash"
    elif ";" in re.sub(r"#.*", "", first):
        problem = "has a condition, and the Lambdas have one Python on one system"
    else:
        return
    raise BundleError(
        f'The line "{first}" of {requirements} {problem}. Next: compile the lock for Lambda:'
        f" {_COMPILE}."
    )

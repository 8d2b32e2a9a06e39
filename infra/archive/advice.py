"""What to do about a package of the bundle: in this project, and in a program that installs it."""

from pathlib import Path
from typing import Final

from infra.archive.wheels import LOCK_NAME, REQUIREMENTS, ROOT

# `python -m infra.lock` writes this file, and no other.
_OURS: Final = ROOT / LOCK_NAME
_THEIRS: Final = "the lock of BackgroundTasksArgs(requirements=...)"


def adding(package: str, requirements: Path = REQUIREMENTS) -> str:
    """How a package comes into a lock."""
    if requirements == _OURS:
        return f"python -m infra.lock add {package}"
    return f"have {package} in {_THEIRS}"


def removing(package: str, requirements: Path = REQUIREMENTS) -> str:
    """How a package gets out of a lock."""
    if requirements == _OURS:
        return f"python -m infra.lock remove {package}"
    return f"take {package} out of {_THEIRS}"


def locking(requirements: Path = REQUIREMENTS) -> str:
    """How a lock follows from what was asked for."""
    if requirements == _OURS:
        return "make lock"
    return f"compile {requirements.name} again, with --generate-hashes"


def installing(package: str, requirements: Path = REQUIREMENTS) -> str:
    """How this machine gets a package that a lock has."""
    if requirements == _OURS:
        return "make .venv/ready"
    return f"install {package} in the environment that runs the program"

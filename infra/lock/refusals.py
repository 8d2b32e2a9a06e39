"""What to say where packages can't be locked: why, and the next step."""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from importlib import metadata
from typing import Final, get_args

from packaging.requirements import Requirement

from infra.archive.lambda_python import GONE_MODULES, STANDARD_LIBRARY
from infra.archive.wheels import GLIBC_MINORS, PYTHON_VERSION, Architecture, normalized, pins
from infra.import_check import remedies
from infra.lock import direct, resolving
from infra.lock.locks import DEV, DIRECT, Locks
from infra.lock.resolving import IndexUnreachable, Unresolvable

# The Lambda runtime has them, and the local AWS pins them: no other version would do.
_RUNTIME_ONLY: Final = frozenset({"boto3", "botocore", "s3transfer"})
_ARCHITECTURES: Final[tuple[Architecture, ...]] = get_args(Architecture)
_ABSENT: Final = re.compile(r"\b([\w.-]+) was not found in the")


class LockError(Exception):
    """A package can't be added or removed. The message says why, and what to do."""


def addable(word: str) -> Requirement:
    """The requirement that a word of the command line stands for.

    Raises:
        LockError: there is nothing to add under that name, or it is no name.
    """
    try:
        requirement = direct.parsed(word)
    except ValueError as error:
        raise LockError(str(error)) from error
    name = normalized(requirement.name)
    _refuse_modules_of_python(requirement.name)
    if name in _RUNTIME_ONLY:
        raise LockError(
            f"The Lambda runtime brings {name}. Next: import it; there is nothing to add."
            f" {DIRECT.name} has the boto3 of this machine."
        )
    if direct.is_ours(name):
        raise LockError(
            f"{DIRECT.name} has {name} for the project itself. Next: to have another version, edit"
            " its line, and `make lock`."
        )
    return requirement


def check_removable(word: str, locks: Locks) -> None:
    """Raises `LockError` if `remove` can't take a package out."""
    name, theirs = normalized(word), direct.of_authors(locks.direct)
    if name in theirs:
        return
    if direct.is_ours(name):
        raise LockError(f"{DIRECT.name} has {name} for the project itself: it stays.")
    reason = f"{DIRECT.name} doesn't have {word}."
    if name in pins(locks.bundle):
        reason += " The bundle has it since another package needs it."
    if theirs:
        raise LockError(f"{reason} Next: name one of these: {listed(sorted(theirs))}.")
    raise LockError(f"{reason} It has no package of your tasks to remove.")


def unlockable(
    error: Unresolvable, subject: str, asked: Iterable[str], locked: Collection[str]
) -> str:
    """Why no versions fit.

    Args:
        subject: what can't be done: `requests can't be added`.
        asked: the names of the packages that were asked for.
        locked: those that were locked before.
    """
    absent = {normalized(name) for name in _ABSENT.findall(error.reason)}
    if known := sorted(absent & set(locked)):
        return (
            f"The package index doesn't have {listed(known)}, which the locks have.\n"
            f"{_configured()}\nNext: have pip use an index that has all packages."
        )
    for name in asked:
        if normalized(name) in absent:
            return f'No package is called "{name}" in the index. {_did_you_mean(name)}'
    reason = f"{subject}{error.where}:\n{error.reason}\n"
    if re.search("no (usable )?wheels", error.reason):
        return (
            f"{reason}The bundle takes wheels for Python {PYTHON_VERSION} and glibc 2."
            f"{GLIBC_MINORS[-1]} or older, for {listed(_ARCHITECTURES)}. Next: look for"
            " another version, or another package that has them."
        )
    if not error.architectures:
        reason += f"That is what {DEV.name} says, which every Python of the project uses. "
    return f"{reason}Next: ask for another version, or change what {DIRECT.name} asks for."


def unreachable(error: IndexUnreachable) -> str:
    """Which index doesn't answer, and where its address comes from."""
    address = error.address or "that pip is configured for"
    return (
        f"The package index {address} can't be reached: {error.reason}.\n{_configured()}\n"
        "Next: check the connection, the proxy (HTTPS_PROXY, HTTP_PROXY) and `pip config list`;"
        " then run this again."
    )


def listed(words: Sequence[str]) -> str:
    return ", ".join(words)


def _refuse_modules_of_python(name: str) -> None:
    if {name, name.lower()} & STANDARD_LIBRARY:
        raise LockError(
            f"Python {PYTHON_VERSION} has the module {name} itself. Next: import it; there is"
            " nothing to add."
        )
    if name.lower() in GONE_MODULES:
        reason, step = remedies.gone(name.lower())
        raise LockError(f"The standard library had {name}, {reason}. Next: {step}.")


def _did_you_mean(name: str) -> str:
    """A package that is known here, if one is alike; never one that the index merely has."""
    package = remedies.package_of(name)
    if normalized(package) == normalized(name):
        known = {normalized(each.name) for each in metadata.distributions()}
        alike = difflib.get_close_matches(normalized(name), sorted(known), n=1, cutoff=0.8)
        proposal = f'Did you mean "{alike[0]}", which this machine has? ' if alike else ""
    else:
        proposal = f"The module {name} is in the package {package}. "
    return (
        f"{proposal}Next: look up the spelling on https://pypi.org before you add anything: a name"
        " that is nearly right may be a stranger's package."
    )


def _configured() -> str:
    settings = resolving.index_settings()
    shown = listed([f"{name} = {value}" for name, value in settings.items()])
    return f"pip is configured for {shown or 'no other index than https://pypi.org/simple'}."

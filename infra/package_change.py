"""Adds packages to the bundle, or removes some: all that it takes, or nothing."""

import difflib
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib import metadata
from pathlib import Path
from typing import Final, get_args

from packaging.requirements import Requirement

from infra import direct, wheels
from infra.bundle_size import BundleSize
from infra.locks import DEV, DIRECT, Locks
from infra.resolving import Unresolvable
from infra.settings import Architecture
from infra.wheels import PYTHON_VERSION, REQUIREMENTS, normalized, pins

# The Lambda runtime has them, and the local AWS pins them: no other version would do.
_RUNTIME_ONLY: Final = frozenset({"boto3", "botocore", "s3transfer"})
_ARCHITECTURES: Final[tuple[Architecture, ...]] = get_args(Architecture)


class LockError(Exception):
    """A package can't be added or removed. The message says why, and what to do."""


def add(words: Sequence[str]) -> str:
    """Adds packages; returns what to print.

    They are in all three files, in the cache of wheels for both architectures, and installed for
    the Python that runs this. If any step fails, the files are as they were.

    Args:
        words: `requests`, `requests==2.32.5`, `httpx[http2]`.

    Raises:
        LockError: a package doesn't exist, has no wheel that fits, or doesn't go with the others.
        BundleError: the bundle would be too large.
    """
    before = Locks.read()
    wanted = [each for each in map(_parsed, words) if not _is_there(each, before)]
    if not wanted:
        return f"{_listed([_shown(_parsed(word), before) for word in words])}: already there."
    text = before.direct
    for requirement in wanted:
        text = direct.with_line(text, str(_with_extras(requirement, before)))
    after = _locked(replace(before, direct=text), wanted)
    return _applied(before, after)


def remove(words: Sequence[str]) -> str:
    """Removes packages; returns what to print. What nothing else needs goes with them.

    Raises:
        LockError: requirements.txt doesn't have one of them, or the project itself needs it.
    """
    before = Locks.read()
    text = before.direct
    for word in words:
        _check_removable(word, before)
        text = direct.without(text, word)
    return _applied(before, replace(before, direct=text).locked())


def _parsed(word: str) -> Requirement:
    try:
        requirement = direct.parsed(word)
    except ValueError as error:
        raise LockError(str(error)) from error
    name = normalized(requirement.name)
    if name in _RUNTIME_ONLY:
        raise LockError(
            f"The Lambda runtime brings {name}: tasks import it as it is. Next: nothing, for tasks;"
            f" {DIRECT.name} has the boto3 of this machine."
        )
    if direct.is_ours(name):
        raise LockError(
            f"{DIRECT.name} has {name} for the project itself. Next: to have another version, edit"
            " its line, and `make lock`."
        )
    return requirement


def _is_there(wanted: Requirement, locks: Locks) -> bool:
    name = normalized(wanted.name)
    known = direct.of_authors(locks.direct).get(name)
    version = pins(locks.bundle).get(name)
    return (
        known is not None
        and version is not None
        and wanted.extras <= known.extras
        and wanted.specifier.contains(version, prereleases=True)
    )


def _with_extras(wanted: Requirement, locks: Locks) -> Requirement:
    """With the extras that are there too."""
    if known := direct.of_authors(locks.direct).get(normalized(wanted.name)):
        wanted.extras |= known.extras
    return wanted


def _shown(requirement: Requirement, locks: Locks) -> str:
    name = normalized(requirement.name)
    return f"{name} {pins(locks.bundle)[name]}"


def _check_removable(word: str, locks: Locks) -> None:
    name, theirs = normalized(word), direct.of_authors(locks.direct)
    if name in theirs:
        return
    if direct.is_ours(name):
        raise LockError(f"{DIRECT.name} has {name} for the project itself: it stays.")
    known = (
        f"It has {_listed(sorted(theirs))} for your tasks." if theirs else "It has none of yours."
    )
    raise LockError(f"{DIRECT.name} doesn't have {word}. {known}")


def _locked(asked: Locks, wanted: Sequence[Requirement]) -> Locks:
    names = _listed([str(each) for each in wanted])
    print(f"Looking for {names} and all that it needs ...", file=sys.stderr)
    try:
        return asked.locked()
    except Unresolvable as error:
        raise LockError(_refusal(error, wanted)) from error


def _refusal(error: Unresolvable, wanted: Sequence[Requirement]) -> str:
    for each in wanted:
        if re.search(
            rf"\b{re.escape(each.name)} was not found in the", error.reason, re.IGNORECASE
        ):
            return f'No package is called "{each.name}" in the index.{_did_you_mean(each.name)}'
    names = _listed([str(each) for each in wanted])
    reason = f"{names} can't be added{error.where}:\n{error.reason}"
    if re.search("no (usable )?wheels", error.reason):
        return (
            f"{reason}\nThe bundle takes wheels for Python {PYTHON_VERSION} and glibc 2."
            f"{wheels.GLIBC_MINORS[-1]} or older, for {_listed(_ARCHITECTURES)}. Next: look for"
            " another version, or another package that has them."
        )
    if not error.architectures:
        return f"{reason}\nThat is what {DEV.name} says, which every Python of the project uses."
    return reason


def _did_you_mean(name: str) -> str:
    known = {normalized(each.name) for each in metadata.distributions()}
    alike = difflib.get_close_matches(normalized(name), sorted(known), n=1, cutoff=0.8)
    return f' Did you mean "{alike[0]}"?' if alike else " Next: check the spelling."


def _applied(before: Locks, after: Locks) -> str:
    """Does what the new locks say, then writes them; returns what to print."""
    size = _size(before)
    growth = _size(after).growth_from(size)
    _install(before, after)
    after.write()
    return "\n".join([*_changes(before, after), *growth, _next_step()])


def _size(locks: Locks) -> BundleSize:
    with _requirements(locks.bundle) as file:
        return BundleSize.of(file)


@contextmanager
def _requirements(text: str) -> Iterator[Path]:
    """A file of this text, named as the bundle's lock."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / REQUIREMENTS.name
        file.write_text(text)
        yield file


def _install(before: Locks, after: Locks) -> None:
    """Installs what is new in the developers' lock for the Python that runs this."""
    old = set(before.dev.splitlines())
    bundled = pins(after.bundle)
    lines = [
        line
        for line in after.dev.splitlines()
        if "==" in line and (line not in old or next(iter(pins(line)), "") in bundled)
    ]
    with _requirements("\n".join(lines) + "\n") as file:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(file)]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- every word is ours
    if finished.returncode != 0:
        raise LockError(
            f"pip can't install the packages for {sys.executable}:\n{finished.stderr.strip()}\n"
            "Next: run this with the Python of .venv."
        )


def _changes(before: Locks, after: Locks) -> Iterator[str]:
    old, new = pins(before.bundle), pins(after.bundle)
    asked = direct.of_authors(after.direct)
    added = [name for name in new if name not in old]
    for name in asked.keys() - direct.of_authors(before.direct).keys() - set(added):
        yield f"Added {name} {new[name]}, which the bundle had already."
    if added:
        first = [name for name in added if name in asked]
        rest = [name for name in added if name not in asked]
        needs = f"; with it {_with_versions(rest, new)}" if rest else ""
        yield f"Added {_with_versions(first, new)}{needs}."
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            yield f"Changed {name} from {old[name]} to {new[name]}."
    if removed := [name for name in old if name not in new]:
        yield f"Removed {_with_versions(removed, old)}."
    elif gone := direct.of_authors(before.direct).keys() - asked.keys():
        yield f"Removed {_listed(sorted(gone))} from {DIRECT.name}; other packages still need it."


def _next_step() -> str:
    return (
        f"Next: commit {DIRECT.name}, {REQUIREMENTS.name} and {DEV.name}; start `python -m local"
        " up` again if it runs; `pulumi up` deploys."
    )


def _with_versions(names: Sequence[str], versions: Mapping[str, str]) -> str:
    return _listed([f"{name} {versions[name]}" for name in names])


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words)

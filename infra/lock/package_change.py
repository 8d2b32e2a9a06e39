"""Adds packages to the bundle, or removes some: all that it takes, or nothing."""

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from packaging.requirements import Requirement

from infra.archive.bundle_size import BundleSize
from infra.archive.wheels import REQUIREMENTS, entries, normalized, pins
from infra.lock import direct
from infra.lock.locks import DIRECT, Locks
from infra.lock.refusals import (
    LockError,
    addable,
    check_removable,
    listed,
    unlockable,
    unreachable,
)
from infra.lock.resolving import IndexUnreachable, Unresolvable


def add(words: Sequence[str]) -> str:
    """Adds packages; returns what to print.

    They are in all files, in the cache of wheels for both architectures, and installed for
    the Python that runs this. If any step fails, the files are as they were.

    Args:
        words: `requests`, `requests==2.32.5`, `httpx[http2]`.

    Raises:
        LockError: a package doesn't exist, has no wheel that fits, or doesn't go with the others.
        BundleError: the bundle would be too large.
    """
    before = Locks.read()
    wanted = [each for each in map(addable, words) if not _is_there(each, before)]
    if not wanted:
        there = listed([_shown(addable(word), before) for word in words])
        return f"{there}: already there. Next: import it; if .venv lacks it, `make .venv/ready`."
    text = before.direct
    for requirement in wanted:
        text = direct.with_line(text, str(_with_extras(requirement, before)))
    names = listed([str(each) for each in wanted])
    print(f"Looking for {names} and all that it needs ...", file=sys.stderr)
    asked = replace(before, direct=text)
    with _refusals(f"{names} can't be added", [each.name for each in wanted], before):
        after = asked.locked()
    return _applied(before, after)


def remove(words: Sequence[str]) -> str:
    """Removes packages; returns what to print. What nothing else needs goes with them.

    Raises:
        LockError: requirements.in doesn't have one of them, or the project itself needs it.
    """
    before = Locks.read()
    text = before.direct
    for word in words:
        check_removable(word, before)
        text = direct.without(text, word)
    with _refusals(f"{listed(words)} can't be removed", [], before):
        after = replace(before, direct=text).locked()
    return _applied(before, after)


def lock(lock_of: Callable[[Locks], Locks]) -> str:
    """Writes locks after a change of requirements.in by hand; returns what to print.

    Args:
        lock_of: gives the files as they are to be.

    Raises:
        LockError: no versions fit.
    """
    before = Locks.read()
    with _refusals("The packages can't be locked", direct.of_authors(before.direct), before):
        after = lock_of(before)
    after.write()
    return _next_step(before, after)


@contextmanager
def _refusals(subject: str, asked: Iterable[str], before: Locks) -> Iterator[None]:
    """Says why packages can't be locked, and what to do."""
    try:
        yield
    except Unresolvable as error:
        locked = pins(before.bundle) | pins(before.dev)
        raise LockError(unlockable(error, subject, asked, locked)) from error
    except IndexUnreachable as error:
        raise LockError(unreachable(error)) from error


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


def _applied(before: Locks, after: Locks) -> str:
    """Does what the new locks say, then writes them; returns what to print."""
    size = _size(before)
    growth = _size(after).growth_from(size)
    _install(before, after)
    after.write()
    return "\n".join([*_changes(before, after), *growth, _next_step(before, after)])


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
    old, bundled = set(entries(before.dev)), pins(after.bundle)
    new = [
        entry
        for entry in entries(after.dev)
        if entry not in old or next(iter(pins(entry))) in bundled
    ]
    with _requirements("".join(new)) as file:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
        command += ["--require-hashes", "--only-binary=:all:", f"--requirement={file}"]
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
        yield f"Removed {listed(sorted(gone))} from {DIRECT.name}; other packages still need it."


def _next_step(before: Locks, after: Locks) -> str:
    changed = after.changed_from(before)
    if not changed:
        return "Nothing has changed."
    *first, last = changed
    files = f"{listed(first)} and {last}" if first else last
    if after.bundle == before.bundle:
        return f"Next: commit {files}."
    return (
        f"Next: commit {files}; start `python -m local up` again if it runs; `pulumi up` deploys."
    )


def _with_versions(names: Sequence[str], versions: Mapping[str, str]) -> str:
    return listed([f"{name} {versions[name]}" for name in names])

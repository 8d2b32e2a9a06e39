"""Checks before anything is deployed that Lambda can import what a bundle contains."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib import metadata
from pathlib import Path

from infra.archive import wheels
from infra.archive.lambda_python import THIS_PYTHON
from infra.archive.wheel_files import wheel_files
from infra.errors import BundleError
from infra.import_check import lambda_interpreter, remedies, trial
from infra.import_check.archive_check import Faulty, Missing, check
from infra.import_check.lambda_interpreter import Interpreter
from infra.import_check.modules import Files, Modules
from infra.whole_file import write_whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What an archive is made of.

    Args:
        root: the folder that the tasks' folder is in.
        ours: the project's own files in it.
        packages: its wheels. Without any, the archive runs with the packages of this machine, as
            on the local AWS: it may import those of them that the bundle would have.
        requirements: the lock of these wheels.
    """

    root: Path
    ours: Mapping[str, bytes]
    packages: Sequence[Path]
    requirements: Path


def check_bundle(archive: Path, content: Content, checked: Path) -> None:
    """Refuses an archive whose modules could not be imported on Lambda.

    A Python of the Lambdas' version imports every definition and every entry, if there is one here
    that can load the packages. Every import is looked up by name in any case: those inside
    functions run later.

    Args:
        archive: the zip file.
        checked: a file that remembers the archive that was checked last.

    Raises:
        BundleError: with a line for each import that would fail.
    """
    interpreter, trial_packages = _trial_with(content)
    digest = _digest(archive, content.requirements, interpreter)
    if checked.is_file() and checked.read_text() == digest:
        return
    problems = _problems(content, interpreter, trial_packages)
    if problems:
        raise BundleError("\n".join(problems))
    write_whole(checked, digest)


def _problems(
    content: Content, interpreter: Interpreter | None, trial_packages: Sequence[Path]
) -> list[str]:
    packages = content.packages
    theirs = _contents(wheel_files(packages)) if packages else _installed(content.requirements)
    is_tried = interpreter is not None and bool(trial_packages)
    # What is imported for real needs no look at the packages' own imports.
    found, unreadable = check(
        Modules({**theirs, **_contents(content.ours)}), deep=bool(packages) and not is_tried
    )
    problems: list[Missing | Faulty] = [*unreadable, *found]
    if interpreter is not None and trial_packages:
        files = {**wheel_files(trial_packages), **content.ours}
        problems += _new(trial.failures(files, interpreter), problems)
    lines = (
        remedies.describe(problem, content.root, content.requirements)
        if isinstance(problem, Missing)
        else problem.text
        for problem in problems
    )
    return list(dict.fromkeys(lines))


def _new(
    failures: Sequence[Missing | Faulty], known: Sequence[Missing | Faulty]
) -> list[Missing | Faulty]:
    """The failures in files that nothing is known of yet: one wrong import causes several."""
    files = {problem.file for problem in known}
    return [each for each in failures if each.file not in files]


def _trial_with(content: Content) -> tuple[Interpreter | None, Sequence[Path]]:
    """A Python of the Lambdas' version, and the packages as it can load them."""
    packages = content.packages
    interpreter = lambda_interpreter.find() if packages else None
    if interpreter is None:
        return None, []
    if not _all_load(packages, interpreter):
        packages = wheels.for_machine(interpreter.machine, packages, content.requirements)
    return (interpreter, packages) if _all_load(packages, interpreter) else (None, [])


def _all_load(packages: Sequence[Path], interpreter: Interpreter) -> bool:
    return bool(packages) and all(interpreter.loads(each.name) for each in packages)


def _contents(files: Mapping[str, bytes]) -> dict[str, Callable[[], bytes]]:
    return {name: partial(bytes, content) for name, content in files.items()}


def _installed(requirements: Path) -> Files:
    """The files of those packages on this machine that the bundle would have."""
    files: dict[str, Callable[[], bytes]] = {}
    for name in wheels.pins(requirements.read_text()):
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            files[file.as_posix()] = path.read_bytes
    return files


def _digest(archive: Path, requirements: Path, interpreter: Interpreter | None) -> str:
    """Of all that the result of a check depends on."""
    digest = hashlib.sha256(archive.read_bytes())
    digest.update(requirements.read_bytes())
    for module in sorted(Path(__file__).parent.parent.rglob("*.py")):
        digest.update(module.read_bytes())
    digest.update(repr((THIS_PYTHON, interpreter)).encode())
    return digest.hexdigest()

"""Checks before anything is deployed that Lambda can import what a bundle contains."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
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


def check_bundle(
    archive: Path, root: Path, ours: Mapping[str, bytes], packages: Sequence[Path], checked: Path
) -> None:
    """Refuses an archive whose modules could not be imported on Lambda.

    A Python of the Lambdas' version imports every definition and every entry, if there is one here
    that can load the packages. Every import is looked up by name in any case: those inside
    functions run later.

    Args:
        archive: the zip file.
        ours: the project's own files in it.
        packages: its wheels. Without any, the archive runs with the packages of this machine, as
            on the local AWS: it may import those of them that the bundle would have.
        checked: a file that remembers the archive that was checked last.

    Raises:
        BundleError: with a line for each import that would fail.
    """
    interpreter, trial_packages = _trial_with(packages)
    digest = _digest(archive, interpreter)
    if checked.is_file() and checked.read_text() == digest:
        return
    problems = _problems(root, ours, packages, interpreter, trial_packages)
    if problems:
        raise BundleError("\n".join(problems))
    write_whole(checked, digest)


def _problems(
    root: Path,
    ours: Mapping[str, bytes],
    packages: Sequence[Path],
    interpreter: Interpreter | None,
    trial_packages: Sequence[Path],
) -> list[str]:
    theirs = _contents(wheel_files(packages)) if packages else _installed()
    is_tried = interpreter is not None and bool(trial_packages)
    # What is imported for real needs no look at the packages' own imports.
    found, unreadable = check(
        Modules({**theirs, **_contents(ours)}), deep=bool(packages) and not is_tried
    )
    problems: list[Missing | Faulty] = [*unreadable, *found]
    if interpreter is not None and trial_packages:
        files = {**wheel_files(trial_packages), **ours}
        problems += _new(trial.failures(files, interpreter), problems)
    lines = (
        remedies.describe(problem, root) if isinstance(problem, Missing) else problem.text
        for problem in problems
    )
    return list(dict.fromkeys(lines))


def _new(
    failures: Sequence[Missing | Faulty], known: Sequence[Missing | Faulty]
) -> list[Missing | Faulty]:
    """The failures in files that nothing is known of yet: one wrong import causes several."""
    files = {problem.file for problem in known}
    return [each for each in failures if each.file not in files]


def _trial_with(packages: Sequence[Path]) -> tuple[Interpreter | None, Sequence[Path]]:
    """A Python of the Lambdas' version, and the packages as it can load them."""
    interpreter = lambda_interpreter.find() if packages else None
    if interpreter is None:
        return None, []
    if not _all_load(packages, interpreter):
        packages = wheels.for_machine(interpreter.machine, packages)
    return (interpreter, packages) if _all_load(packages, interpreter) else (None, [])


def _all_load(packages: Sequence[Path], interpreter: Interpreter) -> bool:
    return bool(packages) and all(interpreter.loads(each.name) for each in packages)


def _contents(files: Mapping[str, bytes]) -> dict[str, Callable[[], bytes]]:
    return {name: partial(bytes, content) for name, content in files.items()}


def _installed() -> Files:
    """The files of those packages on this machine that the bundle would have."""
    files: dict[str, Callable[[], bytes]] = {}
    for name in wheels.pins(wheels.REQUIREMENTS.read_text()):
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        for file in distribution.files or ():
            path = Path(str(distribution.locate_file(file)))
            files[file.as_posix()] = path.read_bytes
    return files


def _digest(archive: Path, interpreter: Interpreter | None) -> str:
    """Of all that the result of a check depends on."""
    digest = hashlib.sha256(archive.read_bytes())
    digest.update(wheels.REQUIREMENTS.read_bytes())
    for module in sorted(Path(__file__).parent.parent.rglob("*.py")):
        digest.update(module.read_bytes())
    digest.update(repr((THIS_PYTHON, interpreter)).encode())
    return digest.hexdigest()

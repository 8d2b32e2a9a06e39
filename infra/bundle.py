"""The bundle: one zip of `handler/`, `definitions/` and their packages, which all Lambdas run.

The same files make the same bytes. Pulumi compares archives by their hash: an archive that differed
from one build to the next would redeploy every Lambda at every `pulumi up`.
"""

import hashlib
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Final

import pulumi

from handler.contract import IMPORT_SECONDS
from handler.definition import Definition, discover
from handler.errors import DefinitionError
from infra.archive import wheels
from infra.archive.advice import installing
from infra.archive.bundle_size import check_size
from infra.archive.lock_check import check_lock
from infra.archive.our_files import ENGINE, TASKS, our_files
from infra.archive.wheel_files import wheel_files
from infra.archive.wheels import REQUIREMENTS
from infra.archive.zip_file import write_zip
from infra.arguments import BackgroundTasksArgs
from infra.errors import BundleError
from infra.import_check.bundle_check import Content, check_bundle
from infra.import_check.remedies import is_bundled, package_of
from infra.whole_file import in_place_of

# In the folder of the Pulumi program, which runs there. The state keeps the path of an archive: an
# absolute one would differ on another machine.
BUILD: Final = Path(".build")
VERSION_CHARACTERS: Final = 12


def archive(name: str, args: BackgroundTasksArgs) -> pulumi.FileArchive:
    """Builds the bundle from the files as they are now.

    Args:
        name: the component's: another one in the same program has another bundle.

    Raises:
        BundleError: the lock can't be used, pip could not download a package, Lambda could not
            import a module, or the bundle is too large.
    """
    root = _checked(args.definitions).parent
    check_lock(args.requirements)
    start = _file_name(name)
    if not args.vendor_dependencies:
        path = build(
            BUILD / f"{start}-code-only.zip",
            root,
            [],
            requirements=args.requirements,
            graphiql=args.graphiql,
        )
        return pulumi.FileArchive(str(path))
    architecture = args.lambda_architecture
    path = build(
        BUILD / f"{start}-{architecture}.zip",
        root,
        wheels.fetch(architecture, args.requirements),
        requirements=args.requirements,
        graphiql=args.graphiql,
    )
    return pulumi.FileArchive(str(path))


def _file_name(name: str) -> str:
    """A name that no other component's has, on systems that ignore case either."""
    if re.fullmatch(r"[a-z0-9_-]+", name):
        return name
    digest = hashlib.sha256(name.encode()).hexdigest()[:VERSION_CHARACTERS]
    return f"{re.sub(r'[^a-z0-9_-]', '-', name.lower())}-{digest}"


def build(
    path: Path,
    root: Path,
    packages: Iterable[Path],
    *,
    engine: Path = ENGINE,
    requirements: Path = REQUIREMENTS,
    graphiql: bool = False,
) -> Path:
    """Zips the engine, the tasks with the files beside them, and these wheels into `path`.

    The archive is checked before it takes its place, so that two builds at a time don't mix.

    Args:
        root: the folder that the tasks' folder is in.
        packages: none for a bundle of the code alone, which runs with this machine's packages.
        requirements: the lock of the packages.
        graphiql: whether the page of GraphiQL goes along.

    Raises:
        BundleError: a module of it could not be imported on Lambda, two files have one name, a
            link leads out of the project, or it is too large. The message has a line for each.
    """
    carried = sorted(packages)
    ours = dict(our_files(root, engine, graphiql=graphiql))
    files = {**wheel_files(carried), **ours}
    content = Content(root=root, ours=ours, packages=carried, requirements=requirements)
    path.parent.mkdir(parents=True, exist_ok=True)
    with in_place_of(path) as unfinished:
        write_zip(unfinished, files)
        check_size(unfinished, files)
        check_bundle(unfinished, content, checked=path.with_suffix(".checked"))
    return path


def version(archive: pulumi.FileArchive) -> str:
    """A name for the code in an archive that is the same for the same code: hexadecimal digits."""
    content = Path(archive.path).read_bytes()
    return hashlib.sha256(content).hexdigest()[:VERSION_CHARACTERS]


def definitions(args: BackgroundTasksArgs) -> tuple[Definition, ...]:
    """The tasks that the bundle contains.

    Raises:
        BundleError: a definition can't be imported or is invalid; the message names its file.
    """
    folder = _checked(args.definitions)
    try:
        with _importable(folder):
            return tuple(discover(import_seconds=IMPORT_SECONDS))
    except DefinitionError as error:
        advice = _advice(error.__cause__, args.requirements)
        raise BundleError(f"{error.message}{advice}") from error


def _checked(folder: Path) -> Path:
    if folder.name != TASKS or not folder.is_dir():
        raise BundleError(
            f'The folder of the tasks is "{folder}"; it takes an existing folder that is called'
            f' "{TASKS}", looked for from {Path.cwd()}. Next: BackgroundTasksArgs('
            f'definitions=Path("{TASKS}")).'
        )
    if not (folder / "__init__.py").is_file():
        raise BundleError(
            f'The folder of the tasks, "{folder}", is no package. Next: create an empty'
            f" {TASKS}/__init__.py."
        )
    return folder.parent.resolve() / folder.name


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """The tasks are one package, here and in the Lambdas, whatever is around its folder here.

    Another component of the program may have imported the tasks of another folder before: they are
    put aside meanwhile.
    """
    is_other = _place() not in (None, folder.resolve())
    aside = _taken_out() if is_other else {}
    sys.path.insert(0, str(folder.parent))
    try:
        yield
    finally:
        sys.path.remove(str(folder.parent))
        if is_other:
            _taken_out()
            sys.modules.update(aside)


def _taken_out() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name.partition(".")[0] == TASKS]
    return {name: sys.modules.pop(name) for name in names}


def _place() -> Path | None:
    """The folder that `definitions` has been imported from."""
    file = getattr(sys.modules.get(TASKS), "__file__", None)
    return Path(file).parent.resolve() if file else None


def _advice(cause: BaseException | None, requirements: Path) -> str:
    """What to do if this machine lacks a package that the bundle has."""
    if isinstance(cause, ModuleNotFoundError) and is_bundled(cause.name or "", requirements):
        step = installing(package_of(cause.name or ""), requirements)
        return f" {requirements.name} has that package, and this machine doesn't. Next: {step}"
    return ""

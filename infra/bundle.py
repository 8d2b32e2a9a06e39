"""The bundle: one zip of `handler/`, `definitions/` and their packages, which all Lambdas run.

The same files make the same bytes. Pulumi compares archives by their hash: an archive that differed
from one build to the next would redeploy every Lambda at every `pulumi up`.
"""

import hashlib
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pulumi

from handler.contract import IMPORT_SECONDS
from handler.definition import Definition, discover
from handler.errors import DefinitionError
from infra.archive import wheels
from infra.archive.bundle_size import check_size
from infra.archive.our_files import TASKS, our_files
from infra.archive.wheel_files import wheel_files
from infra.archive.wheels import REQUIREMENTS
from infra.archive.zip_file import write_zip
from infra.arguments import BackgroundTasksArgs
from infra.errors import BundleError
from infra.import_check.bundle_check import check_bundle
from infra.import_check.remedies import is_bundled
from infra.whole_file import in_place_of

# In the folder of the Pulumi program, which runs there. The state keeps the path of an archive: an
# absolute one would differ on another machine.
BUILD: Final = Path(".build")
VERSION_CHARACTERS: Final = 12


def archive(args: BackgroundTasksArgs) -> pulumi.FileArchive:
    """Builds the bundle from the files as they are now.

    Raises:
        BundleError: pip could not download a package, or Lambda could not import a module, or
            the bundle is too large.
    """
    root = args.definitions.resolve().parent
    if not args.vendor_dependencies:
        return pulumi.FileArchive(str(build(BUILD / "bundle-code-only.zip", root, packages=[])))
    architecture = args.lambda_architecture
    return pulumi.FileArchive(
        str(build(BUILD / f"bundle-{architecture}.zip", root, wheels.fetch(architecture)))
    )


def build(path: Path, root: Path, packages: Iterable[Path]) -> Path:
    """Zips `root`'s code, the files beside its tasks, and these wheels into `path`.

    The archive is checked before it takes its place, so that two builds at a time don't mix.

    Args:
        packages: none for a bundle of the code alone, which runs with this machine's packages.

    Raises:
        BundleError: a module of it could not be imported on Lambda, two files have one name, a
            link leads out of the project, or it is too large. The message has a line for each.
    """
    carried = sorted(packages)
    ours = dict(our_files(root))
    files = {**wheel_files(carried), **ours}
    path.parent.mkdir(parents=True, exist_ok=True)
    with in_place_of(path) as unfinished:
        write_zip(unfinished, files)
        check_size(unfinished, files)
        check_bundle(unfinished, root, ours, carried, checked=path.with_suffix(".checked"))
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
    _make_importable(args.definitions)
    try:
        return tuple(discover(import_seconds=IMPORT_SECONDS))
    except DefinitionError as error:
        raise BundleError(f"{error.message}{_advice(error.__cause__)}") from error


def _make_importable(folder: Path) -> None:
    """The tasks are one package, here and in the Lambdas, whatever is around its folder here."""
    if folder.name != TASKS or not folder.is_dir():
        raise BundleError(
            f'The folder of the tasks is "{folder}"; it takes an existing folder that is called'
            f' "{TASKS}". Next: BackgroundTasksArgs(definitions=Path("{TASKS}")).'
        )
    parent = str(folder.resolve().parent)
    if parent not in sys.path:
        sys.path.insert(0, parent)


def _advice(cause: BaseException | None) -> str:
    """What to do if this machine lacks a package that the bundle has."""
    if isinstance(cause, ModuleNotFoundError) and is_bundled(cause.name or ""):
        return (
            f" {REQUIREMENTS.name} has that package, and this machine doesn't. Next: make"
            " .venv/ready"
        )
    return ""

"""The bundle: one zip of `handler/`, `definitions/` and their packages, which all Lambdas run.

The same files make the same bytes. Pulumi compares archives by their hash: an archive that differed
from one build to the next would redeploy every Lambda at every `pulumi up`.
"""

import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import pulumi

from handler.definition import Definition, discover
from handler.errors import DefinitionError
from infra import wheels
from infra.errors import BundleError
from infra.settings import Settings
from infra.wheels import REQUIREMENTS, ROOT

BUILD: Final = ROOT / ".build"

OUR_PACKAGES: Final = ("handler", "definitions")
OUR_SUFFIXES: Final = frozenset({".py", ".graphql"})
# The authors' test kit imports moto, which no Lambda has.
OUR_TEST_KIT: Final = "handler/testing"
# Files of a wheel for type checkers and installers. METADATA stays, since packages read their own
# version from it; licences stay: most of them require it.
UNUSED_SUFFIXES: Final = frozenset({".pyi", ".typed"})
UNUSED_METADATA: Final = frozenset({"RECORD", "WHEEL", "top_level.txt"})

# The earliest time that a zip can store. A file's own time would change the archive's hash at every
# checkout.
ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE: Final = 0o100644


def archive(settings: Settings) -> pulumi.FileArchive:
    """Builds the bundle from the files as they are now.

    Raises:
        BundleError: pip could not download a package.
    """
    if not settings.config.vendor_dependencies:
        return pulumi.FileArchive(str(build(BUILD / "bundle-code-only.zip", ROOT, packages=[])))
    architecture = settings.config.lambda_architecture
    return pulumi.FileArchive(
        str(build(BUILD / f"bundle-{architecture}.zip", ROOT, wheels.fetch(architecture)))
    )


def build(path: Path, root: Path, packages: Iterable[Path]) -> Path:
    """Zips `root`'s code and these wheels into `path`.

    Writes a temporary file first and renames it, so that two builds at a time don't mix.
    """
    files = _merged([*_our_files(root), *_package_files(packages)])
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(f".{os.getpid()}")
    with zipfile.ZipFile(unfinished, "w") as archive:
        for name in sorted(files):
            archive.writestr(_entry(name), files[name], compresslevel=9)
    unfinished.replace(path)
    return path


def definitions() -> tuple[Definition, ...]:
    """The tasks that the bundle contains.

    Raises:
        BundleError: a definition can't be imported or is invalid; the message names its file.
    """
    try:
        return tuple(discover())
    except DefinitionError as error:
        raise BundleError(error.message) from error


def _our_files(root: Path) -> Iterator[tuple[str, bytes]]:
    for package in OUR_PACKAGES:
        for path in (root / package).rglob("*"):
            name = path.relative_to(root).as_posix()
            if path.suffix in OUR_SUFFIXES and not name.startswith(OUR_TEST_KIT):
                yield name, path.read_bytes()


def _package_files(packages: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    for package in packages:
        with zipfile.ZipFile(package) as wheel:
            for name in wheel.namelist():
                if _is_used(PurePosixPath(name)) and not name.endswith("/"):
                    yield name, wheel.read(name)


def _is_used(path: PurePosixPath) -> bool:
    folder = path.parts[0]
    if folder.endswith(".data"):  # scripts and headers: only an installer moves them into place
        return False
    if folder.endswith(".dist-info"):
        return path.name not in UNUSED_METADATA
    return path.suffix not in UNUSED_SUFFIXES


def _merged(files: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    merged: dict[str, bytes] = {}
    for name, content in files:
        if name in merged:
            raise BundleError(
                f"Two packages of the bundle contain the file {name}. Remove one of them from"
                f" {REQUIREMENTS.name}."
            )
        merged[name] = content
    return merged


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, ZIP_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, also if built on Windows: Lambda reads the permissions below
    entry.external_attr = REGULAR_FILE << 16
    return entry

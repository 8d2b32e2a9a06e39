"""The code archive that all Lambdas share: `handler/`, `definitions/` and their packages, the same
bytes every time.
"""

import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

import pulumi

from handler.definition.definition import Definition
from handler.definition.registry import discover
from handler.errors import DefinitionError
from infra import wheels
from infra.errors import BundleError
from infra.settings import Settings
from infra.wheels import REQUIREMENTS, ROOT

BUILD: Final = ROOT / ".build"

OUR_PACKAGES: Final = ("handler", "definitions")
OUR_SUFFIXES: Final = frozenset({".py", ".graphql"})
# The kit for tests of tasks brings moto along; no Lambda has it.
OUR_TEST_KIT: Final = "handler/testing"
# What a wheel carries for type checkers and installers. Licences and METADATA stay: packages read
# their own version there.
UNUSED_SUFFIXES: Final = frozenset({".pyi", ".typed"})
UNUSED_METADATA: Final = frozenset({"RECORD", "WHEEL", "top_level.txt"})

# The first moment that a zip can express: a file's own time would change the archive at every
# checkout.
ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE: Final = 0o100644


def archive(settings: Settings) -> pulumi.FileArchive:
    """The archive to deploy, built from the files as they are.

    Raises:
        BundleError: the packages can't be had; the message says which.
    """
    if not settings.config.vendor_dependencies:
        return pulumi.FileArchive(str(build(BUILD / "bundle-code-only.zip", ROOT, packages=[])))
    architecture = settings.config.lambda_architecture
    return pulumi.FileArchive(
        str(build(BUILD / f"bundle-{architecture}.zip", ROOT, wheels.fetch(architecture)))
    )


def build(path: Path, root: Path, packages: Iterable[Path]) -> Path:
    """Writes the archive of `root`'s code and these wheels to `path`, all at once. The same files
    make the same bytes.
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
    """The definitions that the archive will hold.

    Raises:
        BundleError: one can't be used; the message names the file.
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
    if folder.endswith(
        ".data"
    ):  # scripts and headers, which only an installer would put in their places
        return False
    if folder.endswith(".dist-info"):
        return path.name not in UNUSED_METADATA
    return path.suffix not in UNUSED_SUFFIXES


def _merged(files: Iterable[tuple[str, bytes]]) -> dict[str, bytes]:
    merged: dict[str, bytes] = {}
    for name, content in files:
        if name in merged:
            raise BundleError(
                f"Two packages of the bundle have a file {name}. Remove one of them from"
                f" {REQUIREMENTS.name}."
            )
        merged[name] = content
    return merged


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, ZIP_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, wherever it is built: Lambda reads the permissions below
    entry.external_attr = REGULAR_FILE << 16
    return entry

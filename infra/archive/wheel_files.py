"""The files of the bundle's packages, out of their wheels."""

import re
import stat
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from infra.archive.advice import removing
from infra.archive.lambda_python import RUNTIME, RUNTIME_PACKAGES, STANDARD_LIBRARY
from infra.archive.our_files import OUR_PACKAGES
from infra.archive.wheels import package_of
from infra.errors import BundleError

# Files of a wheel for type checkers and installers. METADATA stays, since packages read their own
# version from it; licences stay: most of them require it.
_UNUSED_SUFFIXES: Final = frozenset({".pyi", ".typed"})
_UNUSED_METADATA: Final = frozenset({"RECORD", "WHEEL", "top_level.txt"})
# Where a wheel has modules that an installer moves to the others (PyPA specifications, "Binary
# distribution format"). Its scripts, headers and data go elsewhere, and are left out.
_MOVED: Final = ("purelib", "platlib")
_ODD_NAME: Final = re.compile(r"^[A-Za-z]:|[\\\x00-\x1f\x7f]")
_IMPORTED: Final = (".py", ".pyc", ".so")
# Only the package itself may bring a module that the runtime has.
_OF_RUNTIME: Final = {module: package for package, module in RUNTIME_PACKAGES.items()}


def wheel_files(wheels: Iterable[Path]) -> dict[str, bytes]:
    """What the wheels contain, by path.

    Raises:
        BundleError: two packages contain different files of one name; one has an entry that leads
            out of the archive, or a module that would hide one of ours, of Python's, or of the
            Lambda runtime's.
    """
    files: dict[str, bytes] = {}
    for wheel in wheels:
        for name, content in _files_of(wheel):
            _refuse_hiding(name, wheel)
            if files.setdefault(name, content) != content:
                raise BundleError(
                    f"Two packages of the bundle contain the file {name}; one of them is"
                    f" {wheel.name}. Next: {removing('<one of them>')}"
                )
    return files


def _files_of(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as opened:
        for entry in opened.infolist():
            _refuse_odd(entry, wheel)
        names = [name for name in opened.namelist() if not name.endswith("/")]
        if twice := [name for name, count in Counter(names).items() if count > 1]:
            raise _odd(wheel, twice[0], "twice")
        for name in names:
            path = _installed_at(PurePosixPath(name))
            if path is not None and (_is_used(path) or _is_read(path, opened, names)):
                yield path.as_posix(), opened.read(name)


def _refuse_odd(entry: zipfile.ZipInfo, wheel: Path) -> None:
    name = entry.orig_filename  # `filename` ends before a NUL
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if not set(name.removesuffix("/").split("/")).isdisjoint(("", ".", "..")):
        raise _odd(wheel, name, "whose name leads out of its folder")
    if _ODD_NAME.search(name):
        raise _odd(wheel, name, "whose name has a drive, a backslash or a control character")
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise _odd(wheel, name, "which is a link, or no regular file")


def _odd(wheel: Path, name: str, why: str) -> BundleError:
    return BundleError(
        f"The package {wheel.name} contains {name!r}, {why}. No tool that builds packages does"
        f" that. Next: {removing(package_of(wheel))}, and tell its authors."
    )


def _installed_at(path: PurePosixPath) -> PurePosixPath | None:
    match path.parts:
        case [folder, part, *rest] if folder.endswith(".data"):
            return PurePosixPath(*rest) if part in _MOVED and rest else None
        case [folder, *_] if folder.endswith(".data"):
            return None
    return path


def _is_used(path: PurePosixPath) -> bool:
    if path.parts[0].endswith(".dist-info"):
        return path.name not in _UNUSED_METADATA
    return path.suffix not in _UNUSED_SUFFIXES


def _is_read(path: PurePosixPath, wheel: zipfile.ZipFile, names: list[str]) -> bool:
    """Whether a module reads its stub when it is imported, as those with `lazy_loader` do."""
    module = path.with_suffix(".py").as_posix()
    return path.suffix == ".pyi" and module in names and b"attach_stub" in wheel.read(module)


def _refuse_hiding(name: str, wheel: Path) -> None:
    module = re.split(r"[/.]", name)[0]
    if module in OUR_PACKAGES:
        raise BundleError(
            f"The package {wheel.name} contains {name}, and {module} is this project's own. Next:"
            f" {removing('<that package>')}"
        )
    if not name.endswith(_IMPORTED):
        return
    owner = "Python's own" if module in STANDARD_LIBRARY else "the Lambda runtime's"
    is_theirs = module in RUNTIME and _OF_RUNTIME.get(module) != package_of(wheel)
    if module in STANDARD_LIBRARY or is_theirs:
        raise BundleError(
            f"The package {wheel.name} contains {name}, which would hide {owner} {module}."
            f" Next: {removing('<that package>')}"
        )

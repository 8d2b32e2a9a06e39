"""The files of the bundle's packages, out of their wheels."""

import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from typing import Final

from infra.archive.lambda_python import STANDARD_LIBRARY
from infra.archive.module_names import module_of
from infra.archive.our_files import OUR_PACKAGES
from infra.errors import BundleError

# Files of a wheel for type checkers and installers. METADATA stays, since packages read their own
# version from it; licences stay: most of them require it.
_UNUSED_SUFFIXES: Final = frozenset({".pyi", ".typed"})
_UNUSED_METADATA: Final = frozenset({"RECORD", "WHEEL", "top_level.txt"})
# Where a wheel has modules that an installer moves to the others (PyPA specifications, "Binary
# distribution format"). Its scripts, headers and data go elsewhere, and are left out.
_MOVED: Final = ("purelib", "platlib")


def wheel_files(wheels: Iterable[Path]) -> dict[str, bytes]:
    """What the wheels contain, by path.

    Raises:
        BundleError: two packages contain different files of one name, or one contains a module
            that would hide one of ours or of Python's.
    """
    files: dict[str, bytes] = {}
    for wheel in wheels:
        for name, content in _files_of(wheel):
            _refuse_hiding(name, wheel)
            if files.setdefault(name, content) != content:
                raise BundleError(
                    f"Two packages of the bundle contain the file {name}; one of them is"
                    f" {wheel.name}. Next: python -m infra.lock remove <one of them>"
                )
    return files


def _files_of(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as opened:
        names = [name for name in opened.namelist() if not name.endswith("/")]
        for name in names:
            path = _installed_at(PurePosixPath(name))
            if path is not None and (_is_used(path) or _is_read(path, opened, names)):
                yield path.as_posix(), opened.read(name)


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
    top = name.partition("/")[0]
    module = module_of(top) or top
    if module in OUR_PACKAGES:
        raise BundleError(
            f"The package {wheel.name} contains {name}, and {module} is this project's own. Next:"
            " python -m infra.lock remove <that package>"
        )
    if module in STANDARD_LIBRARY and name.endswith((".py", ".so")):
        raise BundleError(
            f"The package {wheel.name} contains {name}, which would hide Python's own {module}."
            " Next: python -m infra.lock remove <that package>"
        )

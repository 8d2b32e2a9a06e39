"""Writes zip files whose bytes depend on their content alone."""

import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

# The earliest time that a zip can store. A file's own time would change the archive's hash at every
# checkout.
ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
REGULAR_FILE: Final = 0o100644


def write_zip(path: Path, files: Mapping[str, bytes]) -> None:
    """Zips files. The same files make the same bytes."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in sorted(files):
            archive.writestr(_entry(name), files[name], compresslevel=9)


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, ZIP_EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = 3  # Unix, also if built on Windows: Lambda reads the permissions below
    entry.external_attr = REGULAR_FILE << 16
    return entry

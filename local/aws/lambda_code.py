"""The code of a function is unpacked once, and compiled: each of its processes starts with that.

ministack unpacks it for each process, and has each process compile it. On AWS a start copies
nothing (Lambda developer guide, "Understanding the Lambda execution environment lifecycle").
"""

import compileall
import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path
from py_compile import PycInvalidationMode
from types import SimpleNamespace
from typing import Any, Final

from local.aws.patch import module, replace

CODE: Final = "code"  # what ministack calls the folder


def apply() -> None:
    """Has the processes of Lambdas share the code that they have in common."""
    shared = SimpleNamespace(
        ZipFile=_Archive,
        BadZipFile=zipfile.BadZipFile,
        LargeFileError=zipfile.LargeZipFile,  # ministack's name for it
    )
    replace(module("core.lambda_runtime"), "zipfile", lambda _: shared)


class _Archive(zipfile.ZipFile):
    """An archive of a function, or of a layer, which is unpacked as ever."""

    def extractall(self, path: Any = None, members: Any = None, pwd: Any = None) -> None:
        """Puts a link in the place of the function's empty folder, to what was unpacked before."""
        folder = Path(path)
        if folder.name != CODE:
            super().extractall(path, members, pwd)
            return
        folder.rmdir()
        folder.symlink_to(_unpacked(Path(str(self.filename))))


def _unpacked(archive: Path) -> Path:
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    shared = Path(tempfile.gettempdir()) / "lambda-code" / digest
    if not shared.exists():
        folder = Path(tempfile.mkdtemp())
        with zipfile.ZipFile(archive) as content:
            content.extractall(folder)
        # They hold wherever the folder is, and whatever its dates are.
        compileall.compile_dir(
            folder, quiet=2, invalidation_mode=PycInvalidationMode.UNCHECKED_HASH
        )
        shared.parent.mkdir(exist_ok=True)
        _put(folder, shared)
    return shared


def _put(folder: Path, shared: Path) -> None:
    """Two processes may have unpacked it at the same time: the first one's stays."""
    try:
        folder.rename(shared)
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)

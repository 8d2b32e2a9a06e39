"""What the tests of the operators' page need beside Python: a driver of browsers, and a judge."""

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

from tests.browser.lock import LOCK
from tests.clients import setup
from tests.clients.setup import Missing

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE.parents[1] / ".build" / "browser"
_PACKAGES: Final = FOLDER / "python"
_INSTALLED: Final = _PACKAGES / "installed.txt"


def install() -> None:
    """Installs what is not there yet: it asks the package index and npm once.

    Raises:
        Missing: something is not on this machine, or can't be had.
    """
    setup.chromium()
    setup.install(HERE, FOLDER / "npm")
    if not (_INSTALLED.exists() and _INSTALLED.read_text() == LOCK.read_text()):
        print(f"Installing what drives the browser into {_PACKAGES} (once) ...", flush=True)
        shutil.rmtree(_PACKAGES, ignore_errors=True)
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        what = ["--require-hashes", "--requirement", str(LOCK), "--target", str(_PACKAGES)]
        done = subprocess.run([*pip, *what], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"pip could not install the packages. Next: see why.\n{done.stderr}")
        _INSTALLED.write_text(LOCK.read_text())


def take_up() -> None:
    """Has Python find what drives the browser. What the project has itself comes first."""
    if str(_PACKAGES) not in sys.path:
        sys.path.append(str(_PACKAGES))


def prettier() -> Path:
    """The program that formats the page's modules and styles."""
    return FOLDER / "npm" / "node_modules" / "prettier" / "bin" / "prettier.cjs"


@cache
def axe() -> str:
    """The program that looks at a page for what keeps people out."""
    return (FOLDER / "npm" / "node_modules" / "axe-core" / "axe.min.js").read_text()

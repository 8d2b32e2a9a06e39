"""What the tests of other clients need beside Python: Node.js, packages of npm, and Chromium."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
FOLDER: Final = HERE.parents[1] / ".build" / "clients"
_MANIFESTS: Final = ("package.json", "package-lock.json")


class Missing(Exception):
    """Something that the tests need is not on this machine. Says what to do next."""


def chromium() -> str:
    """The path of Chromium. Raises `Missing`."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    raise Missing(
        "There is no Chromium on the path. Next: install it, on Debian by"
        " `apt-get install chromium`."
    )


def node() -> str:
    """The path of Node.js. Raises `Missing`."""
    if path := shutil.which("node"):
        return path
    raise Missing("There is no Node.js on the path. Next: install it, 20 or newer, with npm.")


def installed() -> Path:
    """The folder of the scripts, with the packages that they import: it asks npm once.

    Raises:
        Missing: there is no npm, or no registry that has the packages.
    """
    install(HERE, FOLDER)
    for script in HERE.glob("*.mjs"):
        shutil.copy(script, FOLDER)
    return FOLDER


def install(manifests: Path, folder: Path) -> None:
    """Installs the packages of a lock into a folder, unless they are there.

    Args:
        manifests: where `package.json` and its lock are.

    Raises:
        Missing: there is no npm, or no registry that has the packages.
    """
    node()
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("There is no npm on the path. Next: install it.")
    folder.mkdir(parents=True, exist_ok=True)
    if _is_up_to_date(manifests, folder):
        return
    for name in _MANIFESTS:
        shutil.copy(manifests / name, folder)
    run = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", str(folder)]
    done = subprocess.run(run, capture_output=True, text=True, check=False)
    if done.returncode:
        shutil.rmtree(folder)
        raise Missing(f"npm could not install the packages. Next: see why.\n{done.stderr}")


def _is_up_to_date(manifests: Path, folder: Path) -> bool:
    if not (folder / "node_modules").is_dir():
        return False
    return all(
        (folder / name).is_file()
        and (folder / name).read_bytes() == (manifests / name).read_bytes()
        for name in _MANIFESTS
    )

"""A pip to download packages with. Environments that uv or poetry have made may have none."""

import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from infra.errors import BundleError


def command() -> list[str]:
    """The words that start pip.

    Raises:
        BundleError: there is none. The message says how to get one.
    """
    for found in candidates():
        return found
    raise BundleError(
        f"The bundle's packages are downloaded with pip, and {sys.executable} has none. Next:"
        " `uv pip install pip`, `poetry add pip`, your system's package (python3-pip), or put uv on"
        " the PATH."
    )


def candidates() -> Iterator[list[str]]:
    """Each pip at hand, the best first: the environment's, the one that Python carries, uv's."""
    if find_spec("pip"):
        yield [sys.executable, "-m", "pip"]
    for wheel in _carried():
        yield [sys.executable, str(wheel / "pip")]  # a wheel is a zip file, from which Python runs
    if uv := shutil.which("uv"):
        yield [uv, "tool", "run", "--quiet", "pip"]


def _carried() -> list[Path]:
    """The wheel of pip from which Python itself installs it; some systems leave it out."""
    installer = find_spec("ensurepip")
    if installer is None or installer.origin is None:
        return []
    return sorted(Path(installer.origin).parent.glob("_bundled/pip-*.whl"))

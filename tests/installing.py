"""The project's package, built and installed into an environment without the checkout."""

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "embedded"


@dataclass(frozen=True)
class Installed:
    """A virtual environment with the package. Its other packages are those of the tests."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @classmethod
    def into(cls, folder: Path) -> "Installed":
        """Builds a wheel and installs it, without a package index."""
        [wheel] = built("wheel", folder.with_name(f"{folder.name}-wheel"))
        made = cls(folder)
        _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
        pip = (sys.executable, "-m", "pip", "--python", str(made.python), "install", "--quiet")
        _run(*pip, "--no-deps", "--no-index", str(wheel))
        made.site_packages.joinpath("of_the_tests.pth").write_text(sysconfig.get_path("purelib"))
        return made

    @property
    def site_packages(self) -> Path:
        [folder] = self.folder.glob("lib/python*/site-packages")
        return folder


def built(target: str, folder: Path) -> list[Path]:
    """Builds a `wheel` or an `sdist` of the checkout, with hatchling as it is installed here."""
    _run(sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(folder))
    return sorted(folder.iterdir())


def _run(*command: str) -> None:
    ran = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, f"{command} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}"

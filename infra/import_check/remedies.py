"""What to say about an import that would fail on Lambda: why, and the next step."""

import sys
from importlib import metadata
from pathlib import Path, PurePosixPath
from typing import Final

from handler.definition import is_test
from infra.archive.advice import adding, installing, locking
from infra.archive.lambda_python import GONE_MODULES, PROGRAM_PACKAGES, RUNTIME, STANDARD_LIBRARY
from infra.archive.our_files import OUR_PACKAGES
from infra.archive.wheels import PYTHON_VERSION, REQUIREMENTS, normalized, pins
from infra.import_check.archive_check import Missing

# What only tests import. Nobody wants these in a Lambda.
TEST_PACKAGES: Final = frozenset(
    {"_pytest", "freezegun", "hypothesis", "moto", "nose", "pytest", "pytest_mock", "responses"}
)
# Packages whose modules have other names, for those that this machine doesn't have.
_PACKAGES_OF: Final = {
    "Crypto": "pycryptodome",
    "PIL": "pillow",
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "dotenv": "python-dotenv",
    "fitz": "pymupdf",
    "jose": "python-jose",
    "jwt": "PyJWT",
    "magic": "python-magic",
    "MySQLdb": "mysqlclient",
    "nacl": "PyNaCl",
    "openssl": "pyOpenSSL",
    "pptx": "python-pptx",
    "psycopg2": "psycopg2-binary",
    "pymupdf": "pymupdf",
    "serial": "pyserial",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "slugify": "python-slugify",
    "yaml": "PyYAML",
    "zmq": "pyzmq",
}


def describe(missing: Missing, root: Path, requirements: Path = REQUIREMENTS) -> str:
    """One line: the file, the line and the module, why it isn't there, and the next step."""
    what = f"{missing.name} from {missing.module}" if missing.name else missing.module
    reason, step = _remedy(missing, root, requirements)
    user = f" ({missing.user}, imports it)" if missing.user else ""
    return f"{missing.file}, line {missing.line}{user}, imports {what}, {reason}. Next: {step}"


def _remedy(missing: Missing, root: Path, requirements: Path) -> tuple[str, str]:
    top = missing.module.partition(".")[0]
    if _belongs_to_tests(missing, top):
        return (
            "which only tests have",
            f"move {PurePosixPath(missing.file).name} to tests/, or that import out of it",
        )
    if top in GONE_MODULES:
        return gone(top, requirements)
    if top in STANDARD_LIBRARY or top in sys.stdlib_module_names:
        thing = "name" if missing.name else "module"
        return (
            f"and Python {PYTHON_VERSION} on Linux has no such {thing}",
            "use what it has in place of it",
        )
    if top in OUR_PACKAGES:
        if _names_a_test(missing, root):
            return "a test, which the bundle leaves out", "move what you need of it to another file"
        reason = "which has no such name" if missing.name else "which the bundle doesn't have"
        return reason, "correct the name, or add the file"
    if missing.name:
        return (
            "which has no such name in the bundle",
            "correct the name, or have another version of its package",
        )
    return _absent(missing, top, root, requirements)


def _belongs_to_tests(missing: Missing, top: str) -> bool:
    name = PurePosixPath(missing.file).stem
    is_test = name == "conftest" or name.startswith("test_") or name.endswith("_test")
    return (
        top in TEST_PACKAGES
        or missing.module.startswith("handler.testing")
        or (missing.module == "handler" and missing.name == "testing")
        or (is_test and top == "tests")
    )


def _names_a_test(missing: Missing, root: Path) -> bool:
    """Whether a module of ours is there, and is not deployed since it has tests."""
    module = ".".join(filter(None, (missing.module, missing.name)))
    file = root / f"{module.replace('.', '/')}.py"
    return file.is_file() and is_test(file)


def gone(top: str, requirements: Path = REQUIREMENTS) -> tuple[str, str]:
    """Why a module of older Pythons isn't there, and the next step."""
    package = GONE_MODULES[top]
    add = f"`{adding(package, requirements)}` has the same module; or " if package else ""
    return f"which Python {PYTHON_VERSION} no longer has", f"{add}use something else"


def _absent(missing: Missing, top: str, root: Path, requirements: Path) -> tuple[str, str]:
    if not top:
        return "which is above the topmost package", "take away a dot"
    if is_bundled(top, requirements):
        if missing.module == top:
            return (
                f"which {requirements.name} has, and this machine doesn't",
                installing(package_of(top), requirements),
            )
        return (
            "which its package doesn't have in the bundle",
            "correct the name, or have another version of its package",
        )
    if top in RUNTIME:
        return "which its package doesn't have in the Lambda runtime", "correct the name"
    if (root / top).is_dir() or (root / f"{top}.py").is_file():
        return (
            f"and the project's own {top} is not deployed",
            "move what you need of it to definitions/",
        )
    package = package_of(top)
    if normalized(package) in PROGRAM_PACKAGES:
        return "which only the program that deploys has", "take the import out"
    if _is_direct(package, root):
        return f"and {requirements.name} doesn't have it yet", locking(requirements)
    add = adding(package, requirements)
    if package == top and top not in metadata.packages_distributions():
        add += ", once you have looked up that name on https://pypi.org"
    return "which the bundle doesn't have", add


def is_bundled(module: str, requirements: Path = REQUIREMENTS) -> bool:
    """Whether the package of a module is one of the bundle's."""
    top = module.partition(".")[0]
    return normalized(package_of(top)) in pins(requirements.read_text())


def _is_direct(package: str, root: Path) -> bool:
    direct = root / "requirements.in"
    return direct.is_file() and normalized(package) in pins(direct.read_text())


def package_of(top: str) -> str:
    """The package that has a module: what this machine knows, or else the module's own name."""
    if top in _PACKAGES_OF:
        return _PACKAGES_OF[top]
    installed = metadata.packages_distributions().get(top)
    return installed[0] if installed else top

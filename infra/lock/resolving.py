"""Finds the versions and the wheels that fit: for the bundle, and for developers.

uv finds versions, since it can do so for another Python and another system than this one. pip finds
the wheels, as it will when the bundle is built.
"""

import functools
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, get_args

from infra.archive.wheels import (
    GLIBC_MINORS,
    MACHINES,
    PYTHON_VERSION,
    ROOT,
    Architecture,
    pins,
    target_options,
)

# The oldest Python that the project runs on. The developers' lock holds for it and for every newer
# one.
OLDEST_PYTHON: Final = "3.11"

_ARCHITECTURES: Final[tuple[Architecture, ...]] = get_args(Architecture)


class Unresolvable(Exception):
    """No versions, or no wheels, fit. The message is the reason in the resolver's words.

    Args:
        architectures: for which of the Lambdas' architectures; none if for the developers' lock.
    """

    def __init__(self, reason: str, architectures: Iterable[Architecture] = ()) -> None:
        super().__init__(reason)
        self.reason = reason
        self.architectures = tuple(architectures)

    @property
    def where(self) -> str:
        """` for Python 3.13 on arm64`, or nothing."""
        names = " and ".join(self.architectures)
        return f" for Python {PYTHON_VERSION} on {names}" if names else ""


class IndexUnreachable(Exception):
    """The package index doesn't answer, or refuses to.

    Args:
        reason: in a line.
        address: the index's; "" if it is unknown.
    """

    def __init__(self, reason: str, address: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.address = address


def bundle_versions(requirements: str, *, constraints: str, preferred: str) -> dict[str, str]:
    """One version of each package, with a wheel for both architectures and Lambda's Python.

    Args:
        requirements: lines as in a requirements file.
        constraints: versions that a package must have, if anything needs it.
        preferred: versions to keep if they fit.

    Raises:
        Unresolvable: there are none.
    """
    failures: dict[Architecture, Unresolvable] = {}
    # The newest version may have wheels for one architecture alone: what is found for one of them
    # must do for the other.
    for first, second in (_ARCHITECTURES, _ARCHITECTURES[::-1]):
        try:
            found = _versions_for(first, requirements, constraints, preferred)
            both = _versions_for(second, requirements, constraints + _lines(found), preferred)
        except Unresolvable as error:
            failures |= dict.fromkeys(error.architectures, error)
        else:
            return found | both
    raise Unresolvable(next(iter(failures.values())).reason, sorted(failures))


def versions_for_every_python(requirements: str, *, constraints: str, preferred: str) -> str:
    """Versions that are one for all the Pythons of the project, as far as there are any."""
    with _scratch({"asked.in": requirements, "c.txt": constraints, "out.txt": preferred}) as folder:
        options = (*_UNIVERSAL, "--fork-strategy=fewest", "--constraint=c.txt")
        _compile(folder, "asked.in", "out.txt", *options)
        lines = (folder / "out.txt").read_text().splitlines()
    return "".join(f"{line}\n" for line in lines if ";" not in line and "==" in line)


def hashed_lock(files: Mapping[str, str], asked: str, locked: str, constraint: str) -> str:
    """The whole closure of a requirements file with its hashes, for every Python and every system.

    Args:
        files: the requirements files by name: the one that is asked for, those that it includes,
            the constraint, and the lock as it is, whose versions are kept if they fit.

    Raises:
        Unresolvable: there is none.
    """
    with _scratch(files) as folder:
        options = (*_UNIVERSAL, "--generate-hashes", "--only-binary=:all:")
        # pip asks for the hash of `coverage[toml]` if a package needs that, and not `coverage`.
        form = ("--no-strip-extras", "--annotation-style=line", f"--constraint={constraint}")
        _compile(folder, asked, locked, *options, *form)
        return (folder / locked).read_text()


def wheel_hashes(versions: Mapping[str, str]) -> dict[str, list[str]]:
    """The hashes of each package's wheels, one for each architecture that has its own.

    Raises:
        Unresolvable: pip finds no wheel.
    """
    hashes: dict[str, set[str]] = defaultdict(set)
    for architecture in _ARCHITECTURES:
        for name, digest in _found_by_pip(architecture, versions):
            hashes[name].add(digest)
    return {name: sorted(hashes[name]) for name in sorted(hashes)}


_UNIVERSAL: Final = ("--universal", f"--python-version={OLDEST_PYTHON}")


def _versions_for(
    architecture: Architecture, requirements: str, constraints: str, preferred: str
) -> dict[str, str]:
    platform = f"{MACHINES[architecture]}-manylinux_2_{GLIBC_MINORS[-1]}"
    files = {"asked.in": requirements, "c.txt": constraints, "out.txt": preferred}
    with _scratch(files) as folder:
        options = [f"--python-platform={platform}", f"--python-version={PYTHON_VERSION}"]
        options += ["--only-binary=:all:", "--no-annotate", "--constraint=c.txt"]
        try:
            _compile(folder, "asked.in", "out.txt", *options)
        except Unresolvable as error:
            raise Unresolvable(error.reason, [architecture]) from error
        return pins((folder / "out.txt").read_text())


def _compile(folder: Path, asked: str, output: str, *options: str) -> None:
    command = [sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--no-header", *options]
    # Wheels tell what they need: uv shall not download a Python of that version to build anything.
    command += ["--no-python-downloads", *_index_options(), f"--output-file={output}", asked]
    finished = subprocess.run(  # noqa: S603 -- every word is ours
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if finished.returncode != 0:
        _raise_if_unreachable(finished.stderr)
        raise Unresolvable(_reason(finished.stderr))


def _raise_if_unreachable(text: str) -> None:
    """Raises `IndexUnreachable` if that is what uv or pip says."""
    said = _without_passwords(text)
    if found := next(filter(None, (each.search(said) for each in _UNREACHABLE)), None):
        proxy = "the proxy: " if re.search("tunnel error|ProxyError", said) else ""
        reason = found[1].partition(" for url ")[0]
        address = re.search(r"https?://[^\s`'()]+?(?=/?[\s`'()]|/simple/)(/simple)?", said)
        raise IndexUnreachable(proxy + reason, address[0] if address else "")


# How uv and pip say that an index doesn't answer, or refuses to. The reason is in the brackets.
_UNREACHABLE: Final = (
    re.compile(r"could not be queried due to (.+)"),
    re.compile(r"An index \(\S+\) returned a (\w+ \w+)"),
    re.compile(r"after connection broken by .*: ([^'\"]+)['\")]+: /"),
    # uv has the cause in its last line.
    re.compile(r"Failed to (?:fetch|download|read)(?:.*\n)+ *(?:cause: )?(.+)"),
)


def index_settings() -> dict[str, str]:
    """What pip is configured for, as far as it says which index is used; without passwords."""
    names = (*_INDEX_OPTIONS, "no-index", "proxy")
    return {
        name: _without_passwords(value) for name, value in _pip_config().items() if name in names
    }


def _without_passwords(text: str) -> str:
    return re.sub(r"//[^/@\s]*@", "//...@", text)


@functools.cache
def _pip_config() -> dict[str, str]:
    command = [sys.executable, "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603 -- every word is ours
    values: dict[str, str] = {}
    # Variables of the environment come last, and win.
    for line in sorted(listed.splitlines(), key=lambda line: line.startswith(":env:")):
        key, _, value = line.partition("=")
        values[key.rpartition(".")[2]] = value.strip("'\"")
    return values


def _index_options() -> tuple[str, ...]:
    """uv's options for the index that pip is configured for: both are to see the same packages."""
    values = _pip_config()
    options = [
        f"{option}={value}"
        for key, option in _INDEX_OPTIONS.items()
        for value in values.get(key, "").replace("\\n", " ").split()
    ]
    is_without = values.get("no-index", "").lower() in {"1", "true", "yes", "on"}
    return (*options, "--no-index") if is_without else tuple(options)


_INDEX_OPTIONS: Final = {
    "index-url": "--default-index",
    "extra-index-url": "--index",
    "find-links": "--find-links",
}


def _reason(text: str) -> str:
    """uv's reason, without its own framing and its hints about its options."""
    without_hints = re.sub(r"^hint: Wheels are required for.*$", "", text, flags=re.MULTILINE)
    lines = [re.sub(r"^\s*(cause: |hint: )?\s*", "", line) for line in without_hints.splitlines()]
    framing = ("error: No solution found", "No solution found")
    return "\n".join(line for line in lines if line and not line.startswith(framing))


def _found_by_pip(
    architecture: Architecture, versions: Mapping[str, str]
) -> Iterator[tuple[str, str]]:
    with _scratch({"pins.txt": _lines(versions)}) as folder:
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--dry-run", "--no-deps"]
        # `pip install` compares with the Python that runs it; uv has compared with Lambda's.
        command += ["--ignore-installed", "--ignore-requires-python", "--report=-"]
        command += [f"--target={folder / 'nowhere'}"]
        command += [*target_options(architecture), f"--requirement={folder / 'pins.txt'}"]
        finished = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 -- every word is ours
        if finished.returncode != 0:
            _raise_if_unreachable(finished.stderr)
            raise Unresolvable(finished.stderr.strip(), [architecture])
        for package in json.loads(finished.stdout)["install"]:
            name = next(iter(pins(f"{package['metadata']['name']}==0")))
            yield name, package["download_info"]["archive_info"]["hashes"]["sha256"]


def _lines(versions: Mapping[str, str]) -> str:
    return "".join(f"{name}=={version}\n" for name, version in versions.items())


@contextmanager
def _scratch(files: Mapping[str, str]) -> Iterator[Path]:
    """A folder with these files, inside the project: uv finds the project's settings there."""
    build = ROOT / ".build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=build, prefix="lock-") as folder:
        for name, text in files.items():
            (Path(folder) / name).write_text(text)
        yield Path(folder)

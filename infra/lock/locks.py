"""The files that name packages, and how the three locks follow from requirements.in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from infra.archive.wheels import REQUIREMENTS, ROOT, entries, hashes_of, pins
from infra.lock import direct, resolving
from infra.lock.resolving import Unresolvable
from infra.whole_file import write_whole

DIRECT: Final = ROOT / "requirements.in"
PROGRAM: Final = ROOT / "requirements.txt"
DEV_DIRECT: Final = ROOT / "requirements-dev.in"
DEV: Final = ROOT / "requirements-dev.txt"
_READABLE: Final = 0o644

HEADER: Final = """\
# What the Lambdas' bundle carries, for both of their architectures: the whole closure, each wheel
# by its hash.
# boto3 is not here: it is the Lambda runtime's. Written by `python -m infra.lock`.

"""
PROGRAM_HEADER: Final = """\
# What `pulumi up` needs: the whole closure of requirements.in, each file of a package by its hash,
# for every Python from 3.11 on and every platform. `pulumi install` installs it. Written by
# `python -m infra.lock`: change requirements.in.

# Nothing of a package runs while it is installed: no source is built.
--only-binary=:all:

"""
DEV_HEADER: Final = """\
# What tests, checks and the local AWS need: the whole closure of requirements-dev.in, each file of
# a package by its hash, for every Python from 3.11 on and every platform. It has the versions of
# requirements-lambda.txt, so that tests run what is deployed. Written by `python -m infra.lock`.

# Nothing of a package runs while it is installed: no source is built.
--only-binary=:all:

"""


@dataclass(frozen=True, slots=True)
class Locks:
    """The files, as text: what was asked for, and the three locks."""

    direct: str
    program: str
    bundle: str
    dev: str

    @classmethod
    def read(cls) -> "Locks":
        return cls(*(path.read_text() for path in (DIRECT, PROGRAM, REQUIREMENTS, DEV)))

    def changed_from(self, before: "Locks") -> list[str]:
        """The names of the files that differ."""
        old = before._texts()
        return [path.name for path, text in self._texts().items() if text != old[path]]

    def write(self) -> None:
        """Writes what has changed, all of it or nothing."""
        texts = self._texts()
        before = {path: path.read_text() for path in texts}
        try:
            for path, text in texts.items():
                if text != before[path]:
                    write_whole(path, text, mode=_READABLE)
        except BaseException:
            for path, text in before.items():
                write_whole(path, text, mode=_READABLE)
            raise

    def bundle_locked(self, *, preferred: str | None = None) -> "Locks":
        """With the bundle's lock written anew from requirements.in."""
        versions = resolving.bundle_versions(
            direct.bundled(self.direct),
            constraints=direct.of_program(self.direct),
            preferred=self._versions() if preferred is None else preferred,
        )
        hashes = resolving.wheel_hashes(versions)
        lines = [_pin(name, versions[name], hashes[name]) for name in sorted(versions)]
        return replace(self, bundle=HEADER + "".join(lines))

    def dev_locked(self) -> "Locks":
        """With the developers' and the program's lock written anew, in the bundle's versions."""
        files = {
            DIRECT.name: self.direct,
            PROGRAM.name: self.program,
            REQUIREMENTS.name: self.bundle,
            DEV.name: self.dev,
            DEV_DIRECT.name: DEV_DIRECT.read_text(),
        }
        dev = self._hashed(files, DEV_DIRECT, DEV, REQUIREMENTS)
        program = self._hashed({**files, DEV.name: dev}, DIRECT, PROGRAM, DEV)
        return replace(self, dev=DEV_HEADER + dev, program=PROGRAM_HEADER + program)

    def _hashed(self, files: Mapping[str, str], asked: Path, locked: Path, like: Path) -> str:
        """A lock that takes the bundle's wheels too.

        Of a plain folder of wheels, uv hashes one of each package: an index tells of all.
        """
        lock = resolving.hashed_lock(files, asked.name, locked.name, like.name)
        of_bundle = hashes_of(self.bundle)
        for entry in entries(lock):
            [(name, known)] = hashes_of(entry).items()
            more = sorted(of_bundle.get(name, frozenset()) - known)
            lines = [entry.rstrip("\n"), *(f"    --hash=sha256:{digest}" for digest in more)]
            lock = lock.replace(entry, " \\\n".join(lines) + "\n")
        return lock

    def locked(self) -> "Locks":
        """With all three; in versions that every Python of the project has, if need be."""
        bundle = self.bundle_locked()
        try:
            return bundle._with_pins().dev_locked()
        except Unresolvable as error:
            # The newest version for the Lambdas' Python may be none for the oldest Python.
            try:
                return self._locked_for_every_python()
            except Unresolvable:
                raise error from None

    def _locked_for_every_python(self) -> "Locks":
        preferred = resolving.versions_for_every_python(
            direct.bundled(self.direct),
            constraints=direct.of_program(self.direct),
            preferred=self._versions(),
        )
        return self.bundle_locked(preferred=preferred)._with_pins().dev_locked()

    def _with_pins(self) -> "Locks":
        """With the bundle's version in each line of requirements.in that has none."""
        text, versions = self.direct, pins(self.bundle)
        for name, requirement in direct.of_authors(text).items():
            if name in versions and not direct.is_pinned(requirement):
                text = direct.with_line(text, direct.line_of(requirement, versions[name]))
        return replace(self, direct=text)

    def _texts(self) -> dict[Path, str]:
        return {
            DIRECT: self.direct,
            PROGRAM: self.program,
            REQUIREMENTS: self.bundle,
            DEV: self.dev,
        }

    def _versions(self) -> str:
        """What is locked now: the bundle's versions first."""
        locked = pins(self.dev) | pins(self.bundle)
        return "".join(f"{name}=={version}\n" for name, version in locked.items())


def _pin(name: str, version: str, hashes: Sequence[str]) -> str:
    lines = [f"{name}=={version}", *(f"    --hash=sha256:{digest}" for digest in hashes)]
    return " \\\n".join(lines) + "\n"

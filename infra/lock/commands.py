"""Adds packages to the bundle, and writes the locks.

    python -m infra.lock add requests      a package for your tasks; several, or "httpx[http2]"
    python -m infra.lock remove requests   the opposite
    python -m infra.lock                   all locks, after a change of requirements.in by hand

The bundle's lock, requirements-lambda.txt, has the packages of requirements.in that Lambdas
import, and all that these need. The program's lock, requirements.txt, and the developers' lock,
requirements-dev.txt, have the same versions. Each has the hash of each file that may be installed.
`python -m infra.lock bundle` writes the first, `python -m infra.lock dev` the others. Versions that
nothing forces to change stay as they are. A word that fails, or is stopped, changes no file.
"""

import sys

from infra.errors import BundleError
from infra.lock.locks import Locks
from infra.lock.package_change import add, lock, remove
from infra.lock.refusals import LockError


def main(*words: str) -> None:
    """Does what the command line says."""
    try:
        print(_done(*words))
    except (LockError, BundleError) as error:
        sys.exit(f"Nothing was changed.\n{error}")


def _done(*words: str) -> str:
    """Does it; returns what to print."""
    match words:
        case ():
            return lock(Locks.locked)
        case ("bundle",):
            return lock(Locks.bundle_locked)
        case ("dev",):
            return lock(Locks.dev_locked)
        case ("add", _, *_):
            return add(words[1:])
        case ("remove", _, *_):
            return remove(words[1:])
        case ("-h" | "--help",):
            return (__doc__ or "").strip()
        case ("add" | "remove" as word,):
            raise LockError(
                f'"{word}" lacks the name of a package. Next: write it, as in `python -m infra.lock'
                f" {word} requests`."
            )
    raise LockError(
        f'"{" ".join(words)}" is not a lock. Next: write one of these: bundle, dev, add <package>,'
        " remove <package>."
    )

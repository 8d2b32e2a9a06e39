"""Adds packages to the bundle, and writes the locks.

    python -m infra.lock add requests      a package for your tasks; several, or "httpx[http2]"
    python -m infra.lock remove requests   the opposite
    python -m infra.lock                   both locks, after a change of requirements.txt by hand

The bundle's lock, requirements-lambda.txt, has the packages of requirements.txt that Lambdas
import, and all that these need. The developers' lock, requirements-dev.txt, has the same versions.
`python -m infra.lock bundle` and `python -m infra.lock dev` write one of them. Versions that
nothing forces to change stay as they are. A word that fails changes no file.
"""

import sys

from infra.errors import BundleError
from infra.locks import Locks
from infra.package_change import LockError, add, remove
from infra.resolving import Unresolvable


def main(*words: str) -> None:
    """Does what the command line says."""
    try:
        _do(*words)
    except (LockError, BundleError) as error:
        sys.exit(f"{error}\nNothing was changed.")
    except Unresolvable as error:
        sys.exit(
            f"The packages can't be locked{error.where}:\n{error.reason}\nNothing was changed."
        )


def _do(*words: str) -> None:
    match words:
        case ():
            Locks.read().locked().write()
        case ("bundle",):
            Locks.read().bundle_locked().write()
        case ("dev",):
            Locks.read().dev_locked().write()
        case ("add", _, *_):
            print(add(words[1:]))
        case ("remove", _, *_):
            print(remove(words[1:]))
        case _:
            sys.exit(
                f'"{" ".join(words)}" is not a lock. Write one of these: bundle, dev,'
                " add <package>, remove <package>."
            )


if __name__ == "__main__":
    main(*sys.argv[1:])

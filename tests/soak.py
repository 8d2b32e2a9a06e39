"""Runs the tests marked `property` on new inputs, one seed after the other, until time is up.

`SECONDS=3600 SEED=1 python -m tests.soak [pytest arguments]`. It ends at the first failure: the
seed that it names repeats it.
"""

import os
import subprocess
import sys
import time
from typing import Final

_HOUR_SECONDS: Final = 3_600


def main(arguments: list[str]) -> None:
    """Runs seed after seed; the exit status is that of the seed that failed, or 0."""
    until = time.monotonic() + float(os.environ.get("SECONDS", _HOUR_SECONDS))
    first = seed = int(os.environ.get("SEED", "1"))
    while time.monotonic() < until:
        status = _run(seed, arguments)
        if status:
            print(f"Seed {seed} failed. Repeat it: SECONDS=1 SEED={seed} make soak")
            sys.exit(status)
        print(f"Seed {seed} holds.", flush=True)
        seed += 1
    print(f"Every property holds, with seeds {first} to {seed - 1}.")


def _run(seed: int, arguments: list[str]) -> int:
    command = [sys.executable, "-m", "pytest", "-m", "property", "--hypothesis-profile=soak"]
    # One seed has thousands of examples of each property: it takes minutes.
    command += [f"--hypothesis-seed={seed}", "--timeout=0", *arguments]
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    main(sys.argv[1:])

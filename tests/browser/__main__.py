"""The tests of the operators' page: `python -m tests.browser`, with pytest's arguments.

Without the path of a test, all of them run; and before them the tests of the page's modules, which
need no browser, and the check of their format.
"""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.browser import setup
from tests.clients.setup import Missing, chromium, node

ROOT: Final = Path(__file__).parents[2]
_MODULES: Final = ROOT / "tests" / "console" / "page"
_FORMATTED: Final = ("console/page", "tests/console/page")


def main(arguments: list[str]) -> int:
    try:
        setup.install()
        print(f"Chromium: {chromium()}", flush=True)
    except Missing as error:
        print(error, file=sys.stderr)
        return 1
    # Two at a time, each with a stack of its own.
    always = ["-m", "browser", "-n", "2"]
    if any(Path(each.partition("::")[0]).exists() for each in arguments):
        return int(pytest.main([*always, *arguments]))
    tests = sorted(map(str, _MODULES.glob("*.test.mjs")))
    for words in (
        [node(), str(setup.prettier()), "--check", *_FORMATTED],
        [node(), "--test", *tests],
    ):
        if status := subprocess.run(words, cwd=ROOT, check=False).returncode:
            return status
    return int(pytest.main([*always, "tests/browser", *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

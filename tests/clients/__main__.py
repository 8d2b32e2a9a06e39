"""The tests of clients that are not ours: `python -m tests.clients`, with pytest's arguments."""

import sys

import pytest

from tests.clients import setup


def main(arguments: list[str]) -> int:
    try:
        setup.installed()
        print(f"Chromium: {setup.chromium()}", flush=True)
    except setup.Missing as error:
        print(error, file=sys.stderr)
        return 1
    return int(pytest.main(["tests/clients", "-m", "clients", *arguments]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

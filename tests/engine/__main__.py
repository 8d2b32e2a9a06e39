"""The tests on the real Pulumi engine: `python -m tests.engine`, with pytest's own arguments."""

import sys
import time

import pytest

from tests.engine.pulumi_cli import NoCli, found_or_built


class Count:
    """Counts the tests that held, and those that did not."""

    def __init__(self) -> None:
        self.held = 0
        self.others: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Takes a report of pytest's: of a test's set-up, its call or its end."""
        if report.when == "call" and report.passed:
            self.held += 1
        elif not report.passed:
            self.others.append(f"{report.nodeid} {report.outcome}")


def main(arguments: list[str]) -> int:
    try:
        print(f"The real engine: {found_or_built()}", flush=True)
    except NoCli as error:
        print(error, file=sys.stderr)
        return 1
    count, started = Count(), time.monotonic()
    workers = ["-n", "2", "--dist", "loadfile"]
    status = pytest.main(["tests/engine", "-m", "engine", *workers, *arguments], plugins=[count])
    print(
        f"{count.held} held, {len(count.others)} did not: {time.monotonic() - started:.0f} seconds"
    )
    return int(status) or len(count.others)  # a test that is skipped has not held


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

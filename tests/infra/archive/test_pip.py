"""Which pip downloads the bundle's packages."""

import subprocess

import pytest

from infra.archive import pip


def test_the_environments_own_pip_is_the_first() -> None:
    assert pip.command() == next(pip.candidates())


@pytest.mark.slow  # makes an environment
def test_a_pip_is_at_hand_in_an_environment_that_has_none() -> None:
    found = [each for each in pip.candidates() if "tool" not in each]  # uv downloads its own

    assert len(found) == 2  # the environment's, and the one that Python carries
    for each in found:
        said = subprocess.run([*each, "--version"], check=True, capture_output=True, text=True)
        assert said.stdout.startswith("pip ")

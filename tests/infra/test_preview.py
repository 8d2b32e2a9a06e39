"""The first preview of a stack: nothing of AWS's is known, and the program passes all the same."""

from typing import Any

import pytest
from pulumi.runtime.mocks import MockResourceArgs

from tests.infra.recording import Program
from tests.infra.variants import VARIANTS, deployed, run_variant


class Unknown(Program):
    """A program of whose resources nothing is known, not even what it says of them itself."""

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        super().new_resource(args)
        return "", {}


@pytest.mark.slow
@pytest.mark.parametrize("variant", list(VARIANTS))
def test_a_preview_registers_what_the_deployment_does(variant: str) -> None:
    previewed = run_variant(variant, Unknown(), is_preview=True)

    assert registered(previewed) == registered(deployed(variant))
    assert previewed.outputs.keys() == deployed(variant).outputs.keys()


def test_a_name_that_follows_another_resources_is_unknown_in_a_preview() -> None:
    previewed = run_variant("dev", Unknown(), is_preview=True)

    assert not isinstance(previewed.one("aws:dynamodb/table:Table")["name"], str)


def registered(program: Program) -> list[tuple[str, str]]:
    return sorted((resource.type, resource.name) for resource in program.resources)

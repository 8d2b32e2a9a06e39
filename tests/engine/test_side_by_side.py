"""Several stacks in one account."""

from pathlib import Path

from tests.engine.pulumi_cli import Cli
from tests.engine.setups import SMALL, stack
from tests.engine.stack import Engine, Stack


def _names(stack: Stack) -> set[tuple[str, str]]:
    """The types and ids of the stack's resources. AWS has each once."""
    return {(each["type"], each["id"]) for each in stack.export() if each["custom"]}


def test_two_stacks_in_one_account_and_region_share_no_name(engine: Engine) -> None:
    dev, prod = (stack(engine, setup, SMALL, folder=f"of {setup}") for setup in ("dev", "prod"))

    dev.up().must()
    prod.up().must()

    assert _names(dev) & _names(prod) == set()
    assert dev.up("--expect-no-changes").must().changes == {}


def test_one_stack_in_two_regions_of_an_account_shares_no_name(cli: Cli, tmp_path: Path) -> None:
    regions, account = ("eu-central-1", "us-east-1"), tmp_path / "account"
    here, there = (
        stack(
            Engine(cli, tmp_path / region, account=account),
            "dev",
            {**SMALL, "aws:region": region},
        )
        for region in regions
    )

    here.up().must()
    there.up().must()

    assert here.up("--expect-no-changes").must().changes == {}
    assert there.destroy().must().changes.keys() == {"delete"}
    assert here.refresh("--expect-no-changes").must().changes == {}


def test_a_stack_whose_names_another_has_is_refused_and_takes_nothing_over(
    cli: Cli, tmp_path: Path
) -> None:
    account = tmp_path / "account"
    one, other = (
        stack(Engine(cli, tmp_path / name, account=account), "dev", SMALL)
        for name in ("one", "other")
    )
    one.up().must()
    before = {path: Path(path).read_text() for path in one.engine.left()}

    refused = other.up().must_fail()

    assert 'aws:cloudwatch/logGroup:LogGroup "/aws/lambda/background-tasks-dev-worker"' in (
        refused.output
    )
    other.destroy().must()
    assert {path: Path(path).read_text() for path in one.engine.left()} == before

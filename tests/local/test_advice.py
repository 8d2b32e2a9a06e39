"""Advice to use the Pulumi CLI, turned into advice to use `--config`."""

import pytest

from local.advice import without_pulumi


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        (
            "Next: `pulumi config set shop:memory <value>`, or edit the file.",
            "Next: `--config memory=<value>`, or edit the file.",
        ),
        (
            "Next: `pulumi config set --path 'shop:audience[0]' <audience>`.",
            """Next: `--config audience='["<audience>"]'`.""",
        ),
        (
            "Next: `pulumi config rm background-tasks:memroy`.",
            "Next: leave memroy out of --config and of Pulumi.dev.yaml.",
        ),
        ("The table has no name.", "The table has no name."),
    ],
    ids=["set", "set an item", "remove", "other advice"],
)
def test_commands_of_the_pulumi_cli_become_config_options(message: str, shown: str) -> None:
    assert without_pulumi(message) == shown

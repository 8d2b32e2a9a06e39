"""A stack, or a project, that gets another name."""

import json
from pathlib import Path

import pytest

from tests.engine.setups import SMALL, stack
from tests.engine.stack import Engine, Stack, short

PROJECT = "background-tasks"


@pytest.fixture
def up(engine: Engine) -> Stack:
    new = stack(engine, "dev", SMALL)
    new.up().must()
    return new


def test_a_stack_that_is_renamed_keeps_every_resource_with_its_name(up: Stack) -> None:
    before = _ids(up)

    renamed = up.rename("staging")

    changed = renamed.up().must()
    properties = {each for step in changed.steps for each in step.properties}
    assert (set(changed.changes), properties) == ({"update"}, {"tags", "tagsAll"})
    assert _ids(renamed) == before
    assert renamed.up("--expect-no-changes").must().changes == {}


def test_a_project_that_is_renamed_keeps_every_resource_with_its_name(up: Stack) -> None:
    before = _ids(up)

    up.rename("organization/acme-jobs/dev")
    renamed = up.at(up.folder)
    _rename_in(renamed, "Pulumi.yaml", f"name: {PROJECT}", "name: acme-jobs")
    _rename_in(renamed, "Pulumi.dev.yaml", f"{PROJECT}:", "acme-jobs:")

    changed = renamed.up().must()
    assert set(changed.changes) == {"update"}
    assert _ids(renamed) == before


def test_a_renamed_stack_that_has_lost_its_queue_replaces_nothing(up: Stack) -> None:
    before = _ids(up)
    renamed = up.rename("staging")
    [queue] = [
        Path(path)
        for path in renamed.engine.left()
        if "sqs_queue_Queue" in path
        if json.loads(Path(path).read_text())["inputs"]["name"].endswith("-undelivered")
    ]
    queue.unlink()
    renamed.refresh().must()

    refused = renamed.preview().must_fail()

    assert 'names that begin with "background-tasks-dev"' in refused.output
    assert "Next: give the stack" in refused.output
    # What points at the queue, and nothing else.
    replaced = {name.partition("::")[0] for name in refused.changes.get("replace", [])}
    assert replaced <= {"aws:sqs/queuePolicy:QueuePolicy"}
    assert "delete" not in refused.changes
    back = renamed.rename("dev")
    back.up().must()
    assert _ids(back) == before


def test_keys_of_the_old_name_of_a_project_are_refused_with_what_to_rename(engine: Engine) -> None:
    new = stack(engine, "prod", SMALL)
    _rename_in(new, "Pulumi.yaml", f"name: {PROJECT}", "name: acme-jobs")

    refused = new.at(new.folder).init().preview().must_fail()

    assert (
        f'"{PROJECT}:protectData" is read by nothing: the project is called "acme-jobs"'
        in refused.output
    )
    assert 'rename it to "acme-jobs:protectData" in Pulumi.<stack>.yaml' in refused.output


def test_nothing_of_a_project_depends_on_its_first_name(engine: Engine) -> None:
    new = Stack(engine, "prod", engine.checkout())
    _rename_in(new, "Pulumi.yaml", f"name: {PROJECT}", "name: acme-jobs")
    _rename_in(new, "Pulumi.prod.yaml", f"{PROJECT}:", "acme-jobs:")

    new.init().set("vendorDependencies", False).up().must()

    assert [id for id in _ids(new).values() if f"{PROJECT}-prod" in id] == []
    assert new.outputs()["workerFunctionName"] == "acme-jobs-prod-worker"


def _rename_in(stack: Stack, file: str, old: str, new: str) -> None:
    path = stack.folder / file
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def _ids(stack: Stack) -> dict[str, str]:
    """The ids of the resources in AWS, by type and logical name."""
    ours = [each for each in stack.export() if each["type"].startswith("aws:")]
    return {short(each["urn"]): each["id"] for each in ours}

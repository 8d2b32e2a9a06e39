"""The file with the outputs of a deployed project."""

import json
import os
import stat
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from local.access import Access
from local.deployed import OUTPUTS_FILE, Deployed, other_project
from local.errors import LocalError

ACCESS = Access("http://127.0.0.1:4566", "eu-central-1", "AKIA", "secret")
OUTPUTS = {
    "apiUrl": "http://127.0.0.1:4566/graphql",
    "eventBusName": "tasks-dev-bus",
    "stateMachineArn": "arn:aws:states:eu-central-1:000000000000:stateMachine:tasks-dev",
}


FIRST = Deployed(replace(ACCESS, endpoint_url="http://127.0.0.1:4567"), OUTPUTS)


@pytest.fixture
def deployed() -> Deployed:
    return Deployed(ACCESS, OUTPUTS)


def test_the_written_file_is_read_back(deployed: Deployed, tmp_path: Path) -> None:
    deployed.to_file(tmp_path)

    read = Deployed.from_file(tmp_path)

    assert read.access == ACCESS
    assert (read.api_url, read.event_bus_name) == (OUTPUTS["apiUrl"], OUTPUTS["eventBusName"])


def test_the_file_has_the_outputs_of_the_stack_and_the_endpoint(
    deployed: Deployed, tmp_path: Path
) -> None:
    written = json.loads(deployed.to_file(tmp_path).read_text())

    assert written["endpointUrl"] == "http://127.0.0.1:4566"
    assert written["stateMachineArn"] == OUTPUTS["stateMachineArn"]


def test_only_its_owner_may_read_the_file(deployed: Deployed, tmp_path: Path) -> None:
    path = deployed.to_file(tmp_path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_the_folder_is_its_owner_s_alone_even_if_it_was_open_before(
    deployed: Deployed, tmp_path: Path
) -> None:
    folder = (tmp_path / OUTPUTS_FILE).parent
    folder.mkdir(mode=0o755)

    deployed.to_file(tmp_path)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_link_in_the_place_of_the_file_is_replaced_and_not_followed(
    deployed: Deployed, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not yours")
    path = tmp_path / OUTPUTS_FILE
    path.parent.mkdir()
    path.symlink_to(elsewhere)

    deployed.to_file(tmp_path)

    assert elsewhere.read_text() == "not yours"
    assert not path.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_no_file_that_is_there_under_another_name_is_written_to(
    deployed: Deployed, tmp_path: Path
) -> None:
    """The names that a temporary file, or the mark of a running one, had or could have."""
    elsewhere = tmp_path / "elsewhere"
    folder = (tmp_path / OUTPUTS_FILE).parent
    folder.mkdir()
    names = ("outputs.tmp", "outputs.json.tmp", f"outputs.{os.getpid()}", "4566.up")
    for name in names:
        (folder / name).symlink_to(elsewhere)

    with deployed.in_file(tmp_path):
        written = Deployed.from_file(tmp_path)

    assert written.access == ACCESS
    assert not elsewhere.exists()


def test_a_linked_folder_is_refused_with_words(deployed: Deployed, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (tmp_path / OUTPUTS_FILE).parent.symlink_to(elsewhere)

    with pytest.raises(LocalError, match=r"is a link.*Next: remove it"), deployed.in_file(tmp_path):
        pass

    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("linked", ["file", "folder"])
def test_what_a_link_leads_to_is_not_trusted(
    deployed: Deployed, tmp_path: Path, linked: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    written = deployed.to_file(elsewhere)
    path = tmp_path / OUTPUTS_FILE
    if linked == "file":
        path.parent.mkdir()
        path.symlink_to(written)
    else:
        path.parent.symlink_to(written.parent)

    with pytest.raises(LocalError, match=r"outputs.json is not what `up` writes"):
        Deployed.from_file(tmp_path)


def test_without_the_file_the_error_says_how_to_start_a_local_aws(tmp_path: Path) -> None:
    with pytest.raises(LocalError, match=r"No local AWS is up.*python -m local up"):
        Deployed.from_file(tmp_path)


def test_a_file_that_is_broken_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / OUTPUTS_FILE
    path.parent.mkdir()
    path.write_text('{"endpointUrl": "htt')

    with pytest.raises(LocalError, match=r"outputs.json is not what `up` writes.*Remove it"):
        Deployed.from_file(tmp_path)


def test_the_file_is_there_within_the_block_alone(deployed: Deployed, tmp_path: Path) -> None:
    path = tmp_path / OUTPUTS_FILE

    with deployed.in_file(tmp_path):
        written = path.exists()

    assert written
    assert not path.exists()


def test_a_file_that_is_removed_meanwhile_is_not_an_error(
    deployed: Deployed, tmp_path: Path
) -> None:
    with deployed.in_file(tmp_path):
        (tmp_path / OUTPUTS_FILE).unlink()


def test_the_file_of_another_local_aws_is_not_removed(deployed: Deployed, tmp_path: Path) -> None:
    other = Deployed(replace(ACCESS, endpoint_url="http://127.0.0.1:4567"), OUTPUTS)

    with deployed.in_file(tmp_path):
        other.to_file(tmp_path)

    assert Deployed.from_file(tmp_path).access == other.access


@pytest.fixture
def ups(monkeypatch: pytest.MonkeyPatch) -> set[Access]:
    """Which local AWS answer."""
    answering = {FIRST.access, ACCESS}
    monkeypatch.setattr("local.deployed.is_up", answering.__contains__)
    return answering


@pytest.mark.parametrize("is_up", [True, False])
def test_the_one_before_is_found_again_if_it_is_still_up(
    deployed: Deployed, tmp_path: Path, is_up: bool, ups: set[Access]
) -> None:
    with FIRST.in_file(tmp_path):
        with deployed.in_file(tmp_path):
            within = Deployed.from_file(tmp_path)
            if not is_up:
                ups.remove(FIRST.access)

        assert within.access == deployed.access
        assert (tmp_path / OUTPUTS_FILE).exists() == is_up
        if is_up:
            assert Deployed.from_file(tmp_path).access == FIRST.access

    assert list((tmp_path / OUTPUTS_FILE).parent.iterdir()) == []


@pytest.mark.parametrize("order", ["first", "second"])
def test_of_two_that_leave_one_after_the_other_no_file_is_left(
    deployed: Deployed, tmp_path: Path, order: str, ups: set[Access]
) -> None:
    blocks = [ExitStack(), ExitStack()]
    for block, project in zip(blocks, (FIRST, deployed), strict=True):
        block.enter_context(project.in_file(tmp_path))

    for block in blocks if order == "first" else reversed(blocks):
        block.close()  # each still answers: it ends a little later

    assert list((tmp_path / OUTPUTS_FILE).parent.iterdir()) == []


def test_of_two_that_leave_at_the_same_time_no_file_is_left(
    deployed: Deployed, tmp_path: Path, ups: set[Access], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocks = [ExitStack(), ExitStack()]
    for block, project in zip(blocks, (FIRST, deployed), strict=True):
        block.enter_context(project.in_file(tmp_path))
    write = Deployed.to_file

    def leave_then_write(project: Deployed, folder: Path) -> Path:
        blocks[0].close()  # the first leaves while the second puts its file back
        return write(project, folder)

    monkeypatch.setattr(Deployed, "to_file", leave_then_write)
    blocks[1].close()

    assert list((tmp_path / OUTPUTS_FILE).parent.iterdir()) == []


def test_one_that_was_killed_is_not_up_again_if_another_one_has_its_port(
    access: Access, tmp_path: Path
) -> None:
    killed = Deployed(replace(access, access_key_id="AKIAOFTHEKILLED"), OUTPUTS)
    killed.to_file(tmp_path)

    found = other_project(tmp_path)
    with Deployed(access, OUTPUTS).in_file(tmp_path):
        within = other_project(tmp_path)

    assert found is None
    assert within == Deployed(access, Deployed(access, OUTPUTS)._values())
    assert not (tmp_path / OUTPUTS_FILE).exists()

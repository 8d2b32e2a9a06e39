"""A file that takes the place of another one when it is complete."""

import stat
from pathlib import Path

import pytest

from infra.whole_file import write_whole


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "lock.txt"
    elsewhere.write_text("not yours")
    path.symlink_to(elsewhere)

    write_whole(path, "new")

    assert elsewhere.read_text() == "not yours"
    assert (path.is_symlink(), path.read_text()) == (False, "new")


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_the_mode_is_the_one_that_is_asked_for_whatever_was_there(
    tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "lock.txt"
    path.touch(mode=0o666)

    write_whole(path, "new", mode=mode)

    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_one_that_is_cut_off_leaves_what_was_there_and_no_other_file(tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    path.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "half, and a surrogate: \ud800")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]

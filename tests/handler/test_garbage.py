"""What a process makes to stay is not searched for garbage."""

import gc
from collections.abc import Iterator

import pytest

from handler.garbage import made_to_stay


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_searched_inside_the_block_and_what_it_made_is_left_alone_after_it() -> None:
    with made_to_stay():
        is_searched = gc.isenabled()
        made: list[object] = [[]]

    assert not is_searched
    assert gc.isenabled()
    assert not any(each is made for each in gc.get_objects())


def test_a_search_that_was_off_stays_off() -> None:
    gc.disable()

    with made_to_stay():
        pass

    assert not gc.isenabled()


def test_a_block_that_raises_has_the_search_go_on() -> None:
    with pytest.raises(ZeroDivisionError), made_to_stay():
        _ = 1 / 0

    assert gc.isenabled()

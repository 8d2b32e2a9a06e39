"""What the simulation knows of pauses, from the item that has them."""

from typing import Any

from handler.table import items
from tests.simulation.pauses import Pauses


def stored(*definitions: str | None) -> Any:
    """The item of the stack's settings with a pause of each; `None` is that of all."""
    return items.encoded({"pauses": [{"definitionId": id} if id else {} for id in definitions]})


def test_a_definition_is_held_from_its_pause_to_its_end() -> None:
    pauses = Pauses()

    pauses.changed(stored("some"), 10.0)
    pauses.changed(None, 20.0)

    assert pauses.held_since("some", 15.0) == 10.0
    assert pauses.held_since("some", 25.0) is None
    assert pauses.held_since("other", 15.0) is None
    assert pauses.was_held("some", 18.0, 30.0)
    assert not pauses.was_held("some", 21.0, 30.0)


def test_one_pause_that_begins_before_another_ends_goes_on_with_it() -> None:
    pauses = Pauses()

    pauses.changed(stored("some"), 10.0)
    pauses.changed(stored("some", None), 20.0)
    pauses.changed(stored(None), 30.0)

    assert pauses.held_since("some", 35.0) == 10.0
    assert pauses.held_since("other", 35.0) == 20.0
    assert pauses.in_force() == [(None, None)]
    pauses.changed(stored(), 40.0)
    assert pauses.in_force() == []
    assert (pauses.longest("some"), pauses.last_end("some")) == (30.0, 40.0)

"""Does a thing to each of many: one that fails keeps no other from it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Attempt = Callable[..., None]


@contextmanager
def each_on_its_own() -> Iterator[Attempt]:
    """Gives a function that calls another one, and goes on if it raises.

    Raises:
        At the end, the first that was raised.
    """
    errors: list[Exception] = []

    def attempt(call: Callable[..., object], *arguments: object) -> None:
        try:
            call(*arguments)
        except Exception as error:
            errors.append(error)

    yield attempt
    for first in errors:
        first.add_note(f"So many have failed: {len(errors)}. All others were done.")
        raise first

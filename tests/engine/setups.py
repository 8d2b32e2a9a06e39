"""The environments that are deployed: which stack, with which keys set."""

from collections.abc import Mapping
from typing import Final

from tests.engine.stack import Engine, Stack

# A bundle of the project's code alone: built in a second, and checked as the whole one is.
SMALL: Final[Mapping[str, object]] = {"vendorDependencies": False}
JWT: Final[Mapping[str, object]] = {
    "jwtIssuer": "https://login.example.com/",
    "jwtAudience": ["console"],
}
SETUPS: Final[Mapping[str, tuple[str, Mapping[str, object]]]] = {
    "dev": ("dev", {}),  # with the whole bundle
    "prod": ("prod", SMALL),
    "jwt": ("dev", {**SMALL, **JWT}),
}


def stack(
    engine: Engine,
    setup: str,
    more: Mapping[str, object] | None = None,
    *,
    folder: str = "checkout",
) -> Stack:
    """A stack of this set-up, with more keys set, that nobody has brought up yet."""
    name, keys = SETUPS[setup]
    made = Stack(engine, name, engine.checkout(folder)).init()
    return made.write(
        {
            key if ":" in key else f"background-tasks:{key}": value
            for key, value in {**keys, **(more or {})}.items()
        }
    )

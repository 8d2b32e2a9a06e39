"""What each BackgroundTasks of a program has for itself."""

from typing import Final
from weakref import WeakKeyDictionary

import pulumi

from infra.errors import ConfigError

# By the stack of a run: a process may run several programs, one after another.
_taken: Final[WeakKeyDictionary[pulumi.Resource, dict[str, str]]] = WeakKeyDictionary()


def take(thing: str, owner: str, remedy: str) -> None:
    """Gives a thing to one component of the program.

    Raises:
        ConfigError: another one has it already.
    """
    stack = pulumi.runtime.get_root_resource()
    if stack is None:
        return
    taken = _taken.setdefault(stack, {})
    if thing in taken:
        raise ConfigError(
            f'Two BackgroundTasks of this program, "{taken[thing]}" and "{owner}", have {thing}.'
            f" Next: {remedy}."
        )
    taken[thing] = owner

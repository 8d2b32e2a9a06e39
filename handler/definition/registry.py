"""The definitions of a process by their ids, and what is known of those that are missing."""

import copy
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

from handler.contract import Status
from handler.definition.definition import Definition, code_of, origin_of
from handler.definition.task_code import Hook
from handler.errors import DefinitionError, DefinitionUnavailable, UnknownDefinition

# How many files an error names.
_MAX_FILES: Final = 10
_UNKNOWN: Final = "unknown"


class Registry:
    """The definitions by id, in the order of their files' names, `testingRun` first as in Webiny.

    A definition that was renamed is found by the ids that it had before, too: its aliases.

    Args:
        problems: the errors of files that could not be imported. With any, a definition that isn't
            here may be in one of them.

    Raises:
        DefinitionError: two of them claim the same id, or alias; the message names both files.
    """

    def __init__(
        self, definitions: Iterable[Definition], *, problems: Sequence[DefinitionError] = ()
    ) -> None:
        self.problems = tuple(problems)
        self._built_in: Mapping[str, Callable[[], Definition]] = {}
        self._by_name: dict[str, Definition] = {}
        for definition in definitions:
            for name in names_of(definition):
                known = self._by_name.setdefault(name, definition)
                if known is not definition:
                    raise same_name(name, known, definition)

    def with_built_in(self, makers: Mapping[str, Callable[[], Definition]]) -> "Registry":
        """The same, with definitions of the engine's own: found by their ids, and not listed.

        Args:
            makers: what makes each, by its id: it is called when the definition is looked for.
        """
        made = copy.copy(self)
        made._built_in = makers
        return made

    def get(self, id: str) -> Definition:
        """Raises `UnknownDefinition` when there is none."""
        if (definition := self.find(id)) is None:
            known = sorted(each.id for each in self)
            raise UnknownDefinition(
                "Task definition was not found!",
                data={"id": id, "known": known} | self._not_imported(),
            )
        return definition

    def find(self, id: str) -> Definition | None:
        known = self._by_name.get(id)
        if known is None and (make := self._built_in.get(id)):
            return make()
        return known

    def names_of(self, id: str) -> tuple[str, ...]:
        """All that the definition of an id goes by; the id alone where there is none."""
        definition = self.find(id)
        return names_of(definition) if definition else (id,)

    def known_id(self, id: object) -> str:
        """The id of the definition that runs tasks of `id`; `unknown` where there is none."""
        definition = self.find(id) if isinstance(id, str) else None
        return definition.id if definition else _UNKNOWN

    def may_lack(self, id: str) -> bool:
        """Whether there is no such definition, and a file that may have it was not imported."""
        return bool(self.problems) and self.find(id) is None

    def unavailable(self, id: str) -> DefinitionUnavailable:
        """The error of a definition that the registry may lack."""
        files = "\n".join(problem.message for problem in self.problems[:_MAX_FILES])
        return DefinitionUnavailable(
            f'Task definition "{id}" was not found, and there are files that can\'t be imported. '
            f"Correct them and deploy again.\n{files}",
            data={"id": id} | self._not_imported(),
        )

    def first_hook(self, id: str, *names: Hook) -> Hook | None:
        """The first of `names` that the definition has; `None` where there is no such definition.

        Of a definition that may be in a file that was not imported, it is the last: whether there
        is such a hook is seen when the definition is there again.
        """
        if self.may_lack(id):
            return names[-1]
        definition = self.find(id)
        return code_of(definition).first_hook(*names) if definition else None

    def cleans_up(self, id: str, status: Status) -> bool:
        """Whether a task that ends so is deleted after its hook.

        One whose definition is missing stays: nobody can tell.
        """
        definition = self.find(id)
        return definition is not None and status in definition.self_cleanup

    def keeps_logs(self, id: str) -> bool:
        """Whether tasks of a definition keep logs. They do where there is no such definition."""
        definition = self.find(id)
        return definition is None or definition.database_logs

    def __iter__(self) -> Iterator[Definition]:
        return (each for name, each in self._by_name.items() if name == each.id)

    def _not_imported(self) -> dict[str, object]:
        files = [problem.message for problem in self.problems[:_MAX_FILES]]
        return {"notImported": files} if files else {}


def names_of(definition: Definition) -> tuple[str, ...]:
    """The id of a definition, and those that it had before."""
    return (definition.id, *definition.aliases)


def same_name(name: str, one: Definition, other: Definition) -> DefinitionError:
    """The error of two definitions that go by one id."""
    places = " and ".join(_place_of(definition) for definition in (one, other))
    if one.id == other.id:
        what, next_step = "have the id", "Give one of them another id."
    else:
        what, next_step = "claim the id, or alias,", "Take it from one of them."
    return DefinitionError(f'Two tasks {what} "{name}": {places}. {next_step}')


def _place_of(definition: Definition) -> str:
    origin = origin_of(definition)
    return origin.place if origin else code_of(definition).file

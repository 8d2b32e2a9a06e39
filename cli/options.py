"""The flags that all commands share, by the names that their users know."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from cyclopts import Group, Parameter

from cli import moments
from cli.errors import UsageError, refuse_empty

_STACK: Final = Group("Which stack", sort_key=2)
_OUTPUT: Final = Group("Output", sort_key=3)
_FILTER: Final = Group("Which tasks", sort_key=1)

Format = Literal["table", "json", "jsonl", "id"]
StatusName = Literal["pending", "running", "success", "failed", "aborted", "open", "over"]
_SEVERAL: Final[Mapping[str, tuple[str, ...]]] = {
    "open": ("pending", "running"),
    "over": ("success", "failed", "aborted"),
}


@Parameter(name="*")
@dataclass(frozen=True)
class Common:
    """What every command takes."""

    stack: Annotated[
        str | None,
        Parameter(name=["--stack", "-s"], help="A Pulumi stack, such as prod.", group=_STACK),
    ] = None
    local: Annotated[bool, Parameter(help="The local AWS of this folder.", group=_STACK)] = False
    outputs: Annotated[
        Path | None,
        Parameter(help="A file with what `pulumi stack output --json` prints.", group=_STACK),
    ] = None
    tenant: Annotated[
        str | None,
        Parameter(name=["--tenant", "-t"], help="Whose tasks they are: root.", group=_STACK),
    ] = None
    output: Annotated[
        Format,
        Parameter(
            name=["--output", "-o"],
            help="table, json, jsonl (one object a line), id (one id a line).",
            group=_OUTPUT,
        ),
    ] = "table"
    json: Annotated[bool, Parameter(help="The same as -o json.", group=_OUTPUT)] = False
    no_color: Annotated[bool, Parameter(help="No colours, as with NO_COLOR=1.", group=_OUTPUT)] = (
        False
    )
    debug: Annotated[bool, Parameter(help="Show the traceback of an error.", group=_OUTPUT)] = False

    @property
    def format(self) -> Format:
        return "json" if self.json else self.output


COMMON: Final = Common()
INPUT: Final = Parameter(
    name=["--input", "-i"],
    help="A JSON object, @file.json, or - for the standard input.",
    allow_leading_hyphen=True,  # "-" has one
)
# What a trigger takes, by the API or as an event.
Name = Annotated[str | None, Parameter(help="For people.")]
Delay = Annotated[str | None, Parameter(help="Wait for 10m or 2h before it starts.")]
Timeout = Annotated[str | None, Parameter(help="It fails if it is not over after so long.")]
ExpiresAfter = Annotated[
    str | None, Parameter(help="It fails if it has not started after so long.")
]
Tags = Annotated[tuple[str, ...], Parameter(help="KEY=VALUE. May be repeated.")]
# How a verb goes about many tasks.
DryRun = Annotated[bool, Parameter(help="Only say how many there are.")]
Yes = Annotated[bool, Parameter(name=["--yes", "-y"], help="Don't ask.")]
Rate = Annotated[float | None, Parameter(help="How many a second at most: 25.")]
NoWait = Annotated[bool, Parameter(help="Begin it, and print the id of the task that does it.")]
WaitTimeout = Annotated[str | None, Parameter(help="Wait for no longer than 10m or 2h.")]


@Parameter(name="*")
@dataclass(frozen=True)
class Filters:
    """Which tasks."""

    status: Annotated[
        tuple[StatusName, ...],
        Parameter(help="By status; open is pending and running. May be repeated.", group=_FILTER),
    ] = ()
    definition: Annotated[
        tuple[str, ...],
        Parameter(name=["--definition", "-d"], help="By definition.", group=_FILTER),
    ] = ()
    name: Annotated[str | None, Parameter(help="By the beginning of the name.", group=_FILTER)] = (
        None
    )
    tag: Annotated[
        tuple[str, ...],
        Parameter(help="By a tag, KEY=VALUE. Of several, all hold.", group=_FILTER),
    ] = ()
    error_code: Annotated[
        str | None, Parameter(help="Failed ones, by their error's code.", group=_FILTER)
    ] = None
    parent: Annotated[str | None, Parameter(help="Children of a task.", group=_FILTER)] = None
    since: Annotated[
        str | None,
        Parameter(help="Created since 30m, 2h or 7d ago, or a date.", group=_FILTER),
    ] = None
    until: Annotated[
        str | None, Parameter(help="Created until then: as --since.", group=_FILTER)
    ] = None

    @property
    def is_empty(self) -> bool:
        return self == NO_FILTERS

    def where(self, now: datetime) -> dict[str, Any]:
        """The filter, as the API takes it.

        Raises:
            UsageError: a value is empty, a moment or a tag is none, or no task can be in the range.
        """
        self._check_values()
        since, until = self._moment("since", now), self._moment("until", now)
        if since and until and since > until:
            raise UsageError(
                f"--since {self.since} is after --until {self.until}: no task is in that range."
                " Next: change one of them."
            )
        statuses = tuple(
            dict.fromkeys(each for one in self.status for each in _SEVERAL.get(one, (one,)))
        )
        said = {
            **_one_or_many("taskStatus", statuses),
            **_one_or_many("definitionId", tuple(dict.fromkeys(self.definition))),
            "name_startsWith": self.name,
            "tags": tags_of(self.tag),
            "errorCode": self.error_code,
            "parentId": self.parent,
            "createdOn_gte": since,
            "createdOn_lte": until,
        }
        return {key: value for key, value in said.items() if value is not None}

    def _check_values(self) -> None:
        """An empty value is a variable that isn't set: it never means that there is no filter."""
        for field in fields(self):
            value = getattr(self, field.name)
            for each in value if isinstance(value, tuple) else (value,):
                refuse_empty(each, flag_of(field.name))

    def _moment(self, name: str, now: datetime) -> datetime | None:
        text = getattr(self, name)
        return None if text is None else moments.moment(text, flag_of(name), now=now)


NO_FILTERS: Final = Filters()


def flag_of(name: str) -> str:
    """The flag of a parameter: `--error-code` of `error_code`."""
    return f"--{name.replace('_', '-')}"


def tags_of(given: tuple[str, ...]) -> dict[str, str] | None:
    """The tags of `KEY=VALUE`, each; `None` without any.

    Raises:
        UsageError: one has no `=`, or no key; or a key has two values.
    """
    tags: dict[str, str] = {}
    for each in given:
        key, equals, value = each.partition("=")
        if not equals or not key:
            raise UsageError(f'--tag is "{each}"; it takes KEY=VALUE, such as customer=42.')
        if tags.get(key, value) != value:
            raise UsageError(f'--tag has two values for "{key}". Next: leave one.')
        tags[key] = value
    return tags or None


def _one_or_many(field: str, values: tuple[str, ...]) -> dict[str, Any]:
    if len(values) == 1:
        return {field: values[0]}
    return {f"{field}_in": list(values)} if values else {}

"""requirements.in: the packages that somebody has asked for, each with one version."""

import re
from collections.abc import Iterator
from typing import Final

from packaging.requirements import InvalidRequirement, Requirement

from infra.archive.lambda_python import PROGRAM_PACKAGES
from infra.archive.lock_check import ENGINE
from infra.archive.wheels import normalized

# What the program needs, and the bundle doesn't carry: the Lambda runtime has boto3.
PROGRAM: Final = PROGRAM_PACKAGES | {"boto3"}
_ENGINE_ALL: Final = frozenset({*ENGINE, "graphql-core"})

_NAME: Final = re.compile(r"[A-Za-z0-9][\w.-]*")


def bundled(text: str) -> str:
    """The lines of requirements.in that the bundle is made from, and options such as an index."""
    return "".join(
        f"{line}\n"
        for line in _lines(text)
        if line.startswith("-") or (_name(line) and _name(line) not in PROGRAM)
    )


def of_program(text: str) -> str:
    """The lines that the bundle is not made from."""
    return "".join(f"{line}\n" for line in _lines(text) if _name(line) in PROGRAM)


def of_authors(text: str) -> dict[str, Requirement]:
    """What the tasks' authors have asked for, by normalized name."""
    found = {_name(line): line for line in _lines(text) if _name(line)}
    return {
        name: Requirement(line) for name, line in found.items() if name not in PROGRAM | _ENGINE_ALL
    }


def is_ours(name: str) -> bool:
    """Whether the project itself needs a package: it can't be removed."""
    return normalized(name) in PROGRAM | _ENGINE_ALL


def with_line(text: str, requirement: str) -> str:
    """The text with this requirement in place of the one for that package, or at its end."""
    name = _name(requirement)
    lines = text.splitlines()
    places = [place for place, line in enumerate(lines) if _name(line) == name]
    if places:
        lines[places[0]] = requirement
        return "\n".join(lines) + "\n"
    return "\n".join([*lines, requirement]) + "\n"


def without(text: str, name: str) -> str:
    """The text without the requirement for a package."""
    kept = [line for line in text.splitlines() if _name(line) != normalized(name)]
    return "\n".join(kept) + "\n"


def parsed(word: str) -> Requirement:
    """What somebody has asked for on the command line: `requests`, `httpx[http2]>=0.28`.

    Raises:
        ValueError: it is not the name of a package of an index; the message says so.
    """
    try:
        requirement = Requirement(word)
    except InvalidRequirement as error:
        raise ValueError(
            f'"{word}" is not the name of a package. Next: write a name, and a version if you'
            ' want a certain one: requests, requests==2.32.5, "httpx[http2]>=0.28".'
        ) from error
    if requirement.url or requirement.marker:
        raise ValueError(
            f'"{word}" has an address or a condition. The bundle takes wheels of a package index.'
            f" Next: write {requirement.name}, or {requirement.name}==<version>."
        )
    return requirement


def is_pinned(requirement: Requirement) -> bool:
    """Whether it names one version."""
    return any(
        each.operator in {"==", "==="} and "*" not in each.version for each in requirement.specifier
    )


def line_of(requirement: Requirement, version: str) -> str:
    """The line that pins a requirement to a version."""
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{normalized(requirement.name)}{extras}=={version}"


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines():
        if code := re.split(r"(?:^|\s)#", line)[0].strip():
            yield code


def _name(line: str) -> str:
    found = _NAME.match(line)
    return normalized(found[0]) if found else ""

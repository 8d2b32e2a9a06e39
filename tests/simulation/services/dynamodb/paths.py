"""Document paths: `name`, `name.inner`, `name[0]`; what stands there, and changes of it.

"Referring to item attributes when using expressions in DynamoDB".
"""

from collections.abc import Iterable
from typing import Any

from tests.simulation.services.dynamodb.refusals import invalid
from tests.simulation.services.dynamodb.tokens import Tokens
from tests.simulation.services.dynamodb.values import Item, Value

Path = tuple[str | int, ...]
"""The attribute's name, then a name in a map or a position in a list, each step."""

Tree = dict[Any, Any]
"""Paths by their first step: `None` where one ends."""


def path_of(tokens: Tokens) -> Path:
    """Reads a path."""
    steps: list[str | int] = [tokens.name()]
    while True:
        if tokens.takes("."):
            steps.append(tokens.name())
        elif tokens.takes("["):
            word = tokens.take()
            if not word.isdecimal():
                raise tokens.syntax_error()
            steps.append(int(word))
            tokens.expect("]")
        else:
            return tuple(steps)


def found(item: Item, path: Path) -> Value | None:
    """What stands at a path; `None` if nothing does."""
    value = item.get(path[0])  # type: ignore[arg-type]
    for step in path[1:]:
        if value is None:
            return None
        if isinstance(step, str):
            value = value.get("M", {}).get(step)
        else:
            members = value.get("L", ())
            value = members[step] if step < len(members) else None
    return value


def with_value(item: Item, path: Path, value: Value) -> Item:
    """The item with a value at a path. What the path goes through has to be there.

    A position behind the end of a list is the next one ("Using update expressions in DynamoDB").

    Raises:
        ValidationException: a map or a list of the path is not there.
    """
    name, *steps = path
    if not steps:
        return {**item, name: value}  # type: ignore[dict-item]
    return {**item, name: _put(item.get(name), steps, value)}  # type: ignore[arg-type,dict-item]


def without(item: Item, path: Path) -> Item:
    """The item without what stands at a path. Nothing may stand there; what the path goes through
    has to be there. Raises `ValidationException`."""
    name, *steps = path
    if not steps:
        return {each: value for each, value in item.items() if each != name}
    return {**item, name: _removed(item.get(name), steps)}  # type: ignore[arg-type,dict-item]


def check_no_overlap(paths: Iterable[Path], tokens: Tokens) -> None:
    """Raises `ValidationException` if one path is another one, or a part of it."""
    tree_of(paths, tokens)


def tree_of(paths: Iterable[Path], tokens: Tokens) -> Tree:
    """Paths by their first steps. Raises `ValidationException` if two overlap."""
    tree: Tree = {}
    for path in paths:
        branch = tree
        for step in path[:-1]:
            branch = branch.setdefault(step, {})
            if branch is None:
                raise _overlap(tokens)
        if path[-1] in branch:
            raise _overlap(tokens)
        branch[path[-1]] = None
        _check_kinds(branch, tokens)
    return tree


def projected(item: Item, tree: Tree) -> Item:
    """What an item has of some paths. The members of a list move together."""
    if not any(tree.values()):
        return {name: item[name] for name in tree if name in item}
    part: Item = {}
    for name, branch in tree.items():
        if name in item and (value := _part(item[name], branch)) is not None:
            part[name] = value
    return part


def _part(value: Value, branch: Tree | None) -> Value | None:
    if branch is None:
        return value
    if "M" in value:
        names = {step: inner for step, inner in branch.items() if isinstance(step, str)}
        inner = projected(value["M"], names)
        return {"M": inner} if inner else None
    if "L" not in value:
        return None
    members = []
    for position in sorted(step for step in branch if isinstance(step, int)):
        if position < len(value["L"]):
            member = _part(value["L"][position], branch[position])
            if member is not None:
                members.append(member)
    return {"L": members} if members else None


def _put(container: Value | None, steps: list[Any], value: Value) -> Value:
    step, *deeper = steps
    if container and isinstance(step, str) and "M" in container:
        inner = _put(container["M"].get(step), deeper, value) if deeper else value
        return {"M": {**container["M"], step: inner}}
    if container and isinstance(step, int) and "L" in container:
        members = list(container["L"])
        if step >= len(members):
            if deeper:
                raise _no_such_path()
            return {"L": [*members, value]}
        members[step] = _put(members[step], deeper, value) if deeper else value
        return {"L": members}
    raise _no_such_path()


def _removed(container: Value | None, steps: list[Any]) -> Value:
    step, *deeper = steps
    if container and isinstance(step, str) and "M" in container:
        inner = dict(container["M"])
        if deeper:
            inner[step] = _removed(inner.get(step), deeper)
        else:
            inner.pop(step, None)
        return {"M": inner}
    if container and isinstance(step, int) and "L" in container:
        members = list(container["L"])
        if deeper:
            if step >= len(members):
                raise _no_such_path()
            members[step] = _removed(members[step], deeper)
        else:
            del members[step : step + 1]
        return {"L": members}
    raise _no_such_path()


def _no_such_path() -> Exception:
    return invalid("The document path provided in the update expression is invalid for update")


def _overlap(tokens: Tokens) -> Exception:
    return tokens.error("Two document paths overlap with each other")


def _check_kinds(branch: Tree, tokens: Tokens) -> None:
    if len({type(step) for step in branch}) > 1:
        raise tokens.error("Two document paths conflict with each other")

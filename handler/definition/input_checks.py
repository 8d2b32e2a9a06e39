"""Which types an input may have: those whose values can be stored, and read back as they were."""

import dataclasses
from collections.abc import Iterator
from typing import Annotated, Any, Final, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Secret, SecretBytes, SecretStr, TypeAdapter
from pydantic.errors import PydanticUserError
from pydantic_core import core_schema

from handler.definition.stored_schema import Node, nodes, stored_name

_SECRETS: Final = (Secret, SecretBytes, SecretStr)
# What JSON has no form for, by the schema that pydantic makes of it.
_UNSTORABLE: Final = {
    "callable": "a function",
    "generator": "an iterator, which can be read once",
    "is-subclass": "a class",
}


def why_refused(annotation: Any) -> str | None:
    """Why a task can't take an input of this type, and what to write instead; or `None`."""
    if not _is_model(annotation) and (getattr(annotation, "__origin__", annotation) is not dict):
        return f"is of type {annotation!r}; annotate it with a model, or with dict[str, object]"
    if _is_model(annotation) and annotation.__pydantic_root_model__:
        return f"is a root model, {annotation!r}; give the value a name as the field of a model"
    try:
        schema = TypeAdapter(annotation).core_schema
    except (PydanticUserError, NameError) as error:
        return f"is of a type that pydantic does not take: {str(error).splitlines()[0]}"
    return next(_reasons(annotation, schema), None)


def _reasons(annotation: Any, schema: core_schema.CoreSchema) -> Iterator[str]:
    for place in _secrets(annotation, set()):
        yield (
            f"has a secret, {place}: the record would show it to everybody who reads tasks. Take"
            " the name of a parameter or of a secret, and read it in the task (docs/secrets.md)"
        )
    for node in nodes(schema):
        if what := _UNSTORABLE.get(str(node.get("type"))):
            yield f"has {what}, which can't be stored. Take what the task can make it from"
        yield from _ambiguous(node)


def _ambiguous(node: Node) -> Iterator[str]:
    """A name that stands for two fields: what is saved for the one would be read by the other."""
    if node.get("type") != "model-fields":
        return
    owners: dict[str, str] = {}
    for name, field in node["fields"].items():
        for key in (stored_name(name, field), name):
            owner = owners.setdefault(key, name)
            if owner != name:
                yield f'has two fields that "{key}" stands for, {owner} and {name}. Rename one'


def _secrets(annotation: Any, seen: set[int], place: str = "the input") -> Iterator[str]:
    """Where a type has pydantic's types for secrets."""
    if id(annotation) in seen:
        return
    seen.add(id(annotation))
    kind = get_origin(annotation) or annotation  # Secret[int] is not a class, Secret is
    if isinstance(kind, type) and issubclass(kind, _SECRETS):
        yield place
    types = get_args(annotation)
    for argument in types[:1] if kind is Annotated else types:  # behind it stands what limits it
        yield from _secrets(argument, seen, place)
    for name, inner in _fields(annotation).items():
        yield from _secrets(inner, seen, name)


def _fields(annotation: Any) -> dict[str, Any]:
    """The types of the fields of a model, a dataclass or a TypedDict."""
    if _is_model(annotation):
        return {name: field.annotation for name, field in annotation.model_fields.items()}
    is_class = isinstance(annotation, type)
    if is_class and (dataclasses.is_dataclass(annotation) or hasattr(annotation, "__total__")):
        return get_type_hints(annotation)
    return {}


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)

"""How an input is written and read back: the schema of its type, changed so that nothing is lost.

pydantic writes JSON for readers outside: it leaves out what the model excludes, turns NaN into
null, and may write a field under another name than the one that it reads. What a task saves is for
the task itself. So this schema has one name per field for both ways, and a form for each value that
reads back as the same value.
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

from pydantic_core import core_schema

# Bytes of any kind, NaN and infinity, moments and durations to the microsecond: each as text.
CONFIG: Final[core_schema.CoreConfig] = {
    "ser_json_bytes": "base64",
    "val_json_bytes": "base64",
    "ser_json_inf_nan": "strings",
    "ser_json_temporal": "iso8601",
}

# They hold values and functions, not schemas.
_OPAQUE: Final = frozenset(
    {"cls", "config", "default", "default_factory", "expected", "function", "metadata"}
)

Node = dict[str, Any]


def stored_schema(schema: core_schema.CoreSchema) -> core_schema.CoreSchema:
    """`schema`, of a type, as the type is stored. It changes nothing of `schema` itself."""
    return _changed(schema)  # type: ignore[no-any-return]


def part_schema(
    schema: core_schema.CoreSchema,
) -> tuple[core_schema.CoreSchema, core_schema.CoreConfig] | None:
    """A schema for some of the fields of a model, each as the model takes it, and its config.

    `None` for a type that is not a model, or whose fields a validator of its own reads.
    """
    definitions: dict[str, Node] = {}
    config: core_schema.CoreConfig = {}
    node: Any = schema
    while node["type"] != "model-fields":
        for known in node.get("definitions", ()):
            definitions[known["ref"]] = known
        if node["type"] == "model":
            config = node.get("config", {})
        if node["type"] == "definition-ref":
            node = definitions[node["schema_ref"]]
        elif "schema" in node:
            node = node["schema"]
        else:
            return None
    fields = {name: _optional(field) for name, field in node["fields"].items()}
    part = {**node, "fields": fields}
    if definitions:
        part = {"type": "definitions", "schema": part, "definitions": list(definitions.values())}
    return part, config


def _optional(field: Node) -> Node:
    """A field that may be missing."""
    default = {"type": "default", "schema": field["schema"], "default": None}
    return {**field, "schema": default}


def nodes(schema: Any) -> Iterator[Node]:
    """Every schema inside of `schema`, itself included."""
    if isinstance(schema, list | tuple):
        for item in schema:
            yield from nodes(item)
    elif isinstance(schema, dict):
        yield schema
        for value in _inner(schema).values():
            # A mapping of names has schemas as values; a field may be called "type".
            yield from nodes(list(value.values()) if _is_by_name(value) else value)


def stored_name(name: str, field: Node) -> str:
    """The one name of a field: the first alias that it is read by, or its own."""
    return next((str(path[0]) for path in _alias_paths(field) if len(path) == 1), name)


def _alias_paths(field: Node) -> list[list[str | int]]:
    """The places that a field is read from: pydantic has a name, a path, or a list of paths."""
    alias = field.get("validation_alias") or []
    if isinstance(alias, str):
        return [[alias]]
    return alias if not alias or isinstance(alias[0], list) else [alias]


def _changed(schema: Any) -> Any:
    if isinstance(schema, list | tuple):
        return type(schema)(_changed(item) for item in schema)
    if not isinstance(schema, dict):
        return schema
    if _is_by_name(schema):
        return {name: _changed(value) for name, value in schema.items()}
    node = {**schema, **{key: _changed(value) for key, value in _inner(schema).items()}}
    for change in _CHANGES.get(node["type"], ()):
        change(node)
    return node


def _inner(node: Node) -> Node:
    """What stands in a schema and is made of schemas."""
    return {key: value for key, value in node.items() if key not in _OPAQUE}


def _is_by_name(value: Any) -> bool:
    """Whether it is a mapping of names, as of fields, and not a schema: those have a type."""
    return isinstance(value, dict) and not isinstance(value.get("type"), str)


def _configure(node: Node) -> None:
    node["config"] = {**node.get("config", {}), **CONFIG}


def _name_fields(node: Node) -> None:
    """Names each field, and keeps what a model excludes from its dumps."""
    fields = node["fields"]
    for name, field in fields.items() if isinstance(fields, dict) else _named(fields):
        only_name = stored_name(name, field)
        field |= {"validation_alias": only_name, "serialization_alias": only_name}
        field.pop("serialization_exclude", None)
        field.pop("serialization_exclude_if", None)


def _named(fields: list[Node]) -> list[tuple[str, Node]]:
    return [(field["name"], field) for field in fields]


def _take_default(node: Node) -> None:
    """A default is not validated (pydantic, "Validate default values"): it reads back all the same.

    So it is with `x: str = None`, and with a 0 that stands for no limit where a limit is positive.
    """
    default = node.get("default", ...)
    if isinstance(default, str | int | float | None) and node["schema"].keys() != {"type"}:
        takes = partial(_default_or_valid, default)
        node["schema"] = core_schema.no_info_wrap_validator_function(takes, node["schema"])
    elif default is None:
        node["schema"] = {"type": "nullable", "schema": node["schema"]}


def _default_or_valid(
    default: object, value: object, validate: Callable[[object], object]
) -> object:
    is_default = type(value) is type(default) and value == default
    return value if is_default else validate(value)


def _sort(node: Node) -> None:
    """Writes a set in the same order in every process."""
    node.setdefault(
        "serialization",
        core_schema.wrap_serializer_function_ser_schema(_sorted, when_used="json"),
    )


def _sorted(value: Any, write: Callable[[Any], list[Any]]) -> list[Any]:
    return sorted(write(value), key=lambda item: json.dumps(item, sort_keys=True))


def _take_any_moment(node: Node) -> None:
    """What was in the future at the trigger is not when it is read."""
    node.pop("now_op", None)


def _take_nan(node: Node) -> None:
    """A strict number is not read from a text, which NaN is stored as."""
    node["strict"] = False


_CHANGES: Final[dict[str, tuple[Callable[[Node], None], ...]]] = {
    "model": (_configure,),
    "dataclass": (_configure,),
    "typed-dict": (_configure, _name_fields),
    "model-fields": (_name_fields,),
    "dataclass-args": (_name_fields,),
    "default": (_take_default,),
    "set": (_sort,),
    "frozenset": (_sort,),
    "date": (_take_any_moment,),
    "datetime": (_take_any_moment,),
    "float": (_take_nan,),
}

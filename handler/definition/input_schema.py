"""The JSON Schema of an input: what whoever triggers a task may send, by the names on the wire.

Only the API asks for it: nothing that the worker imports may import this.
"""

from typing import Any, Final

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaMode, JsonSchemaValue
from pydantic_core import core_schema

from handler.record import Json, to_json, without_arns

_MODE: Final[JsonSchemaMode] = "validation"
# What has schemas as values, by names that may be any; and texts that are for people.
_BY_NAME: Final = frozenset({"properties", "$defs", "patternProperties"})
_PROSE: Final = frozenset({"title", "description"})
_VALUES: Final = frozenset({"default", "examples", "example"})


def schema_of(schema: core_schema.CoreSchema, *, default: Json | None = None) -> Json:
    """The JSON Schema of an input, of pydantic's schema of its type.

    A field that has none may have any value in it: `{}`. A default is left out that has an ARN, or
    is of a secret.

    Args:
        default: the input of a task that is triggered without one.

    Raises:
        Whatever the author's types raise.
    """
    made = _Generator(by_alias=True).generate(schema, mode=_MODE)
    if default:
        made = {**made, "default": default}
    return _cleaned(to_json(made, escapes=True))


class _Generator(GenerateJsonSchema):
    """Leaves out what JSON Schema can't say, where pydantic's own raises or warns."""

    ignored_warning_kinds = {  # noqa: RUF012  pydantic's own attribute
        "skipped-choice",
        "non-serializable-default",
        "skipped-discriminator",
    }

    def handle_invalid_for_json_schema(self, *_: object) -> JsonSchemaValue:
        return {}


def _cleaned(schema: Json) -> Json:
    """A schema that nobody learns from what is not theirs to know."""
    is_secret = schema.get("writeOnly") is True or schema.get("format") == "password"
    kept: Json = {}
    for key, value in schema.items():
        if key in _VALUES:
            if not is_secret and not _has_arn(value):
                kept[key] = value
        elif key in _PROSE and isinstance(value, str):
            kept[key] = without_arns(value)
        elif key in _BY_NAME and isinstance(value, dict):
            kept[key] = {name: _cleaned_part(inner) for name, inner in value.items()}
        else:
            kept[key] = _cleaned_part(value)
    return kept


def _cleaned_part(value: Any) -> Any:
    if isinstance(value, dict):
        return _cleaned(value)
    return [_cleaned_part(inner) for inner in value] if isinstance(value, list) else value


def _has_arn(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_arn(inner) for pair in value.items() for inner in pair)
    if isinstance(value, list):
        return any(map(_has_arn, value))
    return isinstance(value, str) and without_arns(value) != value

"""The keys of children: the same input is the same child, in every process."""

import json
from collections.abc import Mapping

from pydantic import BaseModel

from handler.clock import to_iso
from handler.record import TaskRecord, fields_of, to_json


def child_key(parent: TaskRecord, own_key: str) -> str:
    """The idempotency key of a child of this task.

    A task of the same id may have been there before, and deleted: it had other children.
    """
    return f"{parent.id}\n{to_iso(parent.created_on)}\n{own_key}"


def key_of(input: Mapping[str, object] | BaseModel | None) -> str:
    """`input` as text, which another process makes of the same input too.

    It leaves out what a model has made for itself and would make anew after a crash: an id, say.

    Raises:
        ValueError: as `to_json`.
    """
    return json.dumps(to_json({"input": _settled(input or {})}), sort_keys=True)


def _settled(value: object) -> object:
    if isinstance(value, BaseModel):
        fields = fields_of(value).items()
        return {name: _settled(part) for name, part in fields if not _is_made_anew(value, name)}
    if isinstance(value, Mapping):
        return {key: _settled(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_settled(part) for part in value]
    return value


def _is_made_anew(model: BaseModel, name: str) -> bool:
    """Whether the value comes from a factory that never makes the same one twice."""
    field = type(model).model_fields.get(name)
    if field is None or field.default_factory is None or name in model.model_fields_set:
        return False
    made = [
        field.get_default(call_default_factory=True, validated_data=model.__dict__)
        for _ in range(2)
    ]
    return bool(made[0] != made[1])

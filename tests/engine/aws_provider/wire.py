"""Property values as the engine sends them: JSON, with signed objects for what JSON lacks."""

from typing import Any, Final

from google.protobuf import json_format, struct_pb2
from pulumi.runtime import rpc

Values = dict[str, Any]

UNKNOWN: Final = rpc.UNKNOWN
_SIGNATURE: Final = rpc._special_sig_key
_SECRET: Final = rpc._special_secret_sig
_ARCHIVE: Final = rpc._special_archive_sig
_FILES: Final = (_ARCHIVE, rpc._special_asset_sig)


def from_wire(struct: struct_pb2.Struct) -> Values:
    """The values of a message, with integers for whole numbers."""
    values: Values = _with_integers(json_format.MessageToDict(struct))
    return values


def to_wire(values: Values) -> struct_pb2.Struct:
    """The values as a message has them."""
    struct = struct_pb2.Struct()
    struct.update(values)
    return struct


def has_unknown(value: Any) -> bool:
    """Whether the value, or a part of it, will be known after an update only."""
    if isinstance(value, dict):
        return any(map(has_unknown, value.values()))
    if isinstance(value, list):
        return any(map(has_unknown, value))
    return bool(value == UNKNOWN)


def is_archive(value: Any) -> bool:
    """Whether the value stands for an archive of files."""
    return isinstance(value, dict) and value.get(_SIGNATURE) == _ARCHIVE


def plain(value: Any) -> Any:
    """The value without its secrets' wrappings."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) == _SECRET:
            return plain(value["value"])
        return {key: plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def comparable(value: Any) -> Any:
    """What of a value says whether it changed: of an archive, the hash of what is in it."""
    if isinstance(value, dict):
        if value.get(_SIGNATURE) in _FILES:
            return {"hash": value["hash"]}
        return {key: comparable(item) for key, item in value.items()}
    return [comparable(item) for item in value] if isinstance(value, list) else value


def changed(before: Values, after: Values) -> set[str]:
    """The keys whose values are others."""
    return {
        key
        for key in before.keys() | after.keys()
        if comparable(before.get(key)) != comparable(after.get(key))
    }


def _with_integers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_integers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value

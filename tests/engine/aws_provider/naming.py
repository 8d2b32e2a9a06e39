"""Names that the program leaves to the provider: the logical name and seven digits."""

import hashlib
from typing import Any, Final

from pulumi.runtime.proto import provider_pb2

from tests.engine.aws_provider.kinds import Kind
from tests.engine.aws_provider.wire import Values

DEFAULTS: Final = "__defaults"  # the inputs that the provider filled in
DIGITS: Final = 7
_Modes = provider_pb2.CheckRequest.AutonamingOptions.Mode


def with_name(kind: Kind, request: Any, news: Values, olds: Values) -> Values:
    """The inputs with a name: the old one if that was automatic, too."""
    key = kind.autoname
    if key is None or news.get(key) is not None:
        return news | {DEFAULTS: []}
    if key in olds.get(DEFAULTS, []):
        return news | {key: olds[key], DEFAULTS: [key]}
    name = _name(request, kind)
    return news | ({key: name, DEFAULTS: [key]} if name else {DEFAULTS: []})


def _name(request: Any, kind: Kind) -> str | None:
    if request.HasField("autonaming"):
        match request.autonaming.mode:
            case _Modes.DISABLE:
                return None
            case _Modes.ENFORCE:
                return str(request.autonaming.proposed_name)
            case _:
                return _lowered(kind, request.autonaming.proposed_name)
    seed = bytes(request.randomSeed) or str(request.urn).encode()
    digits = hashlib.sha256(seed).hexdigest()[:DIGITS]
    return _lowered(kind, f"{_logical_name(request.urn)}-{digits}")


def _logical_name(urn: str) -> str:
    return urn.split("::", 3)[3]


def _lowered(kind: Kind, name: str) -> str:
    return name.lower() if kind.autoname == "bucket" else name

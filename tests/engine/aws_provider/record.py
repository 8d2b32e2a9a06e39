"""What the provider was asked: a line of JSON for each call, in a file that tests read."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.engine.aws_provider.wire import Values


@dataclass(frozen=True)
class Call:
    """A call of the engine's."""

    method: str
    urn: str = ""
    inputs: Values = field(default_factory=dict)
    config: Values = field(default_factory=dict)  # of the provider that was called
    preview: bool = False

    @property
    def type(self) -> str:
        """The resource's type, of the types in the URN the last."""
        return self.urn.split("::")[2].rpartition("$")[2] if self.urn else ""

    @property
    def name(self) -> str:
        """The resource's logical name."""
        return self.urn.split("::", 3)[3] if self.urn else ""


class Record:
    """A file of calls. Several processes may write to it at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, call: Call) -> None:
        """Adds a call."""
        line = json.dumps(vars(call)) + "\n"
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())  # appended at once, or not
        finally:
            os.close(descriptor)

    def calls(self, method: str | None = None) -> list[Call]:
        """The calls until now, in their order."""
        return [call for call in self._all() if method in (None, call.method)]

    def forget(self) -> None:
        """Removes every call."""
        self.path.unlink(missing_ok=True)

    def _all(self) -> Iterator[Call]:
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                fields: dict[str, Any] = json.loads(line)
                yield Call(**fields)

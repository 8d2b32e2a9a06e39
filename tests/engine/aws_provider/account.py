"""The account that tests pretend to have: a folder with a file for each resource."""

import hashlib
import json
from pathlib import Path
from typing import Final, Self

from tests.engine.aws_provider.kinds import kind
from tests.engine.aws_provider.wire import Values

ACCOUNT_ID: Final = "123456789012"


class AlreadyExists(Exception):
    """AWS has a resource of that type and name."""


class Refused(Exception):
    """AWS doesn't do this."""


class Account:
    """The resources of an account, by type and id. It outlives the processes of the provider."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, folder: Path, region: str) -> Self:
        """The account in one region; what has no region is in all of them."""
        return cls(folder / region)

    def create(self, type: str, id: str, inputs: Values, outputs: Values) -> None:
        """Adds a resource.

        Raises:
            AlreadyExists: there is one of that type and id.
        """
        path = self._path(type, id)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("x") as file:
                file.write(_text(type, id, inputs, outputs))
        except FileExistsError:
            raise AlreadyExists(f'The account has a {type} "{id}" already.') from None

    def update(self, type: str, id: str, inputs: Values, outputs: Values) -> None:
        """Changes a resource."""
        self._path(type, id).write_text(_text(type, id, inputs, outputs))

    def read(self, type: str, id: str) -> tuple[Values, Values] | None:
        """The inputs and the outputs of a resource, or None if there is none."""
        path = self._path(type, id)
        if not path.exists():
            return None
        resource = json.loads(path.read_text())
        return resource["inputs"], resource["outputs"]

    def delete(self, type: str, id: str) -> None:
        """Deletes a resource, if it is there.

        Raises:
            Refused: it is protected.
        """
        found = self.read(type, id)
        if found and found[0].get("deletionProtectionEnabled"):
            raise Refused(f'{type} "{id}" has deletion protection.')
        self._path(type, id).unlink(missing_ok=True)

    def _path(self, type: str, id: str) -> Path:
        digest = hashlib.sha256(id.encode()).hexdigest()[:16]
        folder = self._folder if kind(type).regional else self._folder.parent / "global"
        return folder / type.replace("/", "_").replace(":", "_") / f"{digest}.json"


def _text(type: str, id: str, inputs: Values, outputs: Values) -> str:
    return json.dumps({"type": type, "id": id, "inputs": inputs, "outputs": outputs}, indent=1)

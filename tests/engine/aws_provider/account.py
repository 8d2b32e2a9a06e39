"""The account that tests pretend to have: a folder with a file for each resource."""

import hashlib
import json
from pathlib import Path
from typing import Final, Protocol

from tests.engine.aws_provider import resource
from tests.engine.aws_provider.kinds import kind
from tests.engine.aws_provider.resource import State, Surroundings
from tests.engine.aws_provider.wire import Values

# What AWS doesn't refuse when it is there: it takes it for the one that is asked for, or changes it
# (API references, "CreateQueue", "PutRule", "PutMetricAlarm").
ADOPTED: Final = frozenset(
    {
        "aws:cloudwatch/eventRule:EventRule",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:sqs/queue:Queue",
    }
)


class AlreadyExists(Exception):
    """AWS has a resource of that type and name."""


class Refused(Exception):
    """AWS doesn't do this."""


class Account(Protocol):
    """An AWS account."""

    @property
    def id(self) -> str:
        """The account's number."""

    def create(self, type: str, name: str, inputs: Values) -> tuple[str, Values]:
        """Creates a resource, and returns its id and its outputs."""

    def update(self, before: State, inputs: Values) -> Values:
        """Changes a resource, and returns its outputs."""

    def read(self, before: State) -> tuple[Values, Values] | None:
        """The inputs and the outputs of a resource, or None if it is gone."""

    def delete(self, before: State) -> None:
        """Deletes a resource, if it is there."""

    def invoked(self, arguments: Values) -> Values:
        """What a Lambda answers, as the provider's function getInvocation tells it."""


class Pretended:
    """An account in a folder. It outlives the processes of the provider."""

    id: Final = "123456789012"

    def __init__(self, folder: Path, around: Surroundings) -> None:
        self._folder = folder
        self._around = around

    def create(self, type: str, name: str, inputs: Values) -> tuple[str, Values]:
        """Adds a resource.

        Raises:
            AlreadyExists: there is one of that type and id.
        """
        id, outputs = resource.created(kind(type), inputs, self._around, self.id)
        path = self._path(type, id)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with path.open("w" if type in ADOPTED else "x") as file:
                file.write(_text(inputs, outputs))
        except FileExistsError:
            raise AlreadyExists(f'The account has a {type} "{id}" already.') from None
        return id, outputs

    def update(self, before: State, inputs: Values) -> Values:
        """Changes a resource."""
        outputs = resource.updated(kind(before.type), before, inputs, preview=False)
        self._path(before.type, before.id).write_text(_text(inputs, outputs))
        return outputs

    def read(self, before: State) -> tuple[Values, Values] | None:
        """What the account has."""
        path = self._path(before.type, before.id)
        if not path.exists():
            return None
        found = json.loads(path.read_text())
        return found["inputs"], found["outputs"]

    def delete(self, before: State) -> None:
        """Deletes a resource.

        Raises:
            Refused: it is protected.
        """
        found = self.read(before)
        if found and found[0].get("deletionProtectionEnabled"):
            raise Refused(f'{before.type} "{before.id}" has deletion protection.')
        self._path(before.type, before.id).unlink(missing_ok=True)

    def invoked(self, arguments: Values) -> Values:
        """Nothing: no code runs here.

        Raises:
            Refused: always.
        """
        raise Refused(f"No Lambda runs here: {arguments['functionName']}")

    def _path(self, type: str, id: str) -> Path:
        of = kind(type)
        where = self._around.region if of.regional and not of.worldwide else "global"
        digest = hashlib.sha256(id.encode()).hexdigest()[:16]
        return self._folder / where / type.replace("/", "_").replace(":", "_") / f"{digest}.json"


def _text(inputs: Values, outputs: Values) -> str:
    return json.dumps({"inputs": inputs, "outputs": outputs}, indent=1)

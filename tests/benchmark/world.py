"""Our own handler in this process, on moto, with a meter between it and AWS."""

import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from handler import task
from handler.definition import Definition
from handler.iteration import Runner
from handler.testing import World
from tests import quick_moto
from tests.benchmark.meter import Meter

_WRITES: Final = ("put_", "update_", "delete_", "transact_write_", "batch_write_")
_PARTS: Final = {"Put": "put_item", "Update": "update_item", "Delete": "delete_item"}
# The state machine's loop in the kit stops after so many visits.
_MAX_STEPS: Final = 10_000


class MeteredClient:
    """A client of an AWS service whose calls a meter counts, boto3's own time among the store's."""

    def __init__(self, client: Any, meter: Meter) -> None:
        self._client = client
        self._meter = meter

    def __getattr__(self, operation: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            is_write = operation.startswith(_WRITES)
            self._meter.request(written=len(json.dumps(request)) if is_write else 0)
            with self._meter.inside():
                if operation == "transact_write_items":
                    return self._transaction(**request)
                return getattr(self._client, operation)(**request)

        return call

    def _transaction(self, *, TransactItems: Sequence[Any], **_: Any) -> dict[str, Any]:  # noqa: N803
        """One part after another: moto copies its whole table for each transaction, so that 1,000
        tasks would take it minutes, and here nobody else writes.
        """
        for item in TransactItems:
            [(kind, part)] = item.items()
            getattr(self._client, _PARTS[kind])(**part)
        return {}


class MeteredWorld(World):
    """A stack of the authors' test kit that a meter watches."""

    def __init__(self, definitions: Sequence[Definition], *, meter: Meter, **options: Any) -> None:
        super().__init__(definitions, **options)
        self._meter = meter

    def client(self, service: str, *, worker: bool = False) -> Any:
        return MeteredClient(super().client(service, worker=worker), self._meter)


@contextmanager
def metered_world(*definitions: Definition, meter: Meter) -> Iterator[World]:
    """A stack with these definitions, where a meter counts requests and visits of `Run`."""
    quick_moto.install()
    meter.watch_invocations(Runner, "run")
    with MeteredWorld.of(*definitions, meter=meter, max_steps=_MAX_STEPS) as world:
        yield world


def takes_in_place() -> bool:
    """Whether a definition may say that its iterations don't go on in place."""
    return "in_place" in inspect.signature(task).parameters

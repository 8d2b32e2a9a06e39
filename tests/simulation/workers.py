"""The workers of the simulated stack: the default one, a small one and a large one."""

from typing import Final

from handler.contract import DEFAULT_WORKER
from infra.documents.worker_choice import WorkerChoice
from tests.simulation.definitions import DEFINITIONS

WORKER_ARN: Final = "arn:aws:lambda:us-east-1:123456789012:function:worker"
OTHERS: Final = {name: f"{WORKER_ARN}-{name}" for name in ("large", "small")}
CHOICE: Final = WorkerChoice.of(DEFINITIONS)
_ARNS: Final = {**OTHERS, DEFAULT_WORKER: WORKER_ARN}
# As the document's expression has them.
OF_IDS: Final = {_ARNS[name]: ids for name, ids in CHOICE.ids.items()}
MOVED: Final = {name: _ARNS[name] for name in CHOICE.takes_over}


def arn_of(worker: str) -> str:
    """The ARN of a worker, by its name."""
    return _ARNS[worker]

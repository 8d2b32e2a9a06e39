"""What goes wrong in a world: the kinds, how often each comes, and which have come."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Kind(StrEnum):
    """What goes wrong, in the words of the report."""

    DYNAMODB_THROTTLED = "DynamoDB throttled a request"
    DYNAMODB_REQUEST_LOST = "A request to DynamoDB was lost"
    DYNAMODB_ANSWER_LOST = "DynamoDB's answer was lost"
    DYNAMODB_FAILED = "DynamoDB failed a request"
    DYNAMODB_OUT = "DynamoDB was out for a machine"
    TRANSACTION_CONFLICT = "A write met a transaction"
    INDEX_LAG = "An index lagged behind"
    UNPROCESSED = "Keys of a batch were left"
    S3_FAILED = "S3 failed a request"
    S3_ANSWER_LOST = "S3's answer was lost"
    SQS_RECEIVE_LOST = "The answer of a receive was lost"
    SQS_TWICE = "A message was received twice"
    EVENT_REFUSED = "EventBridge refused an entry"
    EVENTS_FAILED = "EventBridge failed a request"
    EVENTS_ANSWER_LOST = "EventBridge's answer was lost"
    EVENT_LOST = "An event was lost"
    EVENT_UNDELIVERED = "An event could not be delivered"
    TARGET_THROTTLED = "Starts were throttled until the event was given up"
    EVENT_TWICE = "An event was delivered twice"
    EVENT_LATE = "An event was delivered late"
    EVENT_NEXT_DAY = "An event was delivered again after a day"
    KILLED = "A Lambda was killed"
    OUT_OF_MEMORY = "A Lambda ran out of memory"
    TIMED_OUT = "A Lambda ran out of time"
    FROZEN = "A Lambda was frozen, and thawed after its successor had begun"
    LAMBDA_THROTTLED = "Lambda throttled an invocation"
    LAMBDA_FAILED = "Lambda failed an invocation"
    LAMBDA_ANSWER_LOST = "Lambda's answer was lost"
    RAN_ON = "Lambda's answer was lost while it ran"
    STEP_FUNCTIONS_THROTTLED = "Step Functions throttled a request"
    STEP_FUNCTIONS_FAILED = "Step Functions failed a request"
    STEP_FUNCTIONS_ANSWER_LOST = "Step Functions' answer was lost"
    EXECUTION_STOPPED = "An execution was stopped"
    EXECUTION_REDRIVEN = "An execution was stopped, and redriven"
    EXECUTION_TIMED_OUT = "An execution timed out"
    STATUS_LOST = "The end of an execution was not reported"
    STATUS_TWICE = "The end of an execution was reported twice"
    STATUS_LATE = "The end of an execution was reported late"
    CLOCK_SKEW = "A clock was wrong by seconds"
    EXPIRED_LATE = "An expired row was removed late"
    BAD_DEPLOY = "A definition could not be imported"
    ABORTED = "A task was aborted"
    DELETED = "A task was aborted and deleted"
    HURRIED = "A task was told to run now"
    PAUSED = "A task was paused"
    RETRIED = "A task was retried"
    SIGNALLED = "A signal was sent"
    TIME_LIMIT = "A task had a time limit"
    CLEANED_UP = "A task cleaned up after itself"
    SETTING_CHANGED = "A setting was changed"
    SAID_OF_MANY = "A verb was said of many tasks"
    ABORTED_WITH_OTHERS = "A task was aborted with others"
    RETRIED_WITH_OTHERS = "A task was retried with others"
    DELETED_WITH_OTHERS = "A task was deleted with others"
    DEFINITION_PAUSED = "A definition was paused"
    ALL_PAUSED = "All definitions were paused"
    HELD_WITH_OTHERS = "A task was held with others"
    LET_GO_WITH_OTHERS = "A task that was held went on with others"


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One fault: what, and where.

    Args:
        actor: whom it hit.
        step: at which of its calls, from 1; 0: at its start.
        task: the number of the task that it was about; -1: not of one.
    """

    kind: Kind
    actor: str
    step: int
    task: int = -1

    @property
    def place(self) -> tuple[str, str, int]:
        """What tells it from others: the same in every replay."""
        return (self.kind, self.actor, self.step)

    def to_code(self) -> str:
        """The fault's place, as a scenario has it."""
        return f"(Kind.{self.kind.name}, {self.actor!r}, {self.step})"


Place = tuple[str, str, int]


class Faults:
    """Which faults come, and which have come.

    Args:
        only: the places at which a fault may come; `None`: wherever the dice say so.
    """

    def __init__(self, only: Collection[Place] | None = None) -> None:
        self._only = None if only is None else frozenset(only)
        self.is_calm = False
        self.come: list[Fault] = []
        self._of_task: dict[int, list[Fault]] = {}

    def comes(self, kind: Kind, actor: str, step: int, *, task: int = -1) -> bool:
        """Whether a fault that the dice ask for comes. Those that come are kept."""
        if self.is_calm:
            return False
        fault = Fault(kind, actor, step, task)
        if self._only is not None and fault.place not in self._only:
            return False
        self.note(fault)
        return True

    def note(self, fault: Fault) -> None:
        """Keeps a fault that has come."""
        self.come.append(fault)
        self.hit(fault)

    def hit(self, fault: Fault) -> None:
        """Counts a fault that has come, and is kept, for another task that it hits too."""
        self._of_task.setdefault(fault.task, []).append(fault)

    def of(self, task: int) -> list[Fault]:
        """Those that hit a task, in their order."""
        return self._of_task.get(task, [])

    def counted(self) -> Counter[str]:
        return Counter(fault.kind.value for fault in self.come)


@dataclass(frozen=True, slots=True)
class Odds:
    """How often a fault comes at a call, and whether the call has taken effect then."""

    kind: Kind
    odds: float
    is_after: bool = False


# At each call of a Lambda, to whichever service.
LETHAL: Final = (
    Odds(Kind.KILLED, 0.004),
    Odds(Kind.KILLED, 0.004, is_after=True),
    Odds(Kind.OUT_OF_MEMORY, 0.0015),
    Odds(Kind.OUT_OF_MEMORY, 0.0015, is_after=True),
    Odds(Kind.TIMED_OUT, 0.0015),
    Odds(Kind.TIMED_OUT, 0.0015, is_after=True),
    Odds(Kind.FROZEN, 0.005),
    Odds(Kind.FROZEN, 0.005, is_after=True),
    Odds(Kind.RAN_ON, 0.002),
)
OF_SERVICES: Final = {
    "dynamodb": (
        Odds(Kind.DYNAMODB_THROTTLED, 0.008),
        Odds(Kind.DYNAMODB_REQUEST_LOST, 0.006),
        Odds(Kind.DYNAMODB_ANSWER_LOST, 0.02, is_after=True),
        Odds(Kind.DYNAMODB_FAILED, 0.003),
        Odds(Kind.DYNAMODB_OUT, 0.0015),
    ),
    "s3": (
        Odds(Kind.S3_FAILED, 0.02),
        Odds(Kind.S3_ANSWER_LOST, 0.02, is_after=True),
    ),
    "sqs": (Odds(Kind.SQS_RECEIVE_LOST, 0.03, is_after=True),),
    "events": (
        Odds(Kind.EVENTS_FAILED, 0.03),
        Odds(Kind.EVENTS_ANSWER_LOST, 0.03, is_after=True),
    ),
    "stepfunctions": (
        Odds(Kind.STEP_FUNCTIONS_THROTTLED, 0.03),
        Odds(Kind.STEP_FUNCTIONS_FAILED, 0.02),
        Odds(Kind.STEP_FUNCTIONS_ANSWER_LOST, 0.02, is_after=True),
    ),
    "world": (),
}
# At each write of a record, or at each read of several.
CONFLICT_ODDS: Final = 0.012
UNPROCESSED_ODDS: Final = 0.06
INDEX_LAG_ODDS: Final = 0.05
# At each entry, delivery, report and invocation.
REFUSED_ODDS: Final = 0.05
DELIVERIES: Final = (
    (Kind.EVENT_LOST, 0.04),
    (Kind.EVENT_UNDELIVERED, 0.03),
    (Kind.TARGET_THROTTLED, 0.02),
    (Kind.EVENT_TWICE, 0.07),
    (Kind.EVENT_LATE, 0.04),
    (Kind.EVENT_NEXT_DAY, 0.03),
)
REPORTS: Final = ((Kind.STATUS_LOST, 0.25), (Kind.STATUS_TWICE, 0.15), (Kind.STATUS_LATE, 0.15))
INVOCATIONS: Final = (
    (Kind.LAMBDA_THROTTLED, 0.02),
    (Kind.LAMBDA_FAILED, 0.01),
    (Kind.LAMBDA_ANSWER_LOST, 0.015),
)
SKEW_ODDS: Final = 0.25
SQS_TWICE_ODDS: Final = 0.05


def drawn(roll: float, odds: tuple[tuple[Kind, float], ...]) -> Kind | None:
    """The kind that a roll between 0 and 1 means."""
    for kind, chance in odds:
        roll -= chance
        if roll < 0:
            return kind
    return None

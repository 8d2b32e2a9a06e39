"""The words that both halves speak: statuses, states, event keys, names in the table, limits.

The state machine is generated from this module and the worker answers with it, so neither can drift
from the other. Standard library only: the Pulumi program imports it too.
"""

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Where a task stands. It only ever moves forward: pending, running, then one of the other
    three.
    """

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    ABORTED = "aborted"

    @property
    def is_open(self) -> bool:
        return self in OPEN_STATUSES


OPEN_STATUSES: Final = frozenset({Status.PENDING, Status.RUNNING})


class AnswerStatus(StrEnum):
    """The `status` of a worker's answer: what `CheckStatus` chooses by."""

    CONTINUE = "continue"
    DONE = "done"
    ERROR = "error"
    ABORTED = "aborted"


class State(StrEnum):
    """The states of the state machine."""

    TRANSFORM_EVENT = "TransformEvent"
    RUN = "Run"
    CHECK_STATUS = "CheckStatus"
    WAIT = "Wait"
    DONE = "Done"
    ABORTED = "Aborted"
    ERROR = "Error"
    UNKNOWN_ERROR = "UnknownError"
    UNKNOWN_STATUS = "UnknownStatus"


class WireKey(StrEnum):
    """Keys on the wire: of the event's detail, of the worker's input and of its answer. Webiny's,
    but for the last five.
    """

    TASK_ID = "webinyTaskId"
    DEFINITION_ID = "webinyTaskDefinitionId"
    TENANT = "tenant"
    LOCALE = "locale"
    DELAY = "delay"
    ENDPOINT = "endpoint"
    EXECUTION_NAME = "executionName"
    STATE_MACHINE_ID = "stateMachineId"
    STATUS = "status"
    WAIT = "wait"
    MESSAGE = "message"
    OUTPUT = "output"
    ERROR = "error"
    # An event sent by hand has no task id: these make the task's record.
    BY_HAND = "byHand"
    INPUT = "input"
    NAME = "name"
    # When `Run` was entered: the same for every retry of one visit, another for each visit. It lets
    # the worker tell an iteration that must run again (it crashed) from an answer that must be told
    # again (it was lost on the way).
    VISIT = "visit"
    EXECUTION_STARTED_ON = "executionStartedOn"


class EnvVar(StrEnum):
    """Environment variables of the Lambdas. `handler.settings` says what each means."""

    TABLE_NAME = "TABLE_NAME"
    EVENT_BUS_NAME = "EVENT_BUS_NAME"
    PAYLOAD_BUCKET_NAME = "PAYLOAD_BUCKET_NAME"
    STATE_MACHINE_ARN = "STATE_MACHINE_ARN"
    DEAD_LETTER_QUEUE_URL = "DEAD_LETTER_QUEUE_URL"
    RETENTION_DAYS = "RETENTION_DAYS"
    RECOVERY_AFTER_SECONDS = "RECOVERY_AFTER_SECONDS"


class Index(StrEnum):
    """The table's global secondary indexes. All project keys only, so that an iteration writes to
    none of them.
    """

    BY_TENANT = "byTenant"
    BY_DEFINITION = "byDefinition"
    BY_STATUS = "byStatus"
    OPEN = "open"

    @property
    def partition_key(self) -> str:
        """The attribute that partitions the index. `INDEX_SORT_KEY` sorts every index."""
        return f"{self.value}Key"


PARTITION_KEY: Final = "pk"
SORT_KEY: Final = "sk"
INDEX_SORT_KEY: Final = "createdOn"
EXPIRY_ATTRIBUTE: Final = "expiresAt"
# An object of the payload bucket expires some days after it was written, if it has this tag: a
# payload of a task that is over.
EXPIRE_TAG: Final = ("expire", "true")

DETAIL_TYPE: Final = "WebinyBackgroundTask"
EVENT_SOURCE: Final = "webiny-api-tasks"
PAYLOAD_NAME: Final = "background-task"
ENDPOINT: Final = "manage"
DEFAULT_TENANT: Final = "root"
DEFAULT_LOCALE: Final = "en-US"
NO_DELAY: Final = -1

DAY_SECONDS: Final = 24 * 60 * 60
# An execution lives a year at most (Step Functions quotas, "Maximum execution time"); ten days are
# left for the run itself.
MAX_WAIT_SECONDS: Final = 355 * DAY_SECONDS
MAX_ANSWER_BYTES: Final = 32 * 1024
# An input or an output may be so large, as JSON. What the record has no room for is kept in S3.
MAX_INPUT_BYTES: Final = 10 * 1024 * 1024
MAX_OUTPUT_BYTES: Final = 10 * 1024 * 1024
# Input and output together, as they are written: an item has 400 KB (DynamoDB quotas), and the rest
# of it needs some.
MAX_RECORD_PAYLOAD_BYTES: Final = 350 * 1024

# An execution has 25,000 history events (Step Functions quotas, "Maximum execution event history
# size"). An iteration that waits writes nine: Run entered, scheduled, started, succeeded, exited;
# CheckStatus and Wait entered and exited. A failed attempt at Run writes three more. So a task
# moves on to a new execution after 2,000 iterations, or 18,000 events: 7,000 are left for failed
# attempts (tests/handler/iteration/test_no_ceiling.py does this arithmetic).
MAX_EXECUTION_ITERATIONS: Final = 2_000
# An execution lives a year (Step Functions quotas, "Maximum execution time"): a task moves on
# before a wait would end later.
MAX_EXECUTION_SECONDS: Final = 360 * DAY_SECONDS

WORKER_TIMEOUT_SECONDS: Final = 900
API_TIMEOUT_SECONDS: Final = 30
# The invocation itself can take that much longer than the function: Step Functions waits for
# Lambda's own answer.
RUN_TIMEOUT_SECONDS: Final = WORKER_TIMEOUT_SECONDS + 60

# Step Functions cuts neither: a longer error or cause is refused (API reference, FailStateDetails:
# 256 and 32,768 characters).
MAX_ERROR_CHARACTERS: Final = 256
MAX_CAUSE_CHARACTERS: Final = 32_768

# The error that a worker raises when the store stays unreachable: the class's name, as Lambda
# reports it to `Retry`.
STORE_UNAVAILABLE: Final = "StoreUnavailable"

# What Step Functions calls the failures of a Lambda (Step Functions guide, "Handle Lambda service
# exceptions" and "Error names"). The state machine retries `Run` by these names; the worker reads
# from them how its last invocation died. One death has several names (Lambda guide, "Troubleshoot
# invocation issues"): lack of memory is `Runtime.OutOfMemory`, or `Runtime.ExitError` with the
# cause "signal: killed"; `Lambda.Unknown` is lack of memory or of time.
OUT_OF_MEMORY_ERRORS: Final = ("Runtime.OutOfMemory",)
TIMEOUT_ERRORS: Final = ("Sandbox.Timedout", "States.Timeout")
KILLED_ERRORS: Final = ("Runtime.ExitError", "Lambda.Unknown")
DEAD_WORKER_ERRORS: Final = (*TIMEOUT_ERRORS, *OUT_OF_MEMORY_ERRORS, *KILLED_ERRORS)
THROTTLED_ERRORS: Final = ("Lambda.TooManyRequestsException",)
# Lambda's own faults: they say nothing about the worker.
LAMBDA_SERVICE_ERRORS: Final = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.ClientExecutionTimeoutException",
)

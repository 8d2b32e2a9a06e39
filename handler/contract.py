"""The words that both halves use: statuses, states, event keys, error codes, table names, limits.

The program makes the state machine from this module, and the worker answers with it, so neither can
drift from the other. Standard library only.
"""

from enum import StrEnum
from typing import Final


class Status(StrEnum):
    """Where a task stands. It only moves forward: pending, running, then one of the others."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCESS = "success"
    FAILED = "failed"
    ABORTED = "aborted"

    @property
    def is_open(self) -> bool:
        return self in OPEN_STATUSES


OPEN_STATUSES: Final = frozenset({Status.PENDING, Status.RUNNING})
OVER_STATUSES: Final = frozenset(Status) - OPEN_STATUSES


class AnswerStatus(StrEnum):
    """The `status` of a worker's answer: what `CheckStatus` chooses by."""

    CONTINUE = "continue"
    DONE = "done"
    ERROR = "error"
    ABORTED = "aborted"


class StatusChange(StrEnum):
    """What an event of the type `STATUS_DETAIL_TYPE` tells of a task."""

    STARTED = "started"
    WAITING = "waiting"
    ENDED = "ended"


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
    """Keys of the event's detail, of the worker's input and of its answer.

    All but the last ten are Webiny's.
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
    TIMEOUT = "timeout"
    EXPIRES_AFTER = "expiresAfter"
    TAGS = "tags"
    # The names of what such an event has besides, to name misspelt ones in an error.
    UNUSED_KEYS = "unusedKeys"
    # When the execution entered `Run`: the state's `EnteredTime` in Step Functions' context object.
    # A `Retry` runs the task again inside the state, so all attempts of one visit have one
    # `EnteredTime`; the next visit has another. By it the worker knows a crashed iteration, which
    # must run again, from a lost answer, which must be repeated. docs/decisions has the source.
    VISIT = "visit"
    EXECUTION_STARTED_ON = "executionStartedOn"
    # The worker that runs a task since an iteration of it ran out of memory: in the event of its
    # next execution.
    WORKER = "worker"


class ErrorCode(StrEnum):
    """The codes of our own errors, to group failures by. Authors have codes of their own."""

    TASK_ERROR = "TASK_ERROR"
    VALIDATION_FAILED = "VALIDATION_FAILED_INVALID_FIELDS"
    INPUT_TOO_LARGE = "INPUT_TOO_LARGE"
    MAX_DELAY_ERROR = "MAX_DELAY_ERROR"
    TASK_DEFINITION_ERROR = "TASK_DEFINITION_ERROR"
    NOT_FOUND = "NOT_FOUND"  # of a request
    TASK_NOT_FOUND = "TASK_NOT_FOUND"  # of an event that names no record
    TASK_ABORT_ERROR = "TASK_ABORT_ERROR"
    TASK_DELETE_ERROR = "TASK_DELETE_ERROR"
    TASK_RUN_NOW_ERROR = "TASK_RUN_NOW_ERROR"
    TASK_PAUSE_ERROR = "TASK_PAUSE_ERROR"
    TASK_RESUME_ERROR = "TASK_RESUME_ERROR"
    TASK_RETRY_ERROR = "TASK_RETRY_ERROR"
    TASK_SIGNAL_ERROR = "TASK_SIGNAL_ERROR"
    TASK_CONFLICT = "TASK_CONFLICT"  # of a trigger, where all slots of its key are taken
    TRIGGER_TASK_ERROR = "TRIGGER_TASK_ERROR"
    NOT_TRIED = "NOT_TRIED"  # of one of many inputs, where the request's time was over before it
    NO_VERDICT = "NO_VERDICT"
    MAX_ITERATIONS = "MAX_ITERATIONS"
    TASK_TIMEOUT = "TASK_TIMEOUT"
    TASK_EXPIRED = "TASK_EXPIRED"
    NEVER_CLAIMED = "NEVER_CLAIMED"
    UNDELIVERED = "UNDELIVERED"
    EXECUTION_ENDED = "EXECUTION_ENDED"
    SETTINGS_ERROR = "SETTINGS_ERROR"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    STORE_ERROR = "STORE_ERROR"
    INPUT_UNREADABLE = "INPUT_UNREADABLE"
    CHILD_GONE = "CHILD_GONE"  # of a child in a join
    TASK_STILL_OPEN = "TASK_STILL_OPEN"  # of a task whose end, or result, somebody waits for
    TASK_ABORTED = "TASK_ABORTED"  # of a task whose result somebody asks for
    API_UNAVAILABLE = "API_UNAVAILABLE"  # of the client
    REQUEST_TOO_LARGE = "REQUEST_TOO_LARGE"  # the API's limits on what one request asks for
    SECURITY_NOT_AUTHORIZED = "SECURITY_NOT_AUTHORIZED"  # Webiny's
    INVALID_SETTINGS = "BackgroundTasks/ValidationError"  # Webiny's, of settings alone
    INTERNAL_ERROR = "INTERNAL_ERROR"  # of the API: its log says what happened


class Permission(StrEnum):
    """What a caller of the API may do with tasks: Webiny's letters, of its `rwd`."""

    READ = "r"
    WRITE = "w"
    DELETE = "d"


class EnvVar(StrEnum):
    """Environment variables of the Lambdas. `handler.settings` says what each means."""

    TABLE_NAME = "TABLE_NAME"
    EVENT_BUS_NAME = "EVENT_BUS_NAME"
    PAYLOAD_BUCKET_NAME = "PAYLOAD_BUCKET_NAME"
    STATE_MACHINE_ARN = "STATE_MACHINE_ARN"
    DEAD_LETTER_QUEUE_URL = "DEAD_LETTER_QUEUE_URL"
    METRICS_NAMESPACE = "POWERTOOLS_METRICS_NAMESPACE"
    RETENTION_DAYS = "RETENTION_DAYS"
    RECOVERY_AFTER_SECONDS = "RECOVERY_AFTER_SECONDS"
    IMPORT_SECONDS = "IMPORT_SECONDS"
    JWT_TENANT_CLAIM = "JWT_TENANT_CLAIM"
    API_ACCESS = "API_ACCESS"
    CODE_VERSION = "CODE_VERSION"
    STACK_NAME = "STACK_NAME"
    STATUS_EVENTS = "STATUS_EVENTS"
    SIGNALS_URL = "SIGNALS_URL"
    WORKER_SECONDS = "WORKER_SECONDS"
    INTROSPECTION = "INTROSPECTION"


class Index(StrEnum):
    """The table's global secondary indexes.

    They project keys only, and no key changes in an iteration: it writes to none of them, unless it
    is the first, which dates the start, or begins a long wait.
    """

    BY_TENANT = "byTenant"
    BY_DEFINITION = "byDefinition"
    BY_STATUS = "byStatus"
    BY_DEFINITION_AND_STATUS = "byDefinitionAndStatus"
    UNFINISHED = "unfinished"
    BY_FINISH = "byFinish"
    BY_STATUS_AND_FINISH = "byStatusAndFinish"
    BY_DEFINITION_AND_FINISH = "byDefinitionAndFinish"
    BY_START = "byStart"
    BY_DEFINITION_AND_START = "byDefinitionAndStart"
    BY_NAME = "byName"
    BY_ERROR_CODE = "byErrorCode"

    @property
    def partition_key(self) -> str:
        """The attribute that partitions the index. Indexes that are sorted otherwise share it."""
        return f"{_PARTITIONED_AS.get(self, self)}Key"

    @property
    def sort_key(self) -> str:
        """The attribute that sorts it. What has none, such as a task without an end, is not in."""
        return _SORTED_BY.get(self, CREATED_ON)


PARTITION_KEY: Final = "pk"
SORT_KEY: Final = "sk"
CREATED_ON: Final = "createdOn"
STARTED_ON: Final = "startedOn"
FINISHED_ON: Final = "finishedOn"
DUE_ON: Final = "dueOn"
NAME_KEY: Final = "nameKey"  # a name, cut, and when its task was created
# A table has 20 indexes at most (API reference, CreateTable: GlobalSecondaryIndexes).
_PARTITIONED_AS: Final = {
    Index.BY_FINISH: Index.BY_TENANT,
    Index.BY_STATUS_AND_FINISH: Index.BY_STATUS,
    Index.BY_DEFINITION_AND_FINISH: Index.BY_DEFINITION,
    Index.BY_START: Index.BY_TENANT,
    Index.BY_DEFINITION_AND_START: Index.BY_DEFINITION,
    Index.BY_NAME: Index.BY_TENANT,
}
_SORTED_BY: Final = {
    Index.UNFINISHED: DUE_ON,
    Index.BY_FINISH: FINISHED_ON,
    Index.BY_STATUS_AND_FINISH: FINISHED_ON,
    Index.BY_DEFINITION_AND_FINISH: FINISHED_ON,
    Index.BY_START: STARTED_ON,
    Index.BY_DEFINITION_AND_START: STARTED_ON,
    Index.BY_NAME: NAME_KEY,
}
EXPIRY_ATTRIBUTE: Final = "expiresAt"
# The attributes that are keys of indexes, each once.
INDEX_KEYS: Final = tuple(
    dict.fromkeys(key for index in Index for key in (index.sort_key, index.partition_key))
)
# Every key in the payload bucket begins with it, and the roles may use no other.
PAYLOAD_PREFIX: Final = "tasks/"

# The id of the engine's own definition: of the tasks that carry out what is said of many.
BULK_DEFINITION: Final = "backgroundTasksInBulk"

DETAIL_TYPE: Final = "WebinyBackgroundTask"
EVENT_SOURCE: Final = "webiny-api-tasks"
# Of the events that tell of a task: no rule of the stack's starts anything by them.
STATUS_DETAIL_TYPE: Final = "WebinyBackgroundTaskStatusChange"
# An event that is a signal for a task.
SIGNAL_DETAIL_TYPE: Final = "WebinyBackgroundTaskSignal"
# The worker that each stack has. A stack's config may name others, camelCase as ids are; a role of
# 64 characters (IAM quotas) has to have room for the name (infra/names.py).
DEFAULT_WORKER: Final = "default"
MAX_WORKER_NAME_CHARACTERS: Final = 11
PAYLOAD_NAME: Final = "background-task"
ENDPOINT: Final = "manage"
DEFAULT_TENANT: Final = "root"
# What narrows permissions to the tasks that the caller has triggered.
OWN: Final = "own"
# Stands for every tenant where a stack's config names tenants.
EVERY_TENANT: Final = "*"
DEFAULT_LOCALE: Final = "en-US"
NO_DELAY: Final = -1

# EventBridge Scheduler puts the time of a tick in its place (guide, "Adding context attributes in
# EventBridge Scheduler").
SCHEDULED_TIME: Final = "<aws.scheduler.scheduled-time>"

DAY_SECONDS: Final = 24 * 60 * 60
# An execution lives for a year at most (Step Functions quotas, "Maximum execution time"). Ten days
# of it are left for the run itself.
MAX_WAIT_SECONDS: Final = 355 * DAY_SECONDS
MAX_ANSWER_BYTES: Final = 32 * 1024
# The largest input and output, as JSON. S3 keeps what the record has no room for.
MAX_INPUT_BYTES: Final = 10 * 1024 * 1024
MAX_OUTPUT_BYTES: Final = 10 * 1024 * 1024
# Input and output together, as they are written. An item has 400 KB (DynamoDB quotas); the rest of
# the record needs some.
MAX_RECORD_PAYLOAD_BYTES: Final = 350 * 1024

# Longer texts of a record are cut, with a mark. Together they leave an item room for its payloads.
MAX_NAME_CHARACTERS: Final = 1_000
MAX_LOCALE_CHARACTERS: Final = 100
MAX_PROBLEM_CHARACTERS: Final = 1_000
# A hash in hexadecimal. A record has two.
MAX_CODE_VERSION_CHARACTERS: Final = 64
MAX_IDENTITY_CHARACTERS: Final = 500
MAX_SOURCE_CHARACTERS: Final = 200
# What is part of a key is refused if it is longer. A partition key has 2,048 bytes at most, a sort
# key 1,024 (DynamoDB guide, "Constraints"), and ours join a tenant and a definition, or a date and
# an id.
MAX_TENANT_BYTES: Final = 256
MAX_ID_BYTES: Final = 512
MAX_EXECUTION_NAME_BYTES: Final = 256
# So much of a name is a part of a sort key, beside a date.
MAX_NAME_KEY_BYTES: Final = 256
# A task's tags: their keys and values are parts of a partition key, in which a character may take
# three bytes.
MAX_TAGS: Final = 10
MAX_TAG_KEY_BYTES: Final = 128
MAX_TAG_VALUE_BYTES: Final = 256
# A signal's name is a part of a sort key and of a URL; its data is in an item of 400 KB.
MAX_SIGNAL_NAME_CHARACTERS: Final = 64
MAX_SIGNAL_KEY_BYTES: Final = 512
MAX_SIGNAL_BYTES: Final = 64 * 1024

# Where a signal is sent by whoever has nothing but its URL: a path of the API, and its parameters
# as API Gateway names them.
SIGNALS_PATH: Final = "/signals"
TASK_PARAMETER: Final = "taskId"
SECRET_PARAMETER: Final = "secret"  # noqa: S105  its name
SIGNAL_URL_PATH: Final = f"{SIGNALS_PATH}/{{{TASK_PARAMETER}}}/{{{SECRET_PARAMETER}}}"
SIGNAL_ROUTE: Final = f"POST {SIGNAL_URL_PATH}"
SIGNAL_PAGE_ROUTE: Final = f"GET {SIGNAL_URL_PATH}"

GRAPHQL_PATH: Final = "/graphql"
GRAPHIQL_PAGE_ROUTE: Final = f"GET {GRAPHQL_PATH}"
GRAPHIQL_FILE_ROUTE: Final = f"GET {GRAPHQL_PATH}/{{file}}"

# What a setting of the running stack takes: Webiny's ten years. A deploy takes a hundred.
MAX_RETENTION_DAYS: Final = 3_650

# An execution has 25,000 history events (Step Functions quotas, "Maximum execution event history
# size"). A visit of Run that waits writes nine: Run entered, scheduled, started, succeeded,
# exited; CheckStatus and Wait entered and exited. A failed attempt at Run writes three more. So a
# task moves on to a new execution after 2,000 visits, or 18,000 events: 7,000 are left for failed
# attempts (tests/handler/iteration/test_no_ceiling.py does this arithmetic).
MAX_EXECUTION_VISITS: Final = 2_000
# An execution lives a year (Step Functions quotas, "Maximum execution time"): a task moves on
# before a wait would end later.
MAX_EXECUTION_SECONDS: Final = 360 * DAY_SECONDS

WORKER_TIMEOUT_SECONDS: Final = 900
# An iteration goes on in the same invocation while so much of the invocation's time is left: ten
# minutes of fifteen. So each has two thirds of a Lambda's time, wherever it runs.
IN_PLACE_SHARE: Final = 2 / 3
# What a task keeps of it at its end, unless it says how much: three minutes of fifteen.
MARGIN_SHARE: Final = 1 / 5
API_TIMEOUT_SECONDS: Final = 30
# How long a Lambda waits for the import of one file under definitions/; for all together, twice as
# long. The API answers its first request afterwards, all in its 30 seconds. The worker imports
# while it starts: Lambda ends a start after 10 seconds and repeats it within the first invocation,
# in the time of that (Lambda guide, "Understanding the Lambda execution environment lifecycle").
API_IMPORT_SECONDS: Final = 10
IMPORT_SECONDS: Final = 120
# Step Functions waits for Lambda's own response, which may come a minute after the function's end.
RUN_TIMEOUT_SECONDS: Final = WORKER_TIMEOUT_SECONDS + 60

# Step Functions refuses a longer error or cause, it does not cut it (API reference,
# FailStateDetails: 256 and 32,768 characters).
MAX_ERROR_CHARACTERS: Final = 256
MAX_CAUSE_CHARACTERS: Final = 32_768

# The class of the error that the worker raises when the table stays out of reach. Lambda reports
# this name to the state machine's `Retry`.
STORE_UNAVAILABLE: Final = "StoreUnavailable"
# The same, for a definition that may be in a file that could not be imported.
DEFINITION_UNAVAILABLE: Final = "DefinitionUnavailable"
# The same, for an iteration whose task another invocation of the same visit has taken.
OVERTAKEN: Final = "Overtaken"

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

"""What may be given to a task, to a text of it, to the API, and what becomes of more."""

from typing import Final

from handler import api as api_entry
from handler import contract
from handler.contract import DAY_SECONDS
from handler.definition import definition, flow, names, schedule, schedule_input
from handler.graphql import budget
from handler.graphql import limits as api
from handler.iteration import answers, log_buffer
from handler.record import exceptions, failures, shown, task_log
from handler.table import MOST_PARTITIONS, payloads
from tests.docs.figures.blocks import Table
from tests.docs.figures.workload import MILLION
from tests.measure.footprint import RETENTION_DAYS

KIB: Final = 1024
MIB: Final = 1024**2


def of_a_task() -> Table:
    days = contract.MAX_WAIT_SECONDS // DAY_SECONDS
    inline = payloads.MAX_INLINE_BYTES // KIB
    short = payloads.SHORT_BYTES // KIB
    anew = "[retry from the start](writing-tasks.md#retry-a-failed-task)"
    rows = [
        (
            "an iteration",
            f"{_minutes(1)} minutes; {_minutes(contract.IN_PLACE_SHARE)} at least in place",
            "its Lambda is killed, and the iteration runs again",
        ),
        (
            "iterations, and years",
            f"none but `max_iterations`, {definition.DEFAULT_MAX_ITERATIONS} by default",
            (
                "long before the limits of Step Functions (a year, 25,000 events) it moves to a new"
                " execution by itself, and keeps its id, its record and its logs"
            ),
        ),
        (
            "a wait or a delay",
            f"{days} days",
            "a wait is cut; a delay is refused (`MAX_DELAY_ERROR`)",
        ),
        (
            "its time, from the trigger",
            "none but its `timeout` and `expires_after`",
            "failed (`TASK_TIMEOUT`, `TASK_EXPIRED`)",
        ),
        (
            "an input, as JSON",
            f"{contract.MAX_INPUT_BYTES // MIB} MiB",
            "refused (`INPUT_TOO_LARGE`). The API's Lambda takes 5 MB, an event by hand 1 MB",
        ),
        (
            "an output, as JSON",
            f"{contract.MAX_OUTPUT_BYTES // MIB} MiB",
            'replaced by a note of its size: `{"message", "size", "max"}`',
        ),
        (
            "what it was triggered with, once its input is another",
            "kept once more, in the record or in S3",
            f"one of more than {short} KiB that S3 does not take is not kept, and no {anew} has it",
        ),
        (
            "retries of a task",
            "1, and 1 of each retry",
            "to retry it again is to get the same task",
        ),
        (
            "what of them the table keeps",
            f"{inline} KiB each, compressed where that helps",
            "the rest is in S3, at one more request for each read and write",
        ),
        (
            "what an execution's history shows of an output",
            f"{contract.MAX_ANSWER_BYTES // KIB} KiB, with the rest of the answer",
            "left out there; the record has it",
        ),
        (
            "the input of a schedule",
            f"{schedule_input.MAX_SCHEDULE_INPUT_BYTES // KIB} KiB",
            "the deploy stops",
        ),
        (
            "lines of a log",
            "none",
            (
                "an iteration's lines are written with its outcome, or earlier:"
                f" after {log_buffer._MAX_AGE.seconds} s, or {log_buffer._MAX_BYTES // KIB} KiB"
            ),
        ),
        (
            "children",
            "none",
            "a join reads a row and a record of each",
        ),
        (
            "progress",
            "none",
            "it is written with the input, each time that this is saved",
        ),
        (
            "the import of a file",
            (
                f"{contract.API_IMPORT_SECONDS} s in the API,"
                f" {contract.IMPORT_SECONDS // 60} minutes in the worker"
            ),
            (
                "its tasks are missing there, as those of a"
                " [file that can't be imported](reliability.md#what-is-promised)"
            ),
        ),
        (
            "how long a finished task is kept",
            f"`taskRetentionDays`, {RETENTION_DAYS} by default; 0 is for ever",
            (
                "a change, by a deploy or"
                " [while the stack runs](operating.md#settings-of-a-running-stack)"
                f" (0 to {contract.MAX_RETENTION_DAYS:,} days, for a tenant),"
                " holds for tasks that end from then on; one from 0 leaves what has ended before"
                " for ever, and a child of that with it. An open task never expires, and a child"
                " expires after its parent"
            ),
        ),
    ]
    return Table("task", ("of one task", "limit", "beyond it"), rows)


def of_texts() -> Table:
    cut = "cut"
    rows = [
        (
            "the message of a log line, of `Done`, of an abort",
            f"{task_log.MAX_LINE_CHARACTERS:,} characters",
            cut,
        ),
        (
            "the data of a log line",
            f"{task_log._MAX_DATA_BYTES // KIB} KiB",
            "left out, with a note of its size",
        ),
        (
            "the data of an error",
            f"{contract.MAX_OUTPUT_BYTES // MIB} MiB",
            "left out, with a note of its size",
        ),
        (
            "the depth of such data",
            f"{shown.MAX_LEVELS} levels",
            (
                "a note takes the place of what is deeper, of what contains itself, and of what"
                " can't be shown: a log call never raises for what it is given"
            ),
        ),
        (
            "the message of an error",
            (
                f"{failures._MAX_MESSAGE_CHARACTERS:,} characters;"
                f" {answers._MAX_MESSAGE_CHARACTERS:,} in an execution's history"
            ),
            cut,
        ),
        ("the code of an error", f"{contract.MAX_ERROR_CHARACTERS} bytes", cut),
        ("the traceback in a log", f"the last {exceptions.MAX_STACK_CHARACTERS:,} characters", cut),
        ("a task's name", f"{contract.MAX_NAME_CHARACTERS:,} characters", cut),
        (
            "what a list is sorted by of a name",
            f"its first {contract.MAX_NAME_KEY_BYTES} bytes",
            "those that begin alike are sorted by their creation; a filter looks at the whole name",
        ),
        (
            "the tags of a task; the key of each; its value",
            (
                f"{contract.MAX_TAGS}; 1 to {contract.MAX_TAG_KEY_BYTES};"
                f" 1 to {contract.MAX_TAG_VALUE_BYTES} bytes"
            ),
            "refused; of a definition the deploy stops",
        ),
        (
            "a locale; each text of an identity",
            f"{contract.MAX_LOCALE_CHARACTERS}; {contract.MAX_IDENTITY_CHARACTERS} characters",
            cut,
        ),
        (
            "a tenant; the id of a task, or of a parent",
            f"1 to {contract.MAX_TENANT_BYTES}; 1 to {contract.MAX_ID_BYTES} bytes",
            "refused; of an event by hand it is replaced, and the record says so",
        ),
        (
            "the name of an execution",
            f"{contract.MAX_EXECUTION_NAME_BYTES} bytes",
            "refused",
        ),
        (
            "a signal's name; its key",
            (
                f"{contract.MAX_SIGNAL_NAME_CHARACTERS} characters;"
                f" {contract.MAX_SIGNAL_KEY_BYTES} bytes"
            ),
            "refused",
        ),
        (
            "the data of a signal",
            f"{contract.MAX_SIGNAL_BYTES // KIB} KiB",
            "refused (`INPUT_TOO_LARGE`)",
        ),
        ("an `idempotency_key`", "a text that is not empty, of any length", ""),
        (
            "the id of a definition",
            f"{names.MAX_ID_CHARACTERS} characters",
            "the deploy stops, as for the next three",
        ),
        (
            "its title; its description",
            (
                f"{definition.MAX_TITLE_CHARACTERS}; {definition.MAX_DESCRIPTION_CHARACTERS:,}"
                " characters"
            ),
            "",
        ),
        ("its aliases", f"{definition.MAX_ALIASES}", ""),
        ("an expression of a schedule", f"{schedule.MAX_EXPRESSION_CHARACTERS} characters", ""),
        (
            "the slots of a key; the starts of a rate",
            f"{flow.MAX_CONCURRENCY:,}; {flow.MAX_STARTS_A_SECOND} a second",
            "the deploy stops; of an operator's limit, refused",
        ),
        ("the key of a limit", "any length", f"{flow.MAX_SHOWN_KEY_CHARACTERS} are shown"),
        ("the key of a debounce", f"{flow.MAX_DEBOUNCE_KEY_BYTES:,} bytes", "refused"),
    ]
    return Table("texts", ("of texts and data", "limit", "beyond it"), rows)


def of_the_api() -> Table:
    rows = [
        (
            "a request",
            (
                f"{api_entry._MAX_BODY_BYTES / MILLION:g} MB;"
                f" {api_entry._MAX_OPERATIONS} operations in a batch;"
                f" {api.MAX_VARIABLE_VALUES:,} values in its variables; a document of"
                f" {api.MAX_DOCUMENT_CHARACTERS:,} characters, {api.MAX_TOKENS:,} tokens,"
                f" {api.MAX_LEVELS} levels, {api.MAX_ALIASES} aliases, {api.MAX_OPERATIONS}"
                f" operations, {api.MAX_FRAGMENTS} fragments, {api.MAX_SELECTIONS:,} fields and"
                f" spreads, and {api.MAX_VARIABLES} variables"
            ),
        ),
        (
            "what a request asks for, a batch as a whole",
            (
                f"{api.MAX_READS} reads, {api.MAX_LISTS} of them lists of tasks or limits;"
                f" {api.MAX_MUTATIONS} mutations, those of `trigger` among them;"
                f" {api.MAX_INPUTS:,} inputs of `triggerTasks`;"
                f" {api.MAX_FIELDS:,} fields, each counted once for"
                " each task or log that a page may have;"
                f" {api.MAX_FILTER_VALUES:,} values in the lists of its filters. A request that"
                " asks for more costs none to the table"
            ),
        ),
        (
            "a page of a list",
            (
                "3 requests to the table for up to 100 tasks, whatever the filter."
                " [Lists](api.md#lists) says which order answers which filter. Of what has no"
                " index, such as `pending` or `running` alone, a page looks at 100 or 200 tasks: it"
                " may have fewer than asked for, or none, and a cursor all the same. Ask for both"
                " open statuses, or for two others at a time, where that matters."
                " `id_in` takes 300 ids for such a page"
            ),
        ),
        (
            "what the `totalCount`s of a request read",
            (
                f"{budget._MAX_COUNTED:,} entries of an index together. A record is as much as five"
                f" of them ({budget._MAX_COUNTED // 5:,} records: for children, for tags, and where"
                " not all that an index has matches), an iteration's log as one and one more for"
                " each 1,000 bytes."
                " A count that ends early is the least there can be, and `isTotalCountCapped` says"
                " so. A list that is whole on its first page"
                " costs nothing more. From code, `tasks.count` counts them all"
            ),
        ),
        (
            "a filter of a list",
            f"{MOST_PARTITIONS} values of `parentId_in` and of `errorCode_in`",
        ),
        (
            "an answer",
            (
                f"{budget.MAX_ANSWER_BYTES / MILLION:g} MB and {api.MAX_FIELDS:,} fields;"
                f" the logs of {budget._MAX_LOGS} tasks;"
                f" {budget._MAX_READ_BYTES / MILLION:g} MB of inputs, outputs and logs:"
                " further ones are errors beside the rest. The bytes are those of Lambda's"
                ' response, in which each `"` takes two'
            ),
        ),
    ]
    return Table("api", ("of the API", "limit"), rows)


def _minutes(share: float) -> int:
    """A part of the worker's time."""
    return round(contract.WORKER_TIMEOUT_SECONDS * share) // 60

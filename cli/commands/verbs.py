"""`abort`, `retry`, `delete`, `run-now`: of ids, or of the tasks of a filter."""

from collections.abc import Sequence
from typing import Annotated, Final

from cyclopts import Parameter

from cli import json_input, moments
from cli.bulk import (
    IDS,
    ONE_BY_ONE,
    Many,
    OfMany,
    OfOne,
    Repeated,
    Verb,
    all_of,
    each_of,
    ids_of,
    refuse_flags,
    show_count,
)
from cli.errors import UsageError
from cli.exit_status import ExitStatus
from cli.options import COMMON, NO_FILTERS, Common, Filters
from cli.work import Work
from handler.client import Client
from handler.record import TaskRecord

_ABORT: Final = Verb("abort", "aborted", "open task", "open tasks")
_RETRY: Final = Verb(
    "retry", "retried", "failed or aborted task", "failed or aborted tasks", "was retried already"
)
_DELETE: Final = Verb("delete", "deleted", "task that is over", "tasks that are over")
_RUN_NOW: Final = Verb("run-now", "goes on")


def abort(
    *ids: Annotated[str, IDS],
    message: Annotated[
        str | None, Parameter(name=["--message", "-m"], help="For the task's log.")
    ] = None,
    filters: Filters = NO_FILTERS,
    many: Many = ONE_BY_ONE,
    common: Common = COMMON,
) -> ExitStatus:
    """End open tasks for good, with their children: some, by their ids, or those of a filter.

    Of a filter it counts, asks, and shows how far it is.
    """
    work = Work.of(common)
    if message is not None and not ids:
        raise UsageError("--message goes with ids, and not with a filter.")
    return _say(
        work,
        _ABORT,
        ids,
        filters,
        many,
        of_one=lambda client, task_id: client.abort(task_id, message),
        of_many=Client.abort_many,
    )


def retry(
    *ids: Annotated[str, IDS],
    input: Annotated[
        str | None,
        Parameter(
            name=["--input", "-i"],
            help="What is merged over the input, as of trigger.",
            allow_leading_hyphen=True,
        ),
    ] = None,
    from_start: Annotated[
        bool, Parameter(help="From what it was triggered with, not its last checkpoint.")
    ] = False,
    filters: Filters = NO_FILTERS,
    many: Many = ONE_BY_ONE,
    common: Common = COMMON,
) -> ExitStatus:
    """Do again what has failed or was aborted, as new tasks, from their last checkpoints.

    Of a filter it counts, asks, and shows how far it is.
    """
    work = Work.of(common)
    if (input is not None or from_start) and not ids:
        raise UsageError("--input and --from-start go with ids, and not with a filter.")
    given = json_input.read_object(input, "--input", stdin=work.terminal.stdin)

    def retried(client: Client, task_id: str) -> TaskRecord | Repeated:
        # The answer is the retry, whether it is new or not: only the task says that it has one.
        before = client.get(task_id).retried_by
        retry = client.retry(task_id, given, from_start=from_start)
        return Repeated(retry) if retry.id == before else retry

    return _say(
        work,
        _RETRY,
        ids,
        filters,
        many,
        of_one=retried,
        of_many=Client.retry_many,
    )


def delete(
    *ids: Annotated[str, IDS],
    filters: Filters = NO_FILTERS,
    many: Many = ONE_BY_ONE,
    common: Common = COMMON,
) -> ExitStatus:
    """Delete tasks that are over, with their logs: some, by their ids, or those of a filter.

    Of a filter it counts, asks, and shows how far it is.
    """
    work = Work.of(common)

    return _say(
        work,
        _DELETE,
        ids,
        filters,
        many,
        of_one=_deleted,
        of_many=Client.delete_many,
    )


def run_now(
    *ids: Annotated[str, IDS],
    common: Common = COMMON,
) -> ExitStatus:
    """End the delay or the wait of tasks: their next iterations run at once."""
    work = Work.of(common)
    if not ids:
        raise UsageError("run-now needs ids. Next: background-tasks run-now --help")
    return each_of(work, _RUN_NOW, ids_of(ids, work, _RUN_NOW), Client.run_now)


def _deleted(client: Client, task_id: str) -> None:
    client.delete(task_id)


def _say(
    work: Work,
    verb: Verb,
    ids: Sequence[str],
    filters: Filters,
    many: Many,
    *,
    of_one: OfOne,
    of_many: OfMany,
) -> ExitStatus:
    refuse_flags(ids, verb)
    if not ids:
        longest = moments.optional_duration(many.timeout, "--timeout")
        return all_of(work, verb, filters, of_many, many, timeout=longest)
    if not filters.is_empty or many.all:
        raise UsageError(f"{verb.name} takes ids, or a filter, and not both.")
    found = ids_of(ids, work, verb)
    if many.dry_run:
        counted = of_many(work.client, {"id_in": found}, dry_run=True)
        words = f"{counted.count:,} would be {verb.done} on {work.where}."
        return show_count(work, counted, words, dry_run=True)
    return each_of(work, verb, found, of_one)

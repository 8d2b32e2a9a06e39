"""A verb that is said of many tasks: of those of a filter, or of ids, one after the other."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any, Final

from cyclopts import Group, Parameter

from cli import outcomes, shown, typos, watching
from cli.app import COMMAND
from cli.errors import UsageError, refuse_empty
from cli.exit_status import ExitStatus
from cli.options import DryRun, Filters, NoWait, Rate, WaitTimeout, Yes
from cli.work import Work
from handler.client import Client
from handler.errors import ApiUnavailable, BackgroundTaskError, StoreUnavailable
from handler.record import BulkResult, TaskRecord

_MANY: Final = Group("Many at once", sort_key=1)
_IN_GROUP: Final = Parameter(group=_MANY)
IDS: Final = Parameter(
    help="The ids of tasks; - for those of the standard input, one a line.",
    allow_leading_hyphen=True,  # "-" has one; `refuse_flags` refuses others
)
OfMany = Callable[..., BulkResult]


@dataclass(frozen=True)
class Repeated:
    """What a verb answers of a task of which it was said before: it has changed nothing."""

    record: TaskRecord


OfOne = Callable[[Client, str], TaskRecord | Repeated | None]


@Parameter(name="*")
@dataclass(frozen=True)
class Many:
    """How to go about many tasks."""

    all: Annotated[
        bool, Parameter(help="All tasks of the tenant that it can be said of.", group=_MANY)
    ] = False
    dry_run: Annotated[DryRun, _IN_GROUP] = False
    yes: Annotated[Yes, _IN_GROUP] = False
    rate: Annotated[Rate, _IN_GROUP] = None
    no_wait: Annotated[NoWait, _IN_GROUP] = False
    timeout: Annotated[WaitTimeout, _IN_GROUP] = None


ONE_BY_ONE: Final = Many()


@dataclass(frozen=True)
class Verb:
    """What is said of tasks.

    Args:
        name: the command.
        done: what has become of a task: "aborted".
        one, several: which tasks of a filter it is said of: "open task", "open tasks".
        repeated: what had become of a task before: "was retried already".
    """

    name: str
    done: str
    one: str = "task"
    several: str = "tasks"
    repeated: str = ""


def refuse_flags(ids: Sequence[str], verb: Verb) -> None:
    """Raises `UsageError` for what is empty, or a flag that the command doesn't have."""
    for each in ids:
        refuse_empty(each, "An id")
        if each.startswith("-") and each != "-":
            raise UsageError(f"Unknown option: {each}. Next: background-tasks {verb.name} --help")


def ids_of(given: Sequence[str], work: Work, verb: Verb) -> list[str]:
    """The ids of the arguments; `-` is those of the standard input, one a line.

    Raises:
        UsageError: one of them is empty, or a flag that the command doesn't have.
    """
    refuse_flags(given, verb)
    ids: list[str] = []
    for each in given:
        ids += work.terminal.stdin.read().split() if each == "-" else [each]
    return list(dict.fromkeys(ids))


def each_of(work: Work, verb: Verb, ids: Iterable[str], say: OfOne) -> ExitStatus:
    """Says a verb of each id. What one of them is refused for harms no other.

    Raises:
        BackgroundTaskError: the API does not answer: none of the rest would be heard.
    """
    ids, statuses, records = list(ids), [ExitStatus.DONE], []
    work.terminal.say(f"On {work.where}:" if ids else "No ids were given: nothing was done.")
    try:
        for id in ids:
            try:
                record = say(work.client, id)
            except (ApiUnavailable, StoreUnavailable):
                raise
            except BackgroundTaskError as error:
                tell_error(work, id, error)
                statuses.append(outcomes.of_error(error))
                continue
            done = verb.done
            if isinstance(record, Repeated):
                done, record = verb.repeated, record.record
            records.append({"id": id} if record is None else shown.as_json(record))
            _tell(work, done, id, record)
    finally:  # what was done is told, whatever comes of the rest
        if work.format == "json":
            work.terminal.json(records)
    return outcomes.worst(statuses)


def tell_error(work: Work, id: str, error: BackgroundTaskError) -> None:
    """Writes what a task is refused for, with its id and the next step."""
    words = outcomes.words_of(error)
    if "Next: " not in words:
        words = f"{words} Next: {COMMAND} show {id}"
    work.terminal.say(f"{COMMAND}: {id}: {words}")


def _tell(work: Work, done: str, id: str, record: TaskRecord | None) -> None:
    new = record.id if record is not None else id
    match work.format:
        case "json":
            return
        case "jsonl":
            shown_as = {"id": id} if record is None else shown.as_json(record)
            work.terminal.json(shown_as, is_compact=True)
        case "id":
            work.terminal.line(new)
        case _:
            work.terminal.line(f"{id} {done}" + (f": {new}" if new != id else ""))
    work.terminal.flush()


def all_of(
    work: Work, verb: Verb, filters: Filters, say: OfMany, many: Many, *, timeout: timedelta | None
) -> ExitStatus:
    """Counts the tasks of a filter, asks, has a verb said of them, and shows how far that is.

    Raises:
        UsageError: no filter is given, or nobody can be asked.
    """
    if filters.is_empty and not many.all:
        raise UsageError(
            f"{verb.name} needs ids, a filter such as --status or --definition, or --all."
            f" Next: background-tasks {verb.name} --help"
        )
    where = filters.where(work.now())  # once: it is said of those that were counted

    def say_all(**more: Any) -> BulkResult:
        said = say(work.client, where, **more)
        if not said.count:
            typos.warn_of_definitions(work, filters.definition)
        return said

    return counted_and_done(work, verb, say_all, many, timeout=timeout)


def counted_and_done(
    work: Work, verb: Verb, say: OfMany, many: Many, *, timeout: timedelta | None
) -> ExitStatus:
    """Counts, asks, begins, and shows how far it is. Raises as `all_of`."""
    counted = say(dry_run=True)
    number = f"{counted.count:,}{' or more' if counted.is_capped else ''}"
    what = f"{number} {verb.one if counted.count == 1 else verb.several}"
    if many.dry_run or not counted.count:
        words = f"{what} would be {verb.done} on {work.where}."
        return show_count(work, counted, words, dry_run=many.dry_run)
    if not many.yes and not _agreed(work, f"{what} would be {verb.done} on {work.where}; go on?"):
        work.terminal.say("Nothing was done.")
        return ExitStatus.FAILED
    begun = say(rate=many.rate)
    if begun.task is None:
        return show_count(work, begun, f"Nothing was {verb.done}.", dry_run=False)
    return shown_at_work(work, verb, begun.task, no_wait=many.no_wait, timeout=timeout)


def shown_at_work(
    work: Work, verb: Verb, task: TaskRecord, *, no_wait: bool, timeout: timedelta | None
) -> ExitStatus:
    """Shows how far the task is that does it, unless nobody waits, and what has come of it."""
    work.terminal.say(f"Task {task.id} does it, on {work.where}.")
    if no_wait:
        _print_task(work, task)
        return ExitStatus.DONE
    return _waited(work, verb, task, timeout)


def show_count(work: Work, counted: BulkResult, words: str, *, dry_run: bool) -> ExitStatus:
    """Writes how many tasks there are of which nothing is said."""
    if work.format in ("json", "jsonl"):
        said = {"count": counted.count, "isCountCapped": counted.is_capped, "dryRun": dry_run}
        work.terminal.json(said, is_compact=work.format == "jsonl")
    elif work.format == "table":
        work.terminal.line(words)
    return ExitStatus.DONE


def _agreed(work: Work, question: str) -> bool:
    answer = work.terminal.asks(question)
    if answer is None:
        raise UsageError(
            f"{question.removesuffix('; go on?')}. There is no terminal to ask at. Next: --yes to"
            " do it, --dry-run to count only."
        )
    return answer


def _waited(work: Work, verb: Verb, task: TaskRecord, timeout: timedelta | None) -> ExitStatus:
    try:
        record = watching.until_over(work, task, timeout=timeout)
    except KeyboardInterrupt:
        work.terminal.say(
            f"It goes on. Next: background-tasks watch {task.id}, or background-tasks abort"
            f" {task.id}"
        )
        raise
    output = record.output or {}
    if work.format in ("json", "jsonl"):
        said = {"task": shown.as_json(record), "output": output}
        work.terminal.json(said, is_compact=work.format == "jsonl")
    elif work.format == "id":
        work.terminal.line(record.id)
    elif not record.has_succeeded:
        work.terminal.line(shown.ending(record))
    else:
        _sum_up(work, verb, output)
    if record.has_succeeded and output.get("failed"):
        return ExitStatus.FAILED
    return outcomes.of_task(record.status)


def _sum_up(work: Work, verb: Verb, output: Mapping[str, Any]) -> None:
    done, skipped, failed = (output.get(name, 0) for name in ("done", "skipped", "failed"))
    rest = [f"{skipped:,} skipped"] if skipped else []
    rest += [f"{failed:,} failed"] if failed else []
    work.terminal.line(", ".join([f"{done:,} {verb.done}", *rest]))
    for reason in output.get("reasons") or ():
        if isinstance(reason, Mapping):
            words = f"{reason.get('id')}: {reason.get('code')}: {reason.get('message')}"
            work.terminal.say(f"{COMMAND}: {words}")


def _print_task(work: Work, task: TaskRecord) -> None:
    if work.format in ("json", "jsonl"):
        work.terminal.json(shown.as_json(task), is_compact=work.format == "jsonl")
    else:
        work.terminal.line(task.id)

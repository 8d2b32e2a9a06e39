"""`limits`: how many tasks of a definition run at a time, by key."""

from collections.abc import Iterable
from typing import Annotated, Final

from cyclopts import Parameter

from cli import bulk, json_input, moments, shown
from cli.app import made
from cli.bulk import Verb
from cli.exit_status import ExitStatus
from cli.options import COMMON, Common, DryRun, NoWait, Rate, WaitTimeout, Yes
from cli.terminal import Cell
from cli.work import Work
from handler.record import BulkResult, LimitState

app = made("limits", "See and change how many tasks of a definition run at a time, by key.")

_DRAIN: Final = Verb("limits drain", "aborted", "queued task", "queued tasks")
_HEADS: Final = (
    "KEY",
    "SLOTS",
    "USED",
    "QUEUED",
    "DEPLOYED",
    "TENANT",
    "OLDEST QUEUES FOR",
    "SET BY",
)
Definition = Annotated[str, Parameter(help="A definition with a limit.")]
Key = Annotated[
    str | None,
    Parameter(
        help='One key: a text, or JSON: 3, true, [null], ["a", 1].', allow_leading_hyphen=True
    ),
]
EveryTenant = Annotated[bool, Parameter(help="It may be for every tenant.")]


@app.default
def show(definition: Definition, /, *, key: Key = None, common: Common = COMMON) -> ExitStatus:
    """Show the limits of a definition: how many slots there are, are taken, and who queues.

    `limits set` and `limits reset` change one, `limits queue` lists who queues, and `limits drain`
    aborts them.
    """
    work = Work.of(common)
    found = work.client.limits(definition, key=json_input.read_value(key))
    return _show(work, found)


@app.command(name="set")
def set_limit(
    definition: Definition,
    limit: Annotated[int, Parameter(help="How many run at a time: 0 to 1000.")],
    /,
    *,
    key: Key = None,
    every_tenant: EveryTenant = False,
    common: Common = COMMON,
) -> ExitStatus:
    """Set how many run at a time, without a deploy, until it is reset."""
    work = Work.of(common)
    state = work.client.set_limit(
        definition, limit, key=json_input.read_value(key), every_tenant=every_tenant
    )
    work.terminal.say(f"Set on {work.where}.")
    return _show(work, [state])


@app.command
def reset(
    definition: Definition,
    /,
    *,
    key: Key = None,
    every_tenant: EveryTenant = False,
    common: Common = COMMON,
) -> ExitStatus:
    """Have as many run as the definition says."""
    work = Work.of(common)
    state = work.client.reset_limit(
        definition, key=json_input.read_value(key), every_tenant=every_tenant
    )
    work.terminal.say(f"Reset on {work.where}.")
    return _show(work, [state])


@app.command
def queue(
    definition: Definition,
    /,
    *,
    key: Key = None,
    every_tenant: EveryTenant = False,
    common: Common = COMMON,
) -> ExitStatus:
    """List who queues for a slot, in the order in which they go."""
    work = Work.of(common)
    found = work.client.queue(definition, key=json_input.read_value(key), every_tenant=every_tenant)
    if not shown.show_list(work.terminal, work.format, found, work.now()):
        work.terminal.say(f"No task queues, on {work.where}.")
    return ExitStatus.DONE


@app.command
def drain(
    definition: Definition,
    /,
    *,
    key: Key = None,
    every_tenant: EveryTenant = False,
    message: Annotated[
        str | None, Parameter(name=["--message", "-m"], help="For the log of each task.")
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    rate: Rate = None,
    no_wait: NoWait = False,
    timeout: WaitTimeout = None,
    common: Common = COMMON,
) -> ExitStatus:
    """Abort those that queue, and none that runs. It counts, asks, and shows how far it is."""
    longest = moments.optional_duration(timeout, "--timeout")
    work = Work.of(common)
    value = json_input.read_value(key)

    def say(*, dry_run: bool = False, rate: float | None = None) -> BulkResult:
        return work.client.drain_queue(
            definition,
            key=value,
            every_tenant=every_tenant,
            message=message,
            dry_run=dry_run,
            rate=rate,
        )

    many = bulk.Many(dry_run=dry_run, yes=yes, rate=rate, no_wait=no_wait)
    return bulk.counted_and_done(work, _DRAIN, say, many, timeout=longest)


def _show(work: Work, found: Iterable[LimitState]) -> ExitStatus:
    limits = list(found)
    shown_as = [each.model_dump(mode="json", by_alias=True) for each in limits]
    match work.format:
        case "json":
            work.terminal.json(shown_as)
        case "jsonl":
            work.terminal.json_lines(shown_as)
        case "id":
            for each in limits:
                work.terminal.line(each.key)
        case _ if limits:
            work.terminal.table(_HEADS, [_row(work, each) for each in limits])
        case _:
            work.terminal.say(f"No limit is in use or set, on {work.where}.")
    return ExitStatus.DONE


def _row(work: Work, limit: LimitState) -> list[Cell]:
    oldest = moments.short(work.now() - limit.oldest_queued_on) if limit.oldest_queued_on else ""
    is_full = limit.used >= limit.slots
    return [
        Cell(limit.key or "(none)"),
        Cell(f"{limit.slots:,}"),
        Cell(f"{limit.used:,}", "yellow" if is_full else ""),
        Cell(f"{limit.queued:,}{'+' if limit.is_capped else ''}"),
        Cell(f"{limit.deployed:,}"),
        Cell(limit.tenant or ""),
        Cell(oldest),
        Cell(limit.changed_by.display_name if limit.changed_by else ""),
    ]

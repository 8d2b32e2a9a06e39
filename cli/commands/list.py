"""`list`: tasks."""

import itertools
from collections.abc import Iterator
from typing import Annotated, Any, Final

from cyclopts import Parameter

from cli import shown, typos
from cli.errors import UsageError
from cli.exit_status import ExitStatus
from cli.options import COMMON, NO_FILTERS, Common, Filters
from cli.terminal import table
from cli.work import Work
from handler.errors import ApiUnavailable, StoreUnavailable
from handler.record import TaskRecord

_REFRESH_SECONDS: Final = 2.0
_ORDERS: Final = {"asc": "ASC", "desc": "DESC"}


def list_tasks(
    *,
    filters: Filters = NO_FILTERS,
    sort: Annotated[
        str | None,
        Parameter(help="createdOn, startedOn, finishedOn or name; with :asc or :desc."),
    ] = None,
    limit: Annotated[int, Parameter(name=["--limit", "-n"], help="How many at most: 50.")] = 50,
    all: Annotated[bool, Parameter(name=["--all", "-a"], help="All of them.")] = False,
    watch: Annotated[bool, Parameter(name=["--watch", "-w"], help="Go on until Ctrl-C.")] = False,
    common: Common = COMMON,
) -> ExitStatus:
    """List tasks, the newest first; with --name, in the order of names, unless --sort is given."""
    if limit < 1:
        raise UsageError(f"--limit is {limit}; it takes 1 or more.")
    work = Work.of(common)
    asked: dict[str, Any] = {
        "where": filters.where(work.now()),
        "sort": None if sort is None else _sorter(sort),
    }
    if watch:
        _watch(work, asked, limit)
    # One more than is shown says whether there are more.
    found = work.client.list(**asked, limit=None if all else limit + 1)
    few = found if all else itertools.islice(found, limit)
    count = shown.show_list(work.terminal, work.format, few, work.now())
    if not count:
        work.terminal.say(f"No task matches, on {work.where}.")
        typos.warn_of_definitions(work, filters.definition)
    elif not all and count == limit and next(found, None):
        work.terminal.say(f"There are more than {limit}. Next: --limit, --all, or a filter.")
    return ExitStatus.DONE


def _sorter(sort: str) -> str:
    """The API's name of a sorter. Which there are, the API says."""
    name, _, order = sort.partition(":")
    if name.endswith(("_ASC", "_DESC")) and not order:
        return name
    if (found := _ORDERS.get(order.lower() or "desc")) is None or not name.isidentifier():
        raise UsageError(f'--sort is "{sort}"; it takes a field and an order: createdOn:desc.')
    return f"{name}_{found}"


def _watch(work: Work, asked: dict[str, Any], limit: int) -> None:
    """Shows the list until somebody interrupts it: live, or a row for each change."""
    if work.terminal.is_live and work.format == "table":
        _watch_live(work, asked, limit)
    seen: dict[str, str] = {}
    while True:
        for record in reversed(list(_looked(work, asked, limit))):
            if seen.get(record.id) != (state := shown.summary(record)):
                seen[record.id] = state
                if work.format == "table":
                    work.terminal.line(f"{record.id} {record.definition_id}: {state}")
                else:
                    shown.show_list(work.terminal, _a_line(work.format), [record], work.now())
        work.terminal.flush()
        work.clock.sleep(_REFRESH_SECONDS)


def _a_line(format: str) -> str:
    return "jsonl" if format == "json" else format


def _watch_live(work: Work, asked: dict[str, Any], limit: int) -> None:
    from rich.live import Live  # noqa: PLC0415  what is no terminal waits for none of it

    with Live(console=work.terminal.console, auto_refresh=False, screen=False) as live:
        while True:
            live.update(_table(work, list(_looked(work, asked, limit))), refresh=True)
            work.clock.sleep(_REFRESH_SECONDS)


def _table(work: Work, records: list[TaskRecord]) -> Any:
    if not records:
        return "No task."
    heads, rows = shown.table_of(records, work.now(), is_live=True)
    return table(heads, rows, columns=work.terminal.console.width)


def _looked(work: Work, asked: dict[str, Any], limit: int) -> Iterator[TaskRecord]:
    try:
        yield from work.client.list(**asked, limit=limit)
    except (ApiUnavailable, StoreUnavailable) as error:
        work.terminal.say(f"No answer; trying again. {error.message}")

"""`pause` and `resume`: tasks, a definition, or all."""

from typing import Annotated, Final

from cyclopts import Parameter

from cli import bulk, moments
from cli.bulk import IDS, Verb, each_of, ids_of
from cli.errors import UsageError, refuse_empty
from cli.exit_status import ExitStatus
from cli.options import COMMON, Common, NoWait, Rate, WaitTimeout
from cli.work import Work
from handler.client import Client
from handler.clock import to_iso
from handler.record import Pause

_PAUSE: Final = Verb("pause", "paused")
_RESUME: Final = Verb("resume", "resumed")
_DEFINITION: Final = Parameter(
    name=["--definition", "-d"], help="The tasks of a definition, those to come, too."
)
_ALL: Final = Parameter(help="The tasks of all definitions, those to come, too.")
_EVERY_TENANT: Final = Parameter(help="Those of every tenant.")


def pause(
    *ids: Annotated[str, IDS],
    definition: Annotated[str | None, _DEFINITION] = None,
    all: Annotated[bool, _ALL] = False,
    every_tenant: Annotated[bool, _EVERY_TENANT] = False,
    common: Common = COMMON,
) -> ExitStatus:
    """Have nothing run tasks, a definition, or all, until they are resumed. Without any: list what
    is paused.
    """
    work = Work.of(common)
    _check(ids, definition, all, every_tenant)
    if ids:
        return each_of(work, _PAUSE, ids_of(ids, work, _PAUSE), Client.pause)
    if definition:
        made = work.client.pause_definition(definition, every_tenant=every_tenant)
    elif all:
        made = work.client.pause_all(every_tenant=every_tenant)
    else:
        return _list(work)
    if work.format in ("json", "jsonl"):
        work.terminal.json(_as_json(made), is_compact=work.format == "jsonl")
    else:
        what = f'The definition "{made.definition_id}" is' if definition else "All definitions are"
        work.terminal.line(f"{what} paused on {work.where}, for {_whose(made)}.")
    work.terminal.say("Workers that run hear of it within 30 seconds.")
    return ExitStatus.DONE


def resume(
    *ids: Annotated[str, IDS],
    definition: Annotated[str | None, _DEFINITION] = None,
    all: Annotated[bool, _ALL] = False,
    every_tenant: Annotated[bool, _EVERY_TENANT] = False,
    rate: Rate = None,
    no_wait: NoWait = False,
    timeout: WaitTimeout = None,
    common: Common = COMMON,
) -> ExitStatus:
    """Have tasks, a definition, or all, go on, and show how far that is."""
    longest = moments.optional_duration(timeout, "--timeout")
    work = Work.of(common)
    _check(ids, definition, all, every_tenant)
    if ids:
        return each_of(work, _RESUME, ids_of(ids, work, _RESUME), Client.resume)
    if definition:
        task = work.client.resume_definition(definition, every_tenant=every_tenant, rate=rate)
    elif all:
        task = work.client.resume_all(every_tenant=every_tenant, rate=rate)
    else:
        raise UsageError(
            "resume needs ids, --definition or --all. Next: background-tasks pause lists what is"
            " paused."
        )
    return bulk.shown_at_work(work, _RESUME, task, no_wait=no_wait, timeout=longest)


def _check(ids: tuple[str, ...], definition: str | None, all: bool, every_tenant: bool) -> None:
    refuse_empty(definition, "--definition")
    said = [bool(ids), bool(definition), all]
    if sum(said) > 1:
        raise UsageError("Ids, --definition and --all: it takes one of them.")
    if every_tenant and not (definition or all):
        raise UsageError("--every-tenant goes with --definition or --all.")


def _list(work: Work) -> ExitStatus:
    found = work.client.pauses()
    if work.format == "json":
        work.terminal.json([_as_json(each) for each in found])
    elif work.format == "jsonl":
        work.terminal.json_lines(map(_as_json, found))
    elif not found:
        work.terminal.say(f"No definition is paused, on {work.where}.")
    for each in found if work.format in ("table", "id") else ():
        what = each.definition_id or "all"
        since = (
            f" for {_whose(each)} since {to_iso(each.paused_on)} by {each.paused_by.display_name}"
        )
        work.terminal.line(what if work.format == "id" else f"{what}{since}")
    return ExitStatus.DONE


def _as_json(pause: Pause) -> object:
    return pause.model_dump(mode="json", by_alias=True)


def _whose(pause: Pause) -> str:
    return "every tenant" if pause.tenant is None else f"tenant {pause.tenant}"

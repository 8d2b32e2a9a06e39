"""`definitions`: what can be triggered."""

import dataclasses
import json
from typing import Annotated

from cyclopts import Parameter

from cli.exit_status import ExitStatus
from cli.options import COMMON, Common
from cli.printable import printable_lines
from cli.terminal import Cell
from cli.work import Work
from handler.client import DefinitionSummary
from handler.errors import UnknownDefinition
from handler.record import Pause


def definitions(
    id: Annotated[str | None, Parameter(help="One of them, in full.")] = None,
    /,
    *,
    common: Common = COMMON,
) -> ExitStatus:
    """List what can be triggered, and what of it is paused. Private definitions are not listed."""
    work = Work.of(common)
    found = work.client.definitions()
    if id is not None:
        return _show(work, _named(found, id))
    match work.format:
        case "json":
            work.terminal.json([dataclasses.asdict(each) for each in found])
        case "jsonl":
            work.terminal.json_lines(map(dataclasses.asdict, found))
        case "id":
            for each in found:
                work.terminal.line(each.id)
        case _ if found:
            _table(work, found)
        case _:
            work.terminal.say(f"No definition can be triggered, on {work.where}.")
    return ExitStatus.DONE


def _table(work: Work, found: tuple[DefinitionSummary, ...]) -> None:
    pauses = work.client.pauses()
    rows = [
        [
            Cell(each.id, keeps=True),
            Cell(each.title),
            Cell("paused" if _is_paused(each.id, pauses) else "", "yellow"),
            Cell(printable_lines(each.description or "")[0]),
        ]
        for each in found
    ]
    work.terminal.table(("ID", "TITLE", "PAUSED", "DESCRIPTION"), rows)


def _is_paused(id: str, pauses: tuple[Pause, ...]) -> bool:
    return any(each.definition_id in (None, id) for each in pauses)


def _named(found: tuple[DefinitionSummary, ...], id: str) -> DefinitionSummary:
    for each in found:
        if each.id == id:
            return each
    raise UnknownDefinition(f'There is no definition "{id}", or it is private.')


def _show(work: Work, definition: DefinitionSummary) -> ExitStatus:
    if work.format != "table":
        work.terminal.json(dataclasses.asdict(definition), is_compact=work.format == "jsonl")
        return ExitStatus.DONE
    work.terminal.line(f"{definition.id}: {definition.title}")
    for line in printable_lines(definition.description or ""):
        work.terminal.line(f"  {line}")
    if definition.fields:
        work.terminal.line(f"fields: {json.dumps(definition.fields, ensure_ascii=False)}")
    return ExitStatus.DONE

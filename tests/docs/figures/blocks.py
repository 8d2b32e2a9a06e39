"""Blocks of a document that are made from the code: tables and paragraphs.

A block stands below a line `<!-- figures: its name -->`, and ends at the next empty line.
"""

import itertools
import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COLUMNS: Final = 100
_BLOCK: Final = re.compile(r"^<!-- figures: ([\w-]+) -->\n((?:.+\n)*)", re.MULTILINE)
NEXT: Final = "Next: `.venv/bin/python -m tests.docs.figures` writes it anew."


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column says what a row is about."""

    name: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]

    def text(self) -> str:
        rule = "|---" * len(self.header) + "|"
        return "\n".join([_row(self.header), rule, *map(_row, self.rows)])

    def differences(self, found: str) -> Iterator[str]:
        """Cell by cell, what the document says and what it must say."""
        head, _, *rows = [_cells(line) for line in found.splitlines()] or [[], []]
        yield from _different("its header", self.header, self.header, head)
        for number, (wanted, row) in enumerate(itertools.zip_longest(self.rows, rows), start=1):
            if row is None:
                yield f'it lacks the row "{wanted[0]}": {_row(wanted)}'
            elif wanted is None:
                yield f'its row {number}, "{row[0]}", must go'
            else:
                yield from _different(f'row "{wanted[0]}"', self.header, wanted, row)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Prose with numbers in it."""

    name: str
    prose: str

    def text(self) -> str:
        return textwrap.fill(self.prose, COLUMNS, break_long_words=False, break_on_hyphens=False)

    def differences(self, found: str) -> Iterator[str]:
        if found != self.text():
            yield f"it says\n{found}\nand must say\n{self.text()}"


Block = Table | Paragraph


def differences(document: Path, blocks: Sequence[Block]) -> list[str]:
    """What a document says that the code does not, a line for each cell or paragraph."""
    found = {name: text.rstrip() for name, text in _BLOCK.findall(document.read_text())}
    made = {block.name: block for block in blocks}
    missing = [f'{document.name} has no block "{name}". {NEXT}' for name in made.keys() - found]
    unknown = [
        f'{document.name}: nothing makes the block "{name}".' for name in found.keys() - made
    ]
    return [
        *missing,
        *unknown,
        *(
            f'{document.name}, "{name}": {difference}. {NEXT}'
            for name, block in made.items()
            if name in found
            for difference in block.differences(found[name])
        ),
    ]


def rewrite(document: Path, blocks: Sequence[Block]) -> None:
    """Puts the blocks into a document, each in its place."""
    made = {block.name: block for block in blocks}

    def block_of(match: re.Match[str]) -> str:
        return f"<!-- figures: {match[1]} -->\n{made[match[1]].text()}\n"

    document.write_text(_BLOCK.sub(block_of, document.read_text()))


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def _different(
    where: str, header: Sequence[str], wanted: Sequence[str], found: Sequence[str]
) -> Iterator[str]:
    if len(wanted) != len(found):
        yield f"{where} has {len(found)} cells and must have {len(wanted)}: {_row(wanted)}"
        return
    for column, must, says in zip(header, wanted, found, strict=True):
        if must != says:
            yield f'{where}, column "{column}", says "{says}" and must say "{must}"'

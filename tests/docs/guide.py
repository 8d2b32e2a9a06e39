"""The code of a guide: its Python blocks, each of which names its file in its first line."""

import importlib.util
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest

import definitions

DOCS = Path(__file__).parents[2] / "docs"
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# ((?:\w+/)+\w+\.py)\n")


def files_of(text: str) -> dict[str, str]:
    """The files that a guide's blocks make; several blocks of one file follow each other in it.

    Raises:
        ValueError: a block doesn't name its file.
    """
    files: dict[str, str] = defaultdict(str)
    for block in _BLOCK.findall(text):
        if (named := _FILE.match(block)) is None:
            raise ValueError(
                f'A block starts with "{block.partition(chr(10))[0]}"; its first line names its'
                " file: # definitions/x.py"
            )
        files[named[1]] += block
    return dict(files)


@contextmanager
def laid_out(
    folder: Path, files: Mapping[str, str], *, others: tuple[str, ...] = ()
) -> Iterator[Path]:
    """A guide's files in a folder; those of `definitions/` can be imported beside the project's.

    Args:
        others: how the names of other modules start that are forgotten at the end.
    """
    for file, code in files.items():
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(code)
    known = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(definitions, "__path__", [*definitions.__path__, str(folder / "definitions")])
        yield folder
    for name in set(sys.modules) - known:
        if name.startswith(("definitions.", *others)):
            del sys.modules[name]


def loaded(path: Path) -> ModuleType:
    """The module of a guide's file."""
    spec = importlib.util.spec_from_file_location(f"guide.{path.stem}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def documents_of(text: str, heading: str) -> list[str]:
    """The GraphQL documents of a section of a guide, in order.

    Args:
        heading: of the second level, without its marks.
    """
    section = text.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return re.findall(r"^```graphql\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def links_of(text: str) -> list[str]:
    """Where a guide's links go, those to other sites left out."""
    return [
        target for target in re.findall(r"\]\(([^)]+)\)", text) if not target.startswith("https://")
    ]


def anchors_of(text: str) -> set[str]:
    """The anchors of a guide's headings, as GitHub makes them."""
    headings: list[str] = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}

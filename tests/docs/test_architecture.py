"""What docs/ says of the code's shape is so."""

import ast
import re
from pathlib import Path

import pytest

from tests.docs.guide import DOCS, anchors_of, links_of

ROOT = DOCS.parent
PAGES = sorted(
    [
        *(DOCS / name for name in ("architecture.md", "compatibility.md", "glossary.md")),
        *(DOCS / "decisions").glob("*.md"),
        *(ROOT / f"{name}.md" for name in ("CHANGELOG", "CONTRIBUTING", "README", "SECURITY")),
    ]
)
ARCHITECTURE = (DOCS / "architecture.md").read_text()
MODULES = sorted(set(re.findall(r"`((?:\w+/)+\w+\.py)`", ARCHITECTURE)))
FOLDERS = sorted(set(re.findall(r"`((?:\w+/)+)`", ARCHITECTURE)))


@pytest.mark.parametrize("module", MODULES)
def test_each_module_that_the_architecture_names_is_there(module: str) -> None:
    assert (ROOT / module).is_file()


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_folder_that_the_architecture_names_is_there(folder: str) -> None:
    assert (ROOT / folder).is_dir()


def test_each_wing_of_the_handler_is_in_the_architecture() -> None:
    wings = {f"handler/{path.parent.name}/" for path in (ROOT / "handler").glob("*/__init__.py")}

    assert wings <= set(FOLDERS)


# The rows of the table of wings: the wings, and what they import.
WINGS = re.findall(
    r"^\| ((?:`handler/[\w/.]+`(?:, )?)+) \|[^|]+\|[^|]*\|([^|]*)\|$",
    ARCHITECTURE,
    re.MULTILINE,
)


def imports_of(path: Path) -> set[str]:
    """The wings that a module, or the modules of a folder, import."""
    found: set[str] = set()
    for module in path.rglob("*.py") if path.is_dir() else [path]:
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("handler."):
                found.add(str(node.module).split(".")[1])
            elif isinstance(node, ast.ImportFrom) and node.module == "handler":
                found |= {name.name for name in node.names}
    return found - {path.stem}


@pytest.mark.parametrize(("wing", "imports"), WINGS)
def test_each_wing_imports_what_the_architecture_says(wing: str, imports: str) -> None:
    parts = re.findall(r"`([^`]+)`", wing)

    imported = set().union(*(imports_of(ROOT / part) for part in parts))

    assert imported == set(filter(None, imports.strip().split(", ")))


def test_each_part_of_the_handler_is_a_row() -> None:
    parts = {part for wing, _ in WINGS for part in re.findall(r"`([^`]+)`", wing)}

    modules = {f"handler/{path.name}" for path in (ROOT / "handler").glob("[a-z]*.py")}
    folders = {f"handler/{path.parent.name}/" for path in (ROOT / "handler").glob("*/__init__.py")}
    assert parts == (modules | folders) - {"handler/testing/"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_each_link_leads_somewhere(page: Path) -> None:
    for link in links_of(page.read_text()):
        file, _, anchor = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not anchor or anchor in anchors_of(target.read_text()), link


@pytest.mark.parametrize("page", [*PAGES, *DOCS.glob("*.md")], ids=lambda page: page.name)
def test_lines_of_prose_have_at_most_100_columns(page: Path) -> None:
    prose = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)

    # A row of a table, and the id of a test, can't be broken.
    lines = [line for line in prose.splitlines() if not line.startswith(("|", "`tests/"))]
    assert [line for line in lines if len(line) > 100] == []


def test_each_decision_is_in_the_list() -> None:
    listed = set(links_of((DOCS / "decisions" / "README.md").read_text()))

    assert {path.name for path in (DOCS / "decisions").glob("0*.md")} == listed


def test_the_glossary_is_in_alphabetical_order() -> None:
    words = re.findall(r"^\*\*([^*]+)\.\*\*", (DOCS / "glossary.md").read_text(), re.MULTILINE)

    assert len(words) >= 15
    assert words == sorted(words, key=str.lower)

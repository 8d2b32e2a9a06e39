"""The guide to packages: its tasks run as they stand, and it says what the code says."""

import importlib
import json
import re
import sys
from pathlib import Path

import pytest

import definitions
from handler.testing import run
from infra.archive.bundle_size import MAX_UNZIPPED_BYTES, MAX_ZIPPED_BYTES, MEGABYTE, BundleSize
from infra.archive.lambda_python import RUNTIME_PACKAGES
from infra.archive.wheels import GLIBC_MINORS, PYTHON_VERSION
from tests.docs.guide import DOCS, files_of, links_of

PAGE = (DOCS / "packages.md").read_text()
FILES = files_of(PAGE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for file, code in FILES.items():
        (tmp_path / Path(file).name).write_text(code)
    (tmp_path / "rates.json").write_text(json.dumps({"USD": 1.1, "CHF": 0.9}))
    monkeypatch.setattr(definitions, "__path__", [*definitions.__path__, str(tmp_path)])
    monkeypatch.setattr(sys, "modules", dict(sys.modules))
    return tmp_path


def test_the_task_reads_the_file_beside_it(folder: Path) -> None:
    list_rates = importlib.import_module("definitions.list_rates").list_rates

    assert run(list_rates).record.output == {"currencies": ["CHF", "USD"]}


def test_the_other_module_can_be_imported(folder: Path) -> None:
    assert importlib.import_module("definitions.fast_json").ENCODED


def test_the_numbers_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())

    assert f"more than {MAX_ZIPPED_BYTES // MEGABYTE} MB zipped" in text
    assert f"or {MAX_UNZIPPED_BYTES // MEGABYTE} MB unzipped" in text
    assert f"a glibc newer than 2.{GLIBC_MINORS[-1]}" in text
    assert f"wheels for Python {PYTHON_VERSION}" in text
    assert all(package in text for package in RUNTIME_PACKAGES)


def test_what_it_prints_is_what_the_command_prints() -> None:
    before = BundleSize(int(4.2 * MEGABYTE), int(13.2 * MEGABYTE))
    after = BundleSize(int(4.8 * MEGABYTE), int(14.8 * MEGABYTE))

    assert all(line in PAGE for line in after.growth_from(before))


def test_its_links_lead_somewhere_and_its_lines_fit() -> None:
    assert [link for link in links_of(PAGE) if not (DOCS / link.partition("#")[0]).exists()] == []
    assert [line for line in PAGE.splitlines() if len(line) > 100] == []
    assert re.search(r"\(docs/packages\.md\)", (DOCS.parent / "README.md").read_text())

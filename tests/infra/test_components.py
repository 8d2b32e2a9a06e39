"""The rules for components: `(name, args, opts)`, a frozen args object, children with a parent."""

import ast
import dataclasses
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra.recording import ROOT

SOURCES = sorted((ROOT / "infra").glob("*.py"))


def components() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and any(
                ast.unparse(base).endswith("ComponentResource") for base in node.bases
            ):
                yield path, node


COMPONENTS = [pytest.param(path, node, id=node.name) for path, node in components()]


def constructor(component: ast.ClassDef) -> ast.FunctionDef:
    return next(
        node
        for node in component.body
        if isinstance(node, ast.FunctionDef) and node.name == "__init__"
    )


def test_all_components_are_found() -> None:
    assert len(COMPONENTS) == 14


@pytest.mark.parametrize(("path", "component"), COMPONENTS)
def test_its_last_statement_registers_its_outputs(path: Path, component: ast.ClassDef) -> None:
    assert ast.unparse(constructor(component).body[-1]).startswith("self.register_outputs({")


@pytest.mark.parametrize(("path", "component"), COMPONENTS)
def test_it_takes_a_name_one_frozen_args_object_and_options(
    path: Path, component: ast.ClassDef
) -> None:
    arguments = constructor(component).args.args
    args = getattr(importlib.import_module(f"infra.{path.stem}"), f"{component.name}Args")

    assert [argument.arg for argument in arguments] == ["self", "name", "args", "opts"]
    assert ast.unparse(arguments[2].annotation or ast.Pass()) == args.__name__
    assert dataclasses.is_dataclass(args)
    assert vars(args)["__dataclass_params__"].frozen


@pytest.mark.parametrize(("path", "component"), COMPONENTS)
def test_its_type_is_its_name_in_the_projects_namespace(
    path: Path, component: ast.ClassDef
) -> None:
    assert f"super().__init__('background-tasks:infra:{component.name}', name, None, " in (
        ast.unparse(component)
    )


@pytest.mark.parametrize(("path", "component"), COMPONENTS)
def test_every_resource_that_it_makes_is_its_child(path: Path, component: ast.ClassDef) -> None:
    options = [
        call
        for call in ast.walk(constructor(component))
        if isinstance(call, ast.Call)
        and ast.unparse(call.func) == "pulumi.ResourceOptions"
        and "transformations" not in {keyword.arg for keyword in call.keywords}  # its own options
    ]

    assert options
    assert all("parent=self" in map(ast.unparse, call.keywords) for call in options)

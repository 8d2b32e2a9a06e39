"""The project's configuration, as the Pulumi CLI reads it."""

from pathlib import Path

import pytest

from local.errors import LocalError
from local.project import DEFAULT_REGION, Project

DECLARATIONS = """
name: shop
runtime: python
config:
  memory: {type: integer, default: 1024, description: Memory.}
  policy: {type: array, items: {type: object}, default: [], description: Statements.}
  issuer: {type: string, description: Has no default.}
  plain: text
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(DECLARATIONS)
    (tmp_path / "Pulumi.dev.yaml").write_text(
        "config:\n  aws:region: eu-west-1\n  shop:memory: 2048\n"
    )
    (tmp_path / "Pulumi.prod.yaml").write_text("config:\n  shop:plain: other\n")
    return tmp_path


def test_values_of_the_stack_override_defaults_of_the_project(folder: Path) -> None:
    config = Project.from_folder(folder).config

    assert config == {
        "aws:region": "eu-west-1",
        "shop:memory": "2048",
        "shop:policy": "[]",
        "shop:plain": "text",
    }


def test_a_key_without_a_value_is_absent(folder: Path) -> None:
    config = Project.from_folder(folder).config

    assert "shop:issuer" not in config


def test_another_stack_has_its_own_values(folder: Path) -> None:
    project = Project.from_folder(folder, "prod")

    assert project.config["shop:plain"] == "other"
    assert project.region == DEFAULT_REGION


def test_the_region_is_the_one_of_the_stack(folder: Path) -> None:
    assert Project.from_folder(folder).region == "eu-west-1"


def test_changed_values_are_text_or_json(folder: Path) -> None:
    changes = {"memory": 512, "aws:profile": "x", "policy": [{"a": True}], "plain": "y"}

    project = Project.from_folder(folder).with_config(changes)

    assert project.config["shop:memory"] == "512"
    assert project.config["shop:policy"] == '[{"a": true}]'
    assert project.config["shop:plain"] == "y"
    assert project.config["aws:profile"] == "x"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        LocalError, match=r"Pulumi\.yaml does not exist\. Run this from the project's folder"
    ):
        Project.from_folder(tmp_path)


def test_a_file_that_is_not_yaml_is_named(folder: Path) -> None:
    (folder / "Pulumi.dev.yaml").write_text("config: [")

    with pytest.raises(LocalError, match=r"Pulumi\.dev\.yaml is not valid YAML"):
        Project.from_folder(folder)

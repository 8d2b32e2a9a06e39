"""A Pulumi project and the config of one stack, as the Pulumi CLI passes it to the program."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import yaml

from local.errors import LocalError

Config: TypeAlias = dict[str, str]

DEFAULT_REGION = "us-east-1"
_REGION_KEY = "aws:region"


@dataclass(frozen=True)
class Project:
    """A project's folder with the config of one stack, including the defaults of Pulumi.yaml."""

    folder: Path
    name: str
    stack: str
    config: Config

    @classmethod
    def from_folder(cls, folder: Path, stack: str = "dev") -> "Project":
        """Reads Pulumi.yaml and Pulumi.<stack>.yaml."""
        project = _read(folder / "Pulumi.yaml")
        name = str(project["name"])
        values = _read(folder / f"Pulumi.{stack}.yaml").get("config") or {}
        config = _defaults(project.get("config") or {}) | values
        return cls(
            folder,
            name,
            stack,
            {_qualified(key, name): _text(value) for key, value in config.items()},
        )

    @property
    def region(self) -> str:
        """The AWS region of the stack."""
        return self.config.get(_REGION_KEY, DEFAULT_REGION)

    def with_config(self, values: Mapping[str, object]) -> "Project":
        """Changes values. A key without a namespace gets the one of the project."""
        changes = {_qualified(key, self.name): _text(value) for key, value in values.items()}
        return Project(self.folder, self.name, self.stack, self.config | changes)


def _read(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise LocalError(f"{path} does not exist. Run this from the project's folder.") from error
    except yaml.YAMLError as error:
        raise LocalError(f"{path} is not valid YAML: {error}") from error
    return content or {}


def _defaults(declarations: object) -> dict[str, object]:
    """Declared values: `default`, `value` or a bare value (Pulumi project file reference)."""
    defaults = {}
    for key, declaration in (declarations if isinstance(declarations, dict) else {}).items():
        if not isinstance(declaration, dict):
            defaults[key] = declaration
        elif (given := declaration.get("value", declaration.get("default"))) is not None:
            defaults[key] = given
    return defaults


def _qualified(key: str, namespace: str) -> str:
    return key if ":" in key else f"{namespace}:{key}"


def _text(value: object) -> str:
    """Pulumi passes every value as text: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value)

"""The environments that the rules hold for: what a stack may be configured to be."""

import functools
from collections.abc import Mapping
from typing import Any, Final

import pytest
import yaml

from handler import Context, Definition, Done, Retry, task
from handler.definition import Registry
from tests.infra.recording import PROJECT, ROOT, Program, record

KEY: Final = "arn:aws:kms:eu-central-1:123456789012:key/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f"
BOUNDARY: Final = "arn:aws:iam::123456789012:policy/boundary"
JWT: Final = {"jwtIssuer": "https://issuer.example.com", "jwtAudience": ["tasks"]}
# Everything that a stack can have beside the rest.
EVERYTHING: Final = {
    **JWT,
    "jwtScopes": ["tasks/manage"],
    "corsOrigins": ["https://admin.example.com"],
    "kmsKeyArn": KEY,
    "permissionsBoundaryArn": BOUNDARY,
    "subnetIds": ["subnet-0a1b2c3d"],
    "securityGroupIds": ["sg-0a1b2c3d"],
    "workerConcurrency": 5,
    "workers": {"large": {"memoryMb": 4096, "timeoutSeconds": 600, "ephemeralStorageMb": 2048}},
    "tracing": "xray",
    "dashboard": True,
    "alarmEmail": "ops@example.com",
    "protectData": True,
    "statusEvents": True,
    "introspection": False,
    "tags": {"team": "data"},
}


def file_of(stack: str) -> dict[str, Any]:
    """The config in a stack's file."""
    config: dict[str, Any] = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.removeprefix(f"{PROJECT}:"): value for key, value in config.items()}


VARIANTS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "dev": ("dev", file_of("dev")),
    "prod": ("prod", file_of("prod")),
    "jwt": ("dev", JWT),
    "everything": ("prod", EVERYTHING),
}


@functools.cache
def deployed(variant: str) -> Program:
    """The program of this variant, with a task that has a schedule."""
    return run_variant(variant, Program())


def run_variant(
    variant: str, program: Program, *, is_preview: bool = False, **others: Any
) -> Program:
    """Runs the program of this variant, with other config besides, and a task with a schedule."""
    stack, config = VARIANTS[variant]
    with pytest.MonkeyPatch.context() as patched:
        named = {"worker": "large", "retry": Retry(on_out_of_memory="default")}
        definition = _nightly(**(named if "workers" in config else {}))
        patched.setattr("infra.bundle.discover", lambda **_: Registry([definition]))
        changes = {"vendorDependencies": False, **config, **others}
        return record(program, changes, stack=stack, is_preview=is_preview)


def _nightly(**options: Any) -> Definition:
    @task(schedule="cron(0 3 * * ? *)", **options)
    def nightly(context: Context, input: dict[str, object]) -> Done:
        """Runs each night."""
        return Done()

    return nightly

"""Runs the whole Pulumi program on mocks that record each resource, for asserts on plain dicts."""

import asyncio
import functools
import json
import re
import runpy
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import botocore.loaders
import yaml
from google.protobuf.message import Message
from pulumi.runtime import resource
from pulumi.runtime import settings as runtime
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks
from pulumi.runtime.proto.source_pb2 import StackTrace

from infra import bundle
from local import mock_runtime

ROOT = Path(__file__).parent.parent.parent
PROJECT = "background-tasks"
STACK = "dev"

REGION = "eu-central-1"

# What stands behind `arn:<partition>:` in the ARN of each type.
ARNS = {
    "aws:apigatewayv2/api:Api": "apigateway:{region}::/apis/{name}",
    "aws:cloudwatch/eventBus:EventBus": "events:{here}:event-bus/{name}",
    "aws:cloudwatch/eventRule:EventRule": "events:{here}:rule/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "logs:{here}:log-group:{name}",
    "aws:dynamodb/table:Table": "dynamodb:{here}:table/{name}",
    "aws:iam/role:Role": "iam::123456789012:role/{name}",
    "aws:lambda/alias:Alias": "lambda:{here}:function:{functionName}:{name}",
    "aws:lambda/function:Function": "lambda:{here}:function:{name}",
    "aws:s3/bucket:Bucket": "s3:::{name}",
    "aws:scheduler/schedule:Schedule": "scheduler:{here}:schedule/{groupName}/{name}",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "scheduler:{here}:schedule-group/{name}",
    "aws:sfn/stateMachine:StateMachine": "states:{here}:stateMachine:{name}",
    "aws:sns/topic:Topic": "sns:{here}:{name}",
    "aws:sqs/queue:Queue": "sqs:{here}:{name}",
}


@dataclass(frozen=True)
class Resource:
    """A resource that the program registered, with its logical name."""

    type: str
    name: str
    inputs: dict[str, Any]
    provider: str


@dataclass
class Program(Mocks):
    """The resources that one run of the program registered, and the stack's outputs."""

    region: str = REGION
    preview: bool = False  # nothing is known of a resource but its inputs
    resources: list[Resource] = field(default_factory=list)
    protected: set[str] = field(default_factory=set)
    dependencies: dict[str, set[str]] = field(default_factory=dict)
    delete_timeouts: dict[str, str] = field(default_factory=dict)
    outputs: dict[str, Any] = field(default_factory=dict)

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[str, Any]]:
        name = _short(args.name)
        self.resources.append(Resource(args.typ, name, dict(args.inputs), args.provider or ""))
        if self.preview:
            return "", args.inputs
        return args.name, args.inputs | self._computed(args)

    def call(self, args: MockCallArgs) -> tuple[dict[str, Any], list[tuple[str, str]]]:
        raise AssertionError(f"The program calls AWS: {args.token}")

    def all(self, type: str) -> list[dict[str, Any]]:
        return [deepcopy(resource.inputs) for resource in self.resources if resource.type == type]

    def one(self, type: str, name: str | None = None) -> dict[str, Any]:
        found = [
            resource
            for resource in self.resources
            if resource.type == type and name in (None, resource.name)
        ]
        assert len(found) == 1, (
            f"{len(found)} of type {type} called {name}:"
            f" {[resource.name for resource in self.resources]}"
        )
        return deepcopy(found[0].inputs)

    def policy(self, name: str) -> list[dict[str, Any]]:
        """The statements of a role's policy."""
        statements: list[dict[str, Any]] = json.loads(
            self.one("aws:iam/rolePolicy:RolePolicy", name)["policy"]
        )["Statement"]
        return statements

    def arn_of(self, type: str, inputs: dict[str, Any]) -> str:
        rest = ARNS.get(type, "other:{here}:{name}")
        return self._arn(rest.format(**inputs, here=self._here, region=self.region))

    def _computed(self, args: MockResourceArgs) -> dict[str, Any]:
        name = args.inputs.get("name", args.inputs.get("bucket", f"{args.name}-1a2b3c4"))
        computed = {"name": name, "arn": self.arn_of(args.typ, {**args.inputs, "name": name})}
        match args.typ:
            case "aws:lambda/function:Function":
                return computed | {"version": "7"}
            case "aws:s3/bucket:Bucket":
                return computed | {"bucket": name}
            case "aws:sqs/queue:Queue":
                return computed | {"url": f"https://sqs.{self._domain}/123456789012/{name}"}
            case "aws:apigatewayv2/api:Api":
                return computed | {
                    "apiEndpoint": f"https://a1b2c3.execute-api.{self._domain}",
                    "executionArn": self._arn(f"execute-api:{self._here}:a1b2c3"),
                }
            case _:
                return computed

    @property
    def _here(self) -> str:
        return f"{self.region}:123456789012"

    @property
    def _domain(self) -> str:
        return f"{self.region}.{partition_of(self.region)['dnsSuffix']}"

    def _arn(self, rest: str) -> str:
        return f"arn:{partition_of(self.region)['name']}:{rest}"


def partition_of(region: str) -> dict[str, Any]:
    """botocore's facts about the partition of a region: `name` and `dnsSuffix`."""
    partitions = botocore.loaders.create_loader().load_data("partitions")["partitions"]
    return next(each["outputs"] for each in partitions if re.fullmatch(each["regionRegex"], region))


@functools.cache
def defaults() -> Mapping[str, Any]:
    """The config keys of Pulumi.yaml with their defaults."""
    declared = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())["config"]
    return {key: declaration["default"] for key, declaration in declared.items()}


def set_config(changes: dict[str, Any], *, stack: str = STACK) -> None:
    """Sets the config as Pulumi's CLI does, every value as text. None removes a key."""
    _start(_Monitor(Program()), changes, stack)


def run(changes: dict[str, Any] | None = None, *, stack: str = STACK) -> Program:
    """Runs `__main__.py` with the defaults of Pulumi.yaml and these changes."""
    return record(Program(region=(changes or {}).get("aws:region", REGION)), changes, stack=stack)


def record(
    program: Program, changes: dict[str, Any] | None = None, *, stack: str, is_preview: bool = False
) -> Program:
    """Runs `__main__.py`, and records in `program` what it registers."""
    monitor = _Monitor(program)
    _start(monitor, changes or {}, stack)
    runtime.SETTINGS.dry_run = is_preview
    _run(_execute)
    program.outputs = monitor.outputs
    return program


def run_program(
    main: Callable[[], None],
    *,
    config: dict[str, Any] | None = None,
    preview: bool = False,
) -> Program:
    """Runs another program, called `orders`, which has its resources made by a function."""
    program = Program(preview=preview)
    texts = {key: _text(value) for key, value in ({"aws:region": REGION} | (config or {})).items()}
    monitor = _Monitor(program)
    mock_runtime.configure(monitor, project="orders", stack=STACK, config=texts, preview=preview)
    _run(main)
    program.outputs = monitor.outputs
    return program


def _run(main: Callable[[], None]) -> None:
    """Runs a program, with a bundle that is built once of the same files.

    For each resource Pulumi writes down the lines of code that it comes from. No test asks for
    them, and they take a fifth of the time.
    """
    with (
        mock.patch.object(bundle, "build", _build_once),
        mock.patch.object(resource, "_get_stack_trace", StackTrace),
    ):
        asyncio.run(mock_runtime.run(main))


_built: dict[tuple[object, ...], bytes] = {}
_build = bundle.build


def _build_once(
    path: Path, root: Path, packages: Iterable[Path], *, requirements: Path, graphiql: bool
) -> Path:
    """Builds the bundle of this project, whose files don't change while the tests run."""
    carried = tuple(packages)
    key = (path, root, carried, requirements, graphiql)
    if root != ROOT or not path.is_file() or _built.get(key) != path.read_bytes():
        _build(path, root, carried, requirements=requirements, graphiql=graphiql)
        _built[key] = path.read_bytes()
    return path


def _execute() -> None:
    runpy.run_path(str(ROOT / "__main__.py"))


def _start(monitor: mock_runtime.Monitor, changes: dict[str, Any], stack: str) -> None:
    config = {"aws:region": REGION} | {
        f"{PROJECT}:{key}": value for key, value in defaults().items()
    }
    config |= {key if ":" in key else f"{PROJECT}:{key}": value for key, value in changes.items()}
    texts = {key: _text(value) for key, value in config.items() if value is not None}
    mock_runtime.configure(monitor, project=PROJECT, stack=stack, config=texts)


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


class _Monitor(mock_runtime.Monitor):
    """Keeps what the mocks don't get: protection and dependencies."""

    def __init__(self, program: Program) -> None:
        super().__init__(program)
        self._program = program

    def RegisterResource(self, request: Any) -> Message:  # noqa: N802
        if request.protect:
            self._program.protected.add(_short(request.name))
        key = f"{request.type}::{_short(request.name)}"
        self._program.delete_timeouts[key] = request.customTimeouts.delete
        self._program.dependencies[key] = {_without_parents(urn) for urn in request.dependencies}
        return super().RegisterResource(request)


def _without_parents(urn: str) -> str:
    """`type::name` from a URN, which also contains the types of the resource's parents."""
    *_, types, name = urn.split("::")
    return f"{types.rpartition('$')[2]}::{_short(name)}"


def _short(name: str) -> str:
    """A logical name without the component's, which every one of them begins with."""
    return name.removeprefix("background-tasks-")

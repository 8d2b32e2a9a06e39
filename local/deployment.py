"""Deploys a Pulumi project into the local AWS.

The program runs unchanged on Pulumi's own mock runtime. Each resource that it registers is created
with boto3, and its outputs are those of the created resource. There is no Pulumi CLI and no state
file.
"""

import asyncio
import os
import runpy
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from pulumi import RunError
from pulumi.runtime.mocks import MockCallArgs, MockResourceArgs, Mocks

from local.access import Access
from local.advice import without_pulumi
from local.emulator import ACCOUNT_ID
from local.errors import DeploymentFailed, LocalError
from local.mock_runtime import Monitor, configure, run
from local.project import Project
from local.resources import Account, Declaration, Values, create
from local.resources.functions import invoked
from local.surroundings import inside, of_the_tool

_PROVIDERS = "pulumi:providers:"


def deploy(project: Project, access: Access) -> Values:
    """Creates every resource of the project's program, and returns the outputs of the stack.

    Raises:
        DeploymentFailed: the program raised, or a resource could not be created. The message says
            which one, and why.
    """
    creation = Creation(Account(access, ACCOUNT_ID, project.folder))
    monitor = Monitor(creation)
    configure(monitor, project=project.name, stack=project.stack, config=project.config)
    try:
        with inside(of_the_tool(os.environ)), _in_folder(project.folder):
            asyncio.run(run(partial(_execute, project.folder / "__main__.py")))
    except Exception as error:
        raise creation.failure or _failure_of_program(error) from error
    return monitor.outputs


class Creation(Mocks):
    """Creates the resources that the program registers: the part of Pulumi's engine."""

    def __init__(self, account: Account) -> None:
        self._account = account
        self.failure: LocalError | None = None

    def new_resource(self, args: MockResourceArgs) -> tuple[str | None, Values]:
        """Creates one resource; returns its id, and its inputs with its outputs."""
        if not args.custom:
            return None, dict(args.inputs)
        if args.typ.startswith(_PROVIDERS):
            return args.name, dict(args.inputs)
        try:
            outputs = create(self._account, Declaration(args.typ, args.name, args.inputs))
        except LocalError as error:
            self.failure = self.failure or error
            raise
        return str(outputs.pop("id")), args.inputs | outputs

    def call(self, args: MockCallArgs) -> tuple[Values, list[tuple[str, str]] | None]:
        """Answers a function of the provider that the program calls, such as getRegion."""
        if args.token == "aws:lambda/getInvocation:getInvocation":
            return invoked(self._account, args.args), []
        results: dict[str, Values] = {
            "aws:index/getCallerIdentity:getCallerIdentity": self._identity(),
            "aws:index/getPartition:getPartition": {
                "id": "aws",
                "partition": "aws",
                "dnsSuffix": "amazonaws.com",
            },
            "aws:index/getRegion:getRegion": {
                "id": self._account.region,
                "region": self._account.region,
            },
        }
        if args.token not in results:
            raise self._unknown_call(args.token)
        return results[args.token], []

    def _identity(self) -> Values:
        arn = f"arn:aws:iam::{self._account.id}:root"
        return {
            "id": self._account.id,
            "accountId": self._account.id,
            "arn": arn,
            "userId": self._account.id,
        }

    def _unknown_call(self, token: str) -> LocalError:
        self.failure = self.failure or DeploymentFailed(
            f"The program calls {token}, which the local AWS can't answer. Add its result to"
            " local/deployment.py."
        )
        return self.failure


@contextmanager
def _in_folder(folder: Path) -> Iterator[None]:
    """Runs the block in the folder, with the folder first on `sys.path`, as the Pulumi CLI does."""
    before = Path.cwd()
    os.chdir(folder)
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))
        os.chdir(before)


def _execute(program: Path) -> None:
    runpy.run_path(str(program), run_name="__main__")


def _failure_of_program(error: Exception) -> DeploymentFailed:
    kind = "" if isinstance(error, (ValueError, RunError)) else f"{type(error).__name__}: "
    return DeploymentFailed(f"The program failed. {kind}{without_pulumi(str(error))}")

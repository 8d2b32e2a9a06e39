"""Pulumi's mock runtime, set up to run a whole program: quiet, with each event loop closed."""

# mypy: disable-error-code="no-untyped-call"
# Pulumi's mock runtime is untyped.

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from google.protobuf.message import Message
from pulumi.runtime import rpc, set_all_config
from pulumi.runtime import settings as runtime
from pulumi.runtime.mocks import MockEngine, MockMonitor, Mocks, MockSettings
from pulumi.runtime.stack import run_in_stack

_STACK = "pulumi:pulumi:Stack"


class Monitor(MockMonitor):
    """Pulumi's mock monitor. `outputs` are the stack's, once the program has run."""

    def __init__(self, mocks: Mocks) -> None:
        super().__init__(mocks)
        self.outputs: dict[str, Any] = {}

    def RegisterResource(self, request: Any) -> Message:  # noqa: N802
        """Registers a resource, in an event loop that is closed afterwards."""
        with _own_event_loop():
            response: Message = super().RegisterResource(request)
            return response

    def Invoke(self, request: Any) -> Message:  # noqa: N802
        """Calls a function of the provider, in an event loop that is closed afterwards."""
        with _own_event_loop():
            response: Message = super().Invoke(request)
            return response

    def RegisterResourceOutputs(self, request: Any) -> Message:  # noqa: N802
        """Keeps the outputs of the stack."""
        if f"::{_STACK}::" in request.urn:
            self.outputs = rpc.deserialize_properties(request.outputs)
        response: Message = super().RegisterResourceOutputs(request)
        return response


def configure(
    monitor: MockMonitor,
    *,
    project: str,
    stack: str,
    config: Mapping[str, str],
    preview: bool = False,
) -> None:
    """Points Pulumi at the monitor. `config` has full keys (`project:key`) and texts for values."""
    set_all_config(dict(config), [])  # none is secret
    runtime.SETTINGS.outputs.clear()  # what a program that has failed before left behind
    runtime.configure(
        MockSettings(
            monitor=monitor,
            monitor_features=set(monitor.GetDeploymentInfo(None).supportedFeatures),
            engine=MockEngine(_quiet_logger()),
            project=project,
            stack=stack,
            dry_run=preview,
            organization=None,
            callbacks=None,
        )
    )


async def run(program: Callable[[], None]) -> None:
    """Runs a program, and raises its first failure.

    Futures that depend on it fail too. asyncio would tell of each, whenever one is collected.
    """
    asyncio.get_running_loop().set_exception_handler(lambda _loop, _context: None)

    async def whole() -> None:
        program()
        await _settled()

    await run_in_stack(whole)


async def _settled() -> None:
    """Waits for the outputs that are known of so far, or for the first that fails.

    Pulumi itself waits for all of them anew whenever one is there: n outputs take n * n steps.
    """
    while pending := [task for task in list(runtime.SETTINGS.outputs) if not task.done()]:
        done, _ = await asyncio.wait(pending, return_when=asyncio.FIRST_EXCEPTION)
        if any(task.cancelled() or task.exception() for task in done):
            return  # Pulumi raises it


def _quiet_logger() -> logging.Logger:
    # Pulumi would use the root logger, and print the errors that are reported anyway.
    logger = logging.getLogger("background_tasks.pulumi")
    logger.propagate = False
    return logger


@contextmanager
def _own_event_loop() -> Iterator[None]:
    """An event loop for one of Pulumi's threads, which would otherwise leave one open."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        yield
    finally:
        asyncio.set_event_loop(None)
        loop.close()

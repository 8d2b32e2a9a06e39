"""A task that sleeps for a day, in an execution that waits, and who is killed around it."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Final

from handler import Context, Continue, Done, Verdict, task
from handler.testing import Killed
from handler.testing.aws import aws_client
from tests.handler.stack import STATE_MACHINE, Stack

DAY: Final = 24 * 60 * 60
OLD, NEW = "execution-1", "execution-2"
_ROLE: Final = "arn:aws:iam::123456789012:role/tasks"


@task()
def sleeper(context: Context) -> Verdict:
    """Sleeps for a day, and is done when it wakes."""
    return Done() if context.task.iterations > 1 else Continue(wait=DAY)


def begin_to_wait(stack: Stack, *, seconds: int) -> None:
    """Has an execution wait, in a state machine that the stack knows."""
    wait = {"Type": "Wait", "Seconds": seconds, "End": True}
    machine = json.dumps({"StartAt": "Wait", "States": {"Wait": wait}})
    states = aws_client("stepfunctions")
    states.create_state_machine(name="tasks", definition=machine, roleArn=_ROLE)
    states.start_execution(stateMachineArn=STATE_MACHINE, name=OLD)
    stack.settings = replace(stack.settings, state_machine_arn=STATE_MACHINE)


def status(execution: str = OLD) -> str:
    """How an execution stands."""
    arn = f"{STATE_MACHINE.replace(':stateMachine:', ':execution:')}:{execution}"
    return str(aws_client("stepfunctions").describe_execution(executionArn=arn)["status"])


@contextmanager
def killed_at(stack: Stack, number: int, *, after: bool) -> Iterator[None]:
    """Whoever acts in the block is killed at that call of a service, counted from 1.

    Args:
        after: whether the call has taken effect then.
    """
    left = [number]

    def die(operation: str, request: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed

    watched = (stack.dynamodb, stack.events, stack.stepfunctions)
    for client in watched:
        setattr(client, "afterwards" if after else "interference", die)
    with suppress(Killed):
        yield
    for client in watched:
        client.recover()
        client.afterwards = client.interference


def acting_at(stack: Stack, number: int, act: Callable[[], object]) -> list[int]:
    """Somebody acts before that call to the table, counted from 1. It tells how many are left."""
    left = [number]

    def interfere(operation: str, request: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            stack.dynamodb.recover()
            act()

    stack.dynamodb.interference = interfere
    return left

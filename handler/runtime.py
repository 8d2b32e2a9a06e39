"""What the entries of the Lambdas share: the context that Lambda gives them, and their log."""

from typing import Final, Protocol

from aws_lambda_powertools import Logger

from handler.clock import RemainingSeconds

# JSON lines; service and level come from Powertools' own variables.
log: Final = Logger()


class LambdaContext(Protocol):
    """The part of Lambda's context that is used here."""

    @property
    def aws_request_id(self) -> str: ...

    def get_remaining_time_in_millis(self) -> int: ...


def remaining_of(context: LambdaContext) -> RemainingSeconds:
    """How many seconds the invocation has left, whenever it is asked."""
    return lambda: context.get_remaining_time_in_millis() / 1000

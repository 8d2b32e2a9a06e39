"""What a check says of a stack, and what it is made of."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias, assert_never

from botocore.exceptions import BotoCoreError, ClientError

from cli.first_deploy.stack import CannotLook, Stack

_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@dataclass(frozen=True)
class Ok:
    """All is as it should be."""

    said: str


@dataclass(frozen=True)
class Failed:
    """Something is not, and what to do about it."""

    said: str
    next: str


@dataclass(frozen=True)
class Skipped:
    """The check could not look, or has nothing to look at."""

    why: str


Result: TypeAlias = Ok | Failed | Skipped


class When(Enum):
    """What a check needs to have something to look at."""

    BEFORE = "nothing of the stack is deployed"
    AFTER = "the stack is deployed"
    EITHER = ""


@dataclass(frozen=True)
class Check:
    """One thing to look at. `title` is a sentence that is true if all is well."""

    title: str
    look: Callable[[Stack], Result]
    when: When = When.EITHER

    def run(self, stack: Stack) -> Result:
        """Looks, whatever AWS answers."""
        if self.when is (When.BEFORE if stack.is_deployed else When.AFTER):
            return Skipped(_too_early_or_late(self.when))
        try:
            return self.look(stack)
        except CannotLook as error:
            return Skipped(str(error))
        except ClientError as error:
            return _refused(error)
        except BotoCoreError as error:
            return Failed(str(error), "aws sts get-caller-identity, with the same credentials.")


def lines(number: int, check: Check, result: Result) -> str:
    """What a person reads of it."""
    match result:
        case Ok(said):
            text = f"ok       {check.title}: {said}"
        case Failed(said, next):
            text = f"FAILED   {check.title}: {said}\nNext: {next}"
        case Skipped(why):
            text = f"skipped  {check.title}: {why}"
        case never:
            assert_never(never)
    return f"{number:2}. " + text.replace("\n", "\n             ")


def _too_early_or_late(when: When) -> str:
    if when is When.BEFORE:
        return "the stack is deployed; this is for before."
    return "nothing is deployed yet; run this again after `pulumi up`."


def _refused(error: ClientError) -> Result:
    said = error.response["Error"]
    if said["Code"] in _DENIED:
        return Skipped(f"you may not call {error.operation_name}: {said.get('Message', '')}")
    return Failed(str(error), "look the error up; run the checks again.")

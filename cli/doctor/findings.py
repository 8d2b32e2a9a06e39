"""What the doctor says of one thing that it has looked at."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from botocore.exceptions import BotoCoreError, ClientError

from cli.errors import CliError
from cli.outcomes import DENIED
from handler.errors import BackgroundTaskError

if TYPE_CHECKING:
    from cli.doctor.patient import Patient

State = Literal["ok", "warning", "failed", "unknown", "not here"]

# What AWS, moto and the local AWS say to a call that they don't have.
_NOT_THERE: Final = frozenset(
    {"InvalidAction", "NotImplemented", "UnknownOperationException", "UnsupportedOperation", "501"}
)


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at.

    Args:
        check: what it is about, in a few words.
        state: "unknown" where it could not be looked at; "not here" where the local AWS has none.
        value: what is so.
        expected: what should be.
        next: what to do about it; empty where there is nothing to do.
    """

    check: str
    state: State
    value: str
    expected: str = ""
    next: str = ""


@dataclass(frozen=True)
class Check:
    """One thing to look at.

    Args:
        name: what it is about.
        look: what it finds.
        needs: what of AWS it needs, for who may not look: "sqs:GetQueueAttributes".
        is_of_aws: whether the local AWS has nothing to look at, and what to say of that.
    """

    name: str
    look: "Callable[[Patient], Iterable[Finding]]"
    needs: str = ""
    is_of_aws: str = ""

    def findings(self, patient: "Patient") -> Iterable[Finding]:
        """What it finds, whatever AWS answers: what can't be looked at is said to be so."""
        if self.is_of_aws and patient.target.is_local:
            yield Finding(
                check=self.name, state="not here", value=f"not on the local AWS: {self.is_of_aws}"
            )
            return
        try:
            yield from self.look(patient)
        except ClientError as error:
            yield self._refused(error, is_local=patient.target.is_local)
        except (BotoCoreError, BackgroundTaskError, CliError, OSError) as error:
            yield Finding(
                check=self.name,
                state="unknown",
                value=f"can't be looked at: {' '.join(str(error).split())}",
                next="look at the findings above; then run it again.",
            )

    def _refused(self, error: ClientError, *, is_local: bool) -> Finding:
        code = str(error.response.get("Error", {}).get("Code"))
        if code in DENIED:
            return Finding(
                check=self.name,
                state="unknown",
                value=f"you may not call {error.operation_name}",
                next=f"look with credentials that may: {self.needs or error.operation_name}.",
            )
        if is_local and (code in _NOT_THERE or not code):
            value = f"not on the local AWS: it has no {error.operation_name}"
            return Finding(check=self.name, state="not here", value=value)
        return Finding(
            check=self.name,
            state="unknown",
            value=str(error),
            next="look the error up; then run it again.",
        )

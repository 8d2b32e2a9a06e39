"""Who looks, at which stack, and whether it answers."""

import re
from collections.abc import Iterator
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from cli.doctor.findings import Finding
from cli.doctor.patient import Patient
from handler.contract import ErrorCode
from handler.errors import BackgroundTaskError

# The stack's outputs, as __main__.py exports them; a test compares them.
OUTPUTS: Final = (
    "apiFunctionName",
    "apiUrl",
    "console",
    "deadLetterQueueUrl",
    "eventBusName",
    "payloadBucketName",
    "recoveryFunctionName",
    "stateMachineArn",
    "tableName",
    "workerFunctionName",
)
# There with `dashboard: true` alone.
OPTIONAL_OUTPUTS: Final = ("dashboardUrl",)

# STS, "Common errors", and what the services say to keys that are over or are none.
_EXPIRED: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_INVALID: Final = frozenset(
    {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"}
)
_REGIONS: Final = re.compile(r"//(?:[\w-]+\.execute-api|sqs)\.([a-z0-9-]+)\.")
_LOG_IN: Final = "aws sso login, or set AWS_PROFILE; then aws sts get-caller-identity."


def credentials(patient: Patient) -> Iterator[Finding]:
    """Who asks, and whether in the stack's own account."""
    try:
        said = patient.client("sts").get_caller_identity()
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code not in _EXPIRED | _INVALID:
            raise
        what = "they have expired" if code in _EXPIRED else "AWS doesn't know them"
        yield _bad_credentials(f"{what} ({code})")
        return
    except (NoCredentialsError, BotoCoreError) as error:
        yield _bad_credentials(str(error))
        return
    account = _part(patient.target.output("stateMachineArn"), 4)
    yield Finding(
        check="credentials",
        state="ok" if said["Account"] == account else "failed",
        value=f"{said['Arn']}",
        expected=f"somebody of the account {account}",
        next="" if said["Account"] == account else "set AWS_PROFILE to one of that account.",
    )


def _bad_credentials(what: str) -> Finding:
    expected = "credentials that AWS takes"
    return Finding(check="credentials", state="failed", value=what, expected=expected, next=_LOG_IN)


def region(patient: Patient) -> Iterator[Finding]:
    """Whether all outputs are of one region, which is the config's."""
    own = _part(patient.target.output("stateMachineArn"), 3)
    wanted = patient.target.config.get("aws:region")
    found = {"stateMachineArn": own} | ({"aws:region": wanted} if wanted else {})
    for name in ("apiUrl", "deadLetterQueueUrl"):
        if named := _REGIONS.search(str(patient.target.outputs.get(name, ""))):
            found[name] = named[1]
    others = {name: each for name, each in found.items() if each != own}
    said = ", ".join(f"{name} is in {each}" for name, each in others.items())
    yield Finding(
        check="region",
        state="failed" if others else "ok",
        value=f"{own}, but {said}" if others else own,
        expected="one region",
        next="pulumi config set aws:region, or take the outputs of the right stack."
        if others
        else "",
    )


def outputs(patient: Patient) -> Iterator[Finding]:
    """Whether the stack has all its outputs."""
    missing = [name for name in OUTPUTS if not patient.target.outputs.get(name)]
    yield Finding(
        check="outputs",
        state="failed" if missing else "ok",
        value=f"there is no {', '.join(missing)}"
        if missing
        else f"{len(OUTPUTS)} of {len(OUTPUTS)}",
        expected=f"all {len(OUTPUTS)}",
        next="pulumi up, with the code of this folder." if missing else "",
    )


def api(patient: Patient) -> Iterator[Finding]:
    """Whether the API answers, and how fast."""
    before = patient.clock.now()
    try:
        number = len(patient.definitions)
    except BackgroundTaskError as error:
        is_refused = error.code == ErrorCode.SECURITY_NOT_AUTHORIZED
        yield Finding(
            check="API",
            state="failed",
            value=error.message,
            expected="an answer",
            next="give the caller execute-api:Invoke on the API, or a token."
            if is_refused
            else "look at the log of the API's Lambda, and at its alarms.",
        )
        return
    took = (patient.clock.now() - before).total_seconds()
    yield Finding(
        check="API",
        state="ok" if number else "warning",
        value=f"{number} definitions in {took:.1f} s",
        expected="one definition at least",
        next="" if number else "add a file under definitions/, and deploy.",
    )


def _part(arn: str, number: int) -> str:
    parts = arn.split(":")
    return parts[number] if len(parts) > number else ""

"""The only reader of the environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from handler.contract import MAX_CODE_VERSION_CHARACTERS, WORKER_TIMEOUT_SECONDS, EnvVar
from handler.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Settings:
    """What the stack's Lambdas, and other code that triggers tasks, know of the stack.

    Only the table and the bus are needed to trigger; the rest may be empty outside the Lambdas.
    """

    table_name: str
    event_bus_name: str
    payload_bucket_name: str = ""  # inputs and outputs that don't fit a record
    state_machine_arn: str = ""  # to stop and to look at executions
    dead_letter_queue_url: str = ""  # events that EventBridge could not deliver
    retention_days: int = 0  # how long finished tasks are kept; 0 is for ever
    metrics_namespace: str = ""  # of CloudWatch; nothing is counted without one
    recovery_after_seconds: int = 120  # how long the recovery leaves an idle record alone
    import_seconds: int = 0  # how long the import of a definition's file may take; 0: no limit
    jwt_tenant_claim: str = ""  # the claim of a caller's token that decides the tenant
    api_access: str = ""  # which callers of the API may do what, as JSON; only the API reads it
    code_version: str = ""  # of the deployed code, as records say which code has run them
    stack_name: str = ""  # what the metrics of the stack's Lambdas have in common
    status_events: bool = False  # whether the bus is told what becomes of tasks
    signals_url: str = ""  # what the URLs of signals begin with; only the worker makes some
    introspection: bool = True  # whether the API tells its schema
    worker_seconds: int = WORKER_TIMEOUT_SECONDS  # how long an invocation of this worker may take

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Reads the variables of `contract.EnvVar`.

        Raises:
            SettingsError: a variable is missing, or is not a number, or `true` or `false`, where
                it takes one.
        """
        return cls(
            table_name=_required(environment, EnvVar.TABLE_NAME),
            event_bus_name=_required(environment, EnvVar.EVENT_BUS_NAME),
            payload_bucket_name=environment.get(EnvVar.PAYLOAD_BUCKET_NAME, ""),
            state_machine_arn=environment.get(EnvVar.STATE_MACHINE_ARN, ""),
            dead_letter_queue_url=environment.get(EnvVar.DEAD_LETTER_QUEUE_URL, ""),
            metrics_namespace=environment.get(EnvVar.METRICS_NAMESPACE, ""),
            retention_days=_whole_number(
                environment, EnvVar.RETENTION_DAYS, "of days, 0 for ever", default=0
            ),
            recovery_after_seconds=_whole_number(
                environment, EnvVar.RECOVERY_AFTER_SECONDS, "of seconds", default=120
            ),
            import_seconds=_whole_number(
                environment, EnvVar.IMPORT_SECONDS, "of seconds, 0 for no limit", default=0
            ),
            jwt_tenant_claim=environment.get(EnvVar.JWT_TENANT_CLAIM, ""),
            api_access=environment.get(EnvVar.API_ACCESS, ""),
            code_version=_code_version(environment),
            stack_name=environment.get(EnvVar.STACK_NAME, ""),
            status_events=_flag(environment, EnvVar.STATUS_EVENTS),
            introspection=_flag(environment, EnvVar.INTROSPECTION, default="true"),
            signals_url=environment.get(EnvVar.SIGNALS_URL, ""),
            worker_seconds=_whole_number(
                environment, EnvVar.WORKER_SECONDS, "of seconds", default=WORKER_TIMEOUT_SECONDS
            ),
        )


class LogSettings(NamedTuple):
    """How this process logs. The level and the name are in Powertools' variables."""

    is_lambda: bool
    level: str
    service: str
    code_version: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "LogSettings":
        service = environment.get("POWERTOOLS_SERVICE_NAME", "")
        # Lambda sets it (Lambda guide, "Defined runtime environment variables").
        function = environment.get("AWS_LAMBDA_FUNCTION_NAME", "")
        level = environment.get("POWERTOOLS_LOG_LEVEL", "INFO").upper()
        return cls(
            is_lambda=bool(function),
            level=level,
            service=service or function,
            code_version=_code_version(environment),
        )


class Trace(NamedTuple):
    """The trace of the running invocation: Lambda makes the variables anew for each.

    Args:
        root: the trace's id, such as `1-67891233-abcdef012345678912345678`; empty without one.
        parent: the id of the segment that Lambda makes of the invocation.
        is_sampled: whether X-Ray keeps it.
        daemon: where X-Ray's daemon listens.
    """

    root: str
    parent: str
    is_sampled: bool
    daemon: tuple[str, int] | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Trace":
        """Reads what Lambda sets (Lambda guide, "Defined runtime environment variables").

        The header is `Root=1-...;Parent=...;Sampled=1`, the address `169.254.79.129:2000`.
        """
        if not (header := environment.get("_X_AMZN_TRACE_ID", "")):
            return _NO_TRACE
        said = dict(part.partition("=")[::2] for part in header.split(";"))
        host, _, port = environment.get("AWS_XRAY_DAEMON_ADDRESS", "").rpartition(":")
        return cls(
            root=said.get("Root", ""),
            parent=said.get("Parent", ""),
            is_sampled=said.get("Sampled") == "1" and bool(said.get("Root")),
            daemon=(host, int(port)) if host and port.isdecimal() else None,
        )


_NO_TRACE: Final = Trace(root="", parent="", is_sampled=False, daemon=None)


def _code_version(environment: Mapping[str, str]) -> str:
    """The stack's own name of its code; else the number of the published version, if it is one."""
    published = environment.get("AWS_LAMBDA_FUNCTION_VERSION", "")
    version = environment.get(EnvVar.CODE_VERSION) or published.removeprefix("$LATEST")
    return version[:MAX_CODE_VERSION_CHARACTERS]


def _flag(environment: Mapping[str, str], variable: EnvVar, *, default: str = "false") -> bool:
    text = environment.get(variable) or default
    if text not in ("true", "false"):
        raise SettingsError(f'{variable} is "{text}"; it takes true or false.')
    return text == "true"


def _whole_number(
    environment: Mapping[str, str], variable: EnvVar, meaning: str, *, default: int
) -> int:
    text = environment.get(variable, str(default))
    if not text.isdecimal():
        raise SettingsError(f'{variable} is "{text}"; it takes a whole number {meaning}.')
    return int(text)


def _required(environment: Mapping[str, str], variable: EnvVar) -> str:
    if value := environment.get(variable):
        return value
    raise SettingsError(
        f"The environment variable {variable} is not set. The stack's Lambdas have it; "
        "elsewhere, set it from the stack's outputs (`pulumi stack output`)."
    )

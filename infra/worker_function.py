"""The workers: the Lambda that each stack has, and those of its config beside it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import pulumi
import pulumi_aws as aws

from handler.contract import DEFAULT_WORKER, IMPORT_SECONDS, WORKER_TIMEOUT_SECONDS, EnvVar
from handler.definition import Definition, code_of
from infra.arguments import BackgroundTasksArgs, WorkerArgs
from infra.documents import policies
from infra.errors import ConfigError
from infra.function import Function, FunctionArgs, FunctionDefaults

SUFFIX: Final = "worker"
# What a Lambda has that doesn't say otherwise (Lambda API reference, "EphemeralStorage").
_EPHEMERAL_STORAGE_MB: Final = 512
# What the next step of an error proposes.
_EXAMPLE_MB: Final = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherWorker:
    """A worker beside the default one, as it is deployed."""

    name: str
    function: Function
    memory_mb: pulumi.Input[int]
    timeout_seconds: int


def default_worker(
    defaults: FunctionDefaults, logs: aws.cloudwatch.LogGroup, signals_url: pulumi.Input[str]
) -> FunctionArgs:
    """The worker that each stack has.

    Args:
        logs: its log group.
        signals_url: what the URLs of signals begin with.
    """
    args = defaults.settings.args
    return FunctionArgs(
        defaults=defaults,
        module=SUFFIX,
        description="Runs an iteration of a background task.",
        memory_mb=args.worker_memory_mb,
        timeout_seconds=WORKER_TIMEOUT_SECONDS,
        policy=policies.worker,
        statements=args.worker_policy_statements,
        environment={
            EnvVar.IMPORT_SECONDS.value: str(IMPORT_SECONDS),
            EnvVar.SIGNALS_URL.value: signals_url,
            # definitions/csv_import/allowed.py reads these.
            "IMPORT_CSV_BUCKETS": pulumi.Output.json_dumps(args.import_csv_buckets),
            "IMPORT_CSV_TABLES": pulumi.Output.json_dumps(args.import_csv_tables),
        },
        log_group=logs,
        reserved_concurrency=args.worker_concurrency or None,
    )


def other_workers(
    name: str, default: FunctionArgs, opts: pulumi.ResourceOptions
) -> list[OtherWorker]:
    """Makes the workers of the arguments: as the default one, but for what they say."""
    made = []
    for each, said in sorted(default.defaults.settings.args.workers.items()):
        args = _other(default, each, said)
        worker = OtherWorker(
            name=each,
            function=Function(f"{name}-{each}", args, opts),
            memory_mb=args.memory_mb,
            timeout_seconds=args.timeout_seconds,
        )
        made.append(worker)
    return made


def _other(default: FunctionArgs, name: str, worker: WorkerArgs) -> FunctionArgs:
    of_all = default.defaults.settings.args
    timeout = worker.timeout_seconds or WORKER_TIMEOUT_SECONDS
    concurrency = of_all.worker_concurrency if worker.concurrency is None else worker.concurrency
    return replace(
        default,
        suffix=f"{SUFFIX}-{name}",
        # A role's name has its region as well, and no room for the whole word.
        role_suffix=f"{SUFFIX[0]}-{name}",
        description=f'Runs an iteration of a background task, on the worker "{name}".',
        memory_mb=worker.memory_mb or of_all.worker_memory_mb,
        # Always said: the provider leaves a size that isn't said as it was.
        ephemeral_storage_mb=worker.ephemeral_storage_mb or _EPHEMERAL_STORAGE_MB,
        timeout_seconds=timeout,
        policy=policies.other_worker,
        environment={
            **default.environment,
            # The import of the files may take the same share of a shorter time.
            EnvVar.IMPORT_SECONDS.value: str(IMPORT_SECONDS * timeout // WORKER_TIMEOUT_SECONDS),
            EnvVar.WORKER_SECONDS.value: str(timeout),
        },
        log_group=None,
        reserved_concurrency=concurrency or None,
    )


def check_workers(definitions: Sequence[Definition], args: BackgroundTasksArgs) -> None:
    """Refuses definitions that name a worker which the stack doesn't have.

    A worker that none names is deployed, with a warning.

    Raises:
        ConfigError: with a line for each such definition, which names its file.
    """
    if unknown := list(_unknown(definitions, args.workers)):
        raise ConfigError("\n".join(unknown))
    named = {worker for each in definitions for _, worker in _named_by(each)}
    for name in sorted(args.workers.keys() - named):
        pulumi.log.warn(
            f'No task runs on the worker "{name}" of the config key workers. Next: name it,'
            f' @task(worker="{name}"), or take it out of the config.'
        )


def _unknown(definitions: Iterable[Definition], workers: Mapping[str, WorkerArgs]) -> Iterator[str]:
    there = ", ".join(f'"{name}"' for name in (DEFAULT_WORKER, *sorted(workers)))
    for each in definitions:
        for argument, name in _named_by(each):
            if name != DEFAULT_WORKER and name not in workers:
                key = f"{pulumi.get_project()}:workers.{name}.memoryMb"
                example = f'{{"{name}": WorkerArgs(memory_mb={_EXAMPLE_MB})}}'
                yield (
                    f'{code_of(each).file}: task "{each.id}" has {argument}="{name}", and the stack'
                    f" has no such worker; it has {there}. Next: `pulumi config set --path '{key}'"
                    f" {_EXAMPLE_MB}`, or name one of these. A program of yours says"
                    f" BackgroundTasksArgs(workers={example})."
                )


def _named_by(definition: Definition) -> Iterator[tuple[str, str]]:
    """The arguments of a definition that name a worker, and the worker."""
    yield "worker", definition.worker
    if definition.retry and definition.retry.on_out_of_memory:
        yield "Retry(on_out_of_memory)", definition.retry.on_out_of_memory

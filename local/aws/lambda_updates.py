"""An invocation that runs while its function is changed ends with the code that it has.

On AWS it does (Lambda developer guide, "Updating Lambda function code"), and so it does if the
function is deleted. ministack kills the process.
"""

from typing import Any

from local.aws.patch import Original, module, replace


def apply() -> None:
    """Takes processes that work out of the pool before ministack ends the others."""
    functions = module("services.lambda_svc")
    for operation in ("_update_code", "_update_config", "_delete_function"):
        replace(functions, operation, _letting_end_what_runs)
    replace(functions, "release_worker", _ending_what_is_retired)


def _letting_end_what_runs(change: Original) -> Original:
    def changed(name: str, *more: Any, **named: Any) -> object:
        _retire_what_runs(name)
        return change(name, *more, **named)

    return changed


def _retire_what_runs(function: str) -> None:
    runtime = module("core.lambda_runtime")
    with runtime._lock:
        for key, workers in runtime._workers.items():
            if key.split(":")[-2] == function:
                for worker in workers:
                    worker.is_retired = worker.in_use
                workers[:] = [worker for worker in workers if not worker.is_retired]


def _ending_what_is_retired(release: Original) -> Original:
    def release_worker(worker: Any) -> None:
        release(worker)
        if getattr(worker, "is_retired", False):
            module("core.lambda_runtime").kill_workers([worker])

    return release_worker

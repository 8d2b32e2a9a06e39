"""A failed Lambda invocation is reported as AWS Lambda reports it.

ministack calls every failure `Runtime.HandlerError`: no `Retry` or `Catch` could tell them apart.
On AWS, `errorType` is the name of the exception's class, `Runtime.ExitError` for a process that
ended, `Sandbox.Timedout` for a timeout, and `Runtime.ImportModuleError` for a module that can't be
imported (Lambda developer guide, "Understanding Lambda function errors in Python").
"""

import json
import re
import signal
from typing import Any

from local.aws.patch import Original, module, replace, replace_text

# The worker process writes this instead of the exception's text; ministack passes it on as the
# message of the error.
_REPORT = (
    'json.dumps({"errorType": type(e).__name__, "errorMessage": str(e), '
    '"stackTrace": traceback.format_tb(e.__traceback__)[1:]})'
)
# The process ended during the work, or before it read the event.
_DIED = ("Worker process died", "[Errno 32] Broken pipe")
_INIT_FAILED = re.compile(r"Worker init failed: (\w+): (.*)", re.DOTALL)
_TIMED_OUT = re.compile(r"Task timed out after [\d.]+ seconds")


def apply() -> None:
    """Changes what the worker process writes, and what ministack makes of it."""
    runtime = module("core.lambda_runtime")
    script = "_PYTHON_WORKER_SCRIPT"
    replace_text(runtime, script, '"error": str(e), "trace"', f'"error": {_REPORT}, "trace"')
    replace_text(runtime, script, '"error": str(e)}', '"error": type(e).__name__ + ": " + str(e)}')
    replace(runtime, "Worker", with_endings)
    replace(module("services.lambda_svc"), "_execute_function_warm", _with_error_types)


def with_endings(worker: Original) -> Original:
    """ministack's worker class, extended to report how its process ended."""

    class Worker(worker):  # type: ignore[misc]
        """A worker that reports how its process ended."""

        def _spawn(self) -> None:
            super()._spawn()
            self._spawned = self._proc

        def invoke(self, event: object, request_id: str, **context: object) -> dict[str, Any]:
            response: dict[str, Any] = super().invoke(event, request_id, **context)
            if response.get("error") in _DIED:
                response["error"] = json.dumps(exit_report(self._spawned.wait(), request_id))
            return response

    return Worker


def _with_error_types(execute: Original) -> Original:
    def execute_function_warm(
        func: dict[str, Any], event: object, request_id: str
    ) -> dict[str, Any]:
        result: dict[str, Any] = execute(func, event, request_id)
        if result.get("error") and not result.get("throttle"):
            result["body"] = error_report(result["body"], request_id)
        return result

    return execute_function_warm


def error_report(body: dict[str, str], request_id: str) -> dict[str, object]:
    """The payload of a failed invocation, made from the one of ministack."""
    message = body["errorMessage"]
    if message.startswith('{"errorType": '):
        report: dict[str, object] = json.loads(message)
        return {"errorMessage": report.pop("errorMessage"), **report, "requestId": request_id}
    if init := _INIT_FAILED.fullmatch(message):
        return _init_report(*init.groups())
    if _TIMED_OUT.fullmatch(message):
        return {
            "errorMessage": f"RequestId: {request_id} Error: {message}",
            "errorType": "Sandbox.Timedout",
        }
    return dict(body)


def exit_report(exit_code: int, request_id: str) -> dict[str, object]:
    """The payload of an invocation whose process ended. A negative `exit_code` is a signal."""
    if exit_code < 0:
        ending = f"with error: signal: {(signal.strsignal(-exit_code) or str(-exit_code)).lower()}"
    elif exit_code:
        ending = f"with error: exit status {exit_code}"
    else:
        ending = "without providing a reason"
    message = f"RequestId: {request_id} Error: Runtime exited {ending}"
    return {"errorType": "Runtime.ExitError", "errorMessage": message}


def _init_report(class_name: str, message: str) -> dict[str, object]:
    if class_name in ("ImportError", "ModuleNotFoundError"):
        return {
            "errorMessage": f"Unable to import module: {message}",
            "errorType": "Runtime.ImportModuleError",
        }
    return {"errorMessage": message, "errorType": class_name}

"""Failed invocations, reported as AWS Lambda reports them."""

import errno
import json
import os
import subprocess
import sys

import pytest

from local.access import Access
from local.aws.lambda_errors import exit_report, with_endings
from tests.local.aws.conftest import Afterwards, Invoke, Run
from tests.local.conftest import Outputs


def test_an_exception_is_reported_under_its_class(invoke: Invoke) -> None:
    report = invoke({"how": "raise"})

    assert report["errorType"] == "StoreUnavailable"
    assert report["errorMessage"] == "The table does not answer."
    assert "in handler" in report["stackTrace"][0]
    assert len(report["requestId"]) == 36


@pytest.mark.parametrize(
    ("how", "ending"),
    [
        ("exit", "with error: exit status 3"),
        ("exit quietly", "without providing a reason"),
        ("kill", "with error: signal: killed"),
    ],
)
def test_a_process_that_ends_is_reported_as_an_exit_error_with_its_status(
    invoke: Invoke, how: str, ending: str
) -> None:
    report = invoke({"how": how})

    assert report["errorType"] == "Runtime.ExitError"
    assert str(report["errorMessage"]).endswith(f"Error: Runtime exited {ending}")


def test_exit_code_minus_11_is_reported_as_a_segmentation_fault() -> None:
    report = exit_report(-11, "1")

    assert (
        report["errorMessage"]
        == "RequestId: 1 Error: Runtime exited with error: signal: segmentation fault"
    )


def test_a_process_that_ends_before_it_reads_its_event_is_reported_as_an_exit_error() -> None:
    class Worker:
        """ministack's worker, killed before it reads its event."""

        _proc: subprocess.Popen[bytes]

        def _spawn(self) -> None:
            self._proc = subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"])

        def invoke(self, event: object, request_id: str) -> dict[str, str]:
            self._spawn()
            return {
                "status": "error",
                "error": str(BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))),
            }

    report = json.loads(with_endings(Worker)().invoke({}, "1")["error"])

    assert report["errorType"] == "Runtime.ExitError"
    assert report["errorMessage"] == "RequestId: 1 Error: Runtime exited with error: exit status 3"


def test_a_function_that_exceeds_its_timeout_is_reported_as_a_sandbox_timeout(
    access: Access, outputs: Outputs, invoke: Invoke, afterwards: Afterwards
) -> None:
    functions, name = access.client("lambda"), outputs["functionName"]
    functions.update_function_configuration(FunctionName=name, Timeout=1)
    afterwards(functions.update_function_configuration, FunctionName=name, Timeout=30)

    report = invoke({"how": "sleep"})

    assert report["errorType"] == "Sandbox.Timedout"
    assert str(report["errorMessage"]).endswith("Error: Task timed out after 1.00 seconds")


def test_a_missing_module_is_reported_as_an_import_module_error(
    access: Access, outputs: Outputs, invoke: Invoke, afterwards: Afterwards
) -> None:
    functions, name = access.client("lambda"), outputs["functionName"]
    functions.update_function_configuration(FunctionName=name, Handler="missing.handler")
    afterwards(functions.update_function_configuration, FunctionName=name, Handler="answer.handler")

    report = invoke({})

    assert report["errorType"] == "Runtime.ImportModuleError"
    assert "No module named 'missing'" in str(report["errorMessage"])


def test_a_state_machine_catches_a_failed_function_by_its_error_type(run: Run) -> None:
    execution = run("raise")

    caught = json.loads(execution["output"])
    assert caught["Error"] == "StoreUnavailable"
    assert json.loads(caught["Cause"])["errorMessage"] == "The table does not answer."

"""What a Lambda writes is in CloudWatch as it comes, line by line, each with an id and its time.

On AWS, a line is there while its invocation still runs, and each event has an `eventId`
(CloudWatch Logs API reference, "FilteredLogEvent"). ministack stores all lines when the invocation
is over, under one time and without ids. Its worker also shares stdin and stdout with the programs
that a task starts: their output would be taken for the answer of the invocation.
"""

import itertools
import subprocess
import threading
import time
from contextvars import Context, copy_context
from typing import Any

from local.aws.patch import Original, module, replace, replace_text

_ids = itertools.count(1)
_in_this_thread = threading.local()

_SHARED = "    _real_stdout = sys.stdout\n"
_OF_ITS_OWN = """\
    _real_stdout = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    sys.stdin = os.fdopen(os.dup(0), encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
"""


def apply() -> None:
    """Has each worker write its lines to CloudWatch itself."""
    runtime, lambdas = module("core.lambda_runtime"), module("services.lambda_svc")
    replace_text(runtime, "_PYTHON_WORKER_SCRIPT", _SHARED, _OF_ITS_OWN)
    replace(runtime, "Worker", _that_streams)
    replace(lambdas, "_emit_lambda_logs", _without_what_is_there)
    replace(module("services.cloudwatch_logs"), "_append_log_events", _with_ids)


def _that_streams(worker: Original) -> Original:
    class Worker(worker):  # type: ignore[misc]
        """A worker that writes each line to CloudWatch when it reads it."""

        def _spawn(self) -> None:
            self._scope: Context = copy_context()  # whose account, which region
            self._stream = _stream_name()
            super()._spawn()

        def _read_stderr(self) -> None:
            process: subprocess.Popen[str] = self._proc
            stream, scope, lines = self._stream, self._scope, self._stderr_queue
            for line in process.stderr.buffer:  # type: ignore[union-attr]
                text = line.decode(errors="replace").rstrip("\r\n")
                scope.run(_store, self.config, stream, text)
                lines.put(text)

        def invoke(self, *arguments: object, **named: object) -> dict[str, Any]:
            response: dict[str, Any] = super().invoke(*arguments, **named)
            _in_this_thread.stored = response.get("log", "")
            return response

    return Worker


def _stream_name() -> str:
    """As Lambda names a stream: `2026/11/26/[$LATEST]<id>`."""
    id: str = module("core.responses").new_uuid().replace("-", "")
    return f"{time.strftime('%Y/%m/%d', time.gmtime())}/[$LATEST]{id}"


def _store(config: dict[str, Any], name: str, line: str) -> None:
    logs, now = module("services.cloudwatch_logs"), int(time.time() * 1000)
    group_name = (config.get("LoggingConfig") or {}).get("LogGroup")
    group = logs._log_groups.get(group_name or f"/aws/lambda/{config['FunctionName']}")
    if group is None or not line:
        return
    stream = group["streams"].setdefault(
        name,
        {
            "events": [],
            "uploadSequenceToken": "1",
            "creationTime": now,
            "firstEventTimestamp": None,
            "lastEventTimestamp": None,
            "lastIngestionTime": None,
        },
    )
    logs._append_log_events(stream, [{"timestamp": now, "message": line, "ingestionTime": now}])


def _without_what_is_there(emit: Original) -> Original:
    """Adds START, END, REPORT and the trace of an invocation that failed."""

    def emit_the_rest(
        func: dict[str, Any], request_id: str, log_text: str, *more: Any, **named: Any
    ) -> None:
        stored, _in_this_thread.stored = getattr(_in_this_thread, "stored", ""), ""
        emit(func, request_id, log_text.removeprefix(stored).lstrip("\n"), *more, **named)

    return emit_the_rest


def _with_ids(append: Original) -> Original:
    def append_with_ids(stream: dict[str, Any], events: list[dict[str, Any]]) -> None:
        append(stream, [{**event, "eventId": f"{next(_ids):056d}"} for event in events])

    return append_with_ids

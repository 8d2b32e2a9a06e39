"""Which task an iteration's trace is about: said where there is a trace, and without an SDK.

Every iteration has a trace of its own: what may wait for months is no one trace. What links them is
the task's id. Two kinds of traces can be told of it:

- **X-Ray.** Lambda itself makes the segment of an invocation that is sampled. A subsegment of the
  iteration goes to X-Ray's daemon, which runs beside the function, with annotations to search by:
  `annotation.task_id = "..."`.
- **OpenTelemetry.** A layer makes a span of the invocation. It gets attributes, and a link whose
  trace id is made of the task's id.

Nothing is imported for either, and nothing that goes wrong here is worth a task.
"""

import hashlib
import json
import os
import socket
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from typing import Any, Final

from handler.clock import SystemClock
from handler.settings import Trace

Names = Mapping[str, str | int]

# A datagram to the daemon starts so (X-Ray guide, "Sending segment documents to the X-Ray daemon").
_HEADER: Final = b'{"format": "json", "version": 1}\n'
_OPENTELEMETRY: Final = "opentelemetry.trace"
_clock: Final = SystemClock()


@contextmanager
def traced_iteration(
    *, task_id: str, definition_id: str, tenant: str, iteration: int
) -> Iterator[None]:
    """Tells the trace of the running invocation, if there is one, which iteration the block is."""
    names: Names = {
        "task_id": task_id,
        "definition_id": definition_id,
        "tenant": tenant,
        "iteration": iteration,
    }
    if _OPENTELEMETRY in sys.modules:
        with suppress(Exception):  # of another's library
            _tell_opentelemetry(names, task_id)
    trace, started_at = Trace.from_environment(), _clock.now()
    try:
        yield
    finally:
        if trace.is_sampled:
            with suppress(Exception):  # a daemon out of reach, a path to it that is odd
                _tell_xray(trace, names, definition_id, started_at)


def _tell_opentelemetry(names: Names, task_id: str) -> None:
    # A layer has imported it before the handler. Where none has, there is no span.
    trace: Any = sys.modules[_OPENTELEMETRY]
    span = trace.get_current_span()
    if span is None or not span.is_recording():
        return
    span.set_attributes({_attribute(name): value for name, value in names.items()})
    digest = hashlib.sha256(task_id.encode(errors="replace")).digest()
    of_the_task = trace.SpanContext(
        trace_id=int.from_bytes(digest[:16]), span_id=int.from_bytes(digest[16:24]), is_remote=True
    )
    span.add_link(of_the_task, {"task.id": task_id})


def _attribute(name: str) -> str:
    """`task_id` as `task.id`, `definition_id` as `task.definition`, `tenant` as `task.tenant`."""
    return "task.id" if name == "task_id" else f"task.{name.removesuffix('_id')}"


def _tell_xray(trace: Trace, names: Names, name: str, started_at: datetime) -> None:
    if not trace.daemon:
        return
    subsegment = {
        "type": "subsegment",
        "name": name,
        "id": os.urandom(8).hex(),
        "trace_id": trace.root,
        "parent_id": trace.parent,
        "start_time": started_at.timestamp(),
        "end_time": _clock.now().timestamp(),
        "annotations": names,
    }
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as daemon:
        daemon.setblocking(False)
        daemon.sendto(_HEADER + json.dumps(subsegment).encode(), trace.daemon)

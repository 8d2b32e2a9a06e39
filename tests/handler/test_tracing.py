"""An iteration's trace says which task it is about, where there is a trace."""

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from handler import Context, Continue, Definition, Done, Verdict, task
from handler.tracing import traced_iteration
from tests.handler.stack import Stack

ROOT = Path(__file__).parent.parent.parent
HEADER = "Root=1-67891233-abcdef012345678912345678;Parent=463ac35c9f6413ad;Sampled=1"


@pytest.fixture
def daemon() -> Iterator[socket.socket]:
    """X-Ray's daemon, as far as it listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.setblocking(False)
        yield listening


@pytest.fixture
def in_lambda(daemon: socket.socket, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The variables of an invocation that X-Ray samples."""
    monkeypatch.setenv("_X_AMZN_TRACE_ID", HEADER)
    monkeypatch.setenv("AWS_XRAY_DAEMON_ADDRESS", f"127.0.0.1:{daemon.getsockname()[1]}")
    return monkeypatch


def sent(daemon: socket.socket) -> list[dict[str, Any]]:
    """The documents that came, each behind the daemon's header."""
    documents: list[dict[str, Any]] = []
    while True:
        try:
            header, _, document = daemon.recv(65_536).partition(b"\n")
        except BlockingIOError:
            return documents
        assert json.loads(header) == {"format": "json", "version": 1}
        documents.append(json.loads(document))


def two_steps() -> Definition:
    @task(in_place=False)
    def walking(context: Context) -> Verdict:
        return Done() if context.task.iterations > 1 else Continue()

    return walking


class TestXRay:
    def test_each_iteration_is_a_subsegment_that_is_found_by_the_tasks_id(
        self, stack: Stack, daemon: socket.socket, in_lambda: pytest.MonkeyPatch
    ) -> None:
        record = stack.trigger(two_steps(), tenant="acme")

        stack.run(record, visit="visit-1")
        stack.run(record, visit="visit-2")

        first, second = sent(daemon)
        ids = {"task_id": record.id, "definition_id": "walking", "tenant": "acme"}
        assert first["annotations"] == ids | {"iteration": 1}
        assert second["annotations"] == ids | {"iteration": 2}
        assert (first["type"], first["name"]) == ("subsegment", "walking")
        assert first["trace_id"] == "1-67891233-abcdef012345678912345678"
        assert first["parent_id"] == "463ac35c9f6413ad"
        assert first["start_time"] <= first["end_time"]
        assert len(first["id"]) == 16
        assert first["id"] != second["id"]

    @pytest.mark.parametrize(
        ("variable", "value"),
        [
            ("_X_AMZN_TRACE_ID", HEADER.replace("Sampled=1", "Sampled=0")),
            ("_X_AMZN_TRACE_ID", ""),
            ("AWS_XRAY_DAEMON_ADDRESS", ""),
        ],
    )
    def test_a_trace_that_nobody_keeps_is_told_nothing(
        self, daemon: socket.socket, in_lambda: pytest.MonkeyPatch, variable: str, value: str
    ) -> None:
        in_lambda.setenv(variable, value)

        with traced_iteration(task_id="t1", definition_id="d1", tenant="root", iteration=1):
            pass

        assert sent(daemon) == []

    @pytest.mark.parametrize("address", ["127.0.0.1:1", "127.0.0.1:99999", "0.0.0.0.0:2000"])
    def test_a_daemon_that_cannot_be_reached_costs_nothing(
        self, in_lambda: pytest.MonkeyPatch, address: str
    ) -> None:
        in_lambda.setenv("AWS_XRAY_DAEMON_ADDRESS", address)

        with traced_iteration(task_id="t1", definition_id="d1", tenant="root", iteration=1):
            went_on = True

        assert went_on

    def test_what_the_iteration_raises_comes_through(
        self, daemon: socket.socket, in_lambda: pytest.MonkeyPatch
    ) -> None:
        with (
            pytest.raises(KeyError),
            traced_iteration(task_id="t1", definition_id="d1", tenant="root", iteration=1),
        ):
            raise KeyError

        assert len(sent(daemon)) == 1


class TestOpenTelemetry:
    @pytest.fixture
    def spans(self) -> InMemorySpanExporter:
        return InMemorySpanExporter()

    @pytest.fixture
    def tracer(self, spans: InMemorySpanExporter) -> trace.Tracer:
        """What a layer makes the invocation's span with."""
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(spans))
        return provider.get_tracer("layer")

    def test_the_invocations_span_has_the_task_and_a_link_that_its_iterations_share(
        self, stack: Stack, spans: InMemorySpanExporter, tracer: trace.Tracer
    ) -> None:
        record, other = (stack.trigger(two_steps()) for _ in range(2))
        for one, visit in ((record, "visit-1"), (record, "visit-2"), (other, "visit-1")):
            with tracer.start_as_current_span("invocation"):
                stack.run(one, visit=visit)

        first, second, third = spans.get_finished_spans()
        assert first.attributes == {
            "task.id": record.id,
            "task.definition": "walking",
            "task.tenant": "root",
            "task.iteration": 1,
        }
        links = [each.links[0].context for each in (first, second, third)]
        assert links[0].trace_id == links[1].trace_id != links[2].trace_id
        assert all(link.is_valid and link.is_remote for link in links)
        traces = {each.context.trace_id for each in (first, second)}
        assert len(traces) == 2

    def test_a_library_of_another_version_costs_nothing(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "opentelemetry.trace", object())

        with traced_iteration(task_id="t1", definition_id="d1", tenant="root", iteration=1):
            went_on = True

        assert went_on


def test_nothing_of_opentelemetry_is_imported_for_it() -> None:
    program = (
        "import sys, handler.iteration\n"
        "from handler.tracing import traced_iteration as traced\n"
        "with traced(task_id='t', definition_id='d', tenant='root', iteration=1): pass\n"
        "assert not [name for name in sys.modules if name.startswith('opentelemetry')]"
    )

    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)

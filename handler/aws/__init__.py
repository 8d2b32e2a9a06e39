"""A client for each AWS service but the table. No rule about tasks."""

from handler.aws.bus import Bus
from handler.aws.clients import Clients, client, engine_client, lazy_engine_client
from handler.aws.dead_letters import DeadLetter, DeadLetters
from handler.aws.executions import (
    ABORTED,
    GONE,
    RUNNING,
    STOPPED,
    SUCCEEDED,
    TIMED_OUT,
    WOKEN,
    Execution,
    Executions,
    ExecutionsThrottled,
)
from handler.aws.metrics import CloudWatchMetrics, Metrics, NoMetrics
from handler.aws.worker_failures import WorkerFailure

__all__ = [
    "ABORTED",
    "GONE",
    "RUNNING",
    "STOPPED",
    "SUCCEEDED",
    "TIMED_OUT",
    "WOKEN",
    "Bus",
    "Clients",
    "CloudWatchMetrics",
    "DeadLetter",
    "DeadLetters",
    "Execution",
    "Executions",
    "ExecutionsThrottled",
    "Metrics",
    "NoMetrics",
    "WorkerFailure",
    "client",
    "engine_client",
    "lazy_engine_client",
]

"""How long a worker takes to start, in turn with what it is measured against."""

import os
import statistics
import subprocess
import sys
import time

from tests.measure.promise import Promise

ROUNDS = 9
BARE = "import boto3; boto3.client('dynamodb')"
WORKER = "import handler.worker"
ENVIRONMENT = {
    "TABLE_NAME": "tasks",
    "EVENT_BUS_NAME": "bus",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "x",
    "AWS_SECRET_ACCESS_KEY": "x",
    "POWERTOOLS_SERVICE_NAME": "worker",
}


def promises() -> list[Promise]:
    _seconds(WORKER), _seconds(BARE)  # the caches are warm from here on
    ratios = [_seconds(WORKER) / _seconds(BARE) for _ in range(ROUNDS)]
    return [
        Promise(
            "importing the worker, against `import boto3` and a client",
            statistics.median(ratios),
            1.5,
        )
    ]


def _seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=os.environ | ENVIRONMENT, check=True)
    return time.perf_counter() - started

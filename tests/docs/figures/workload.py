"""What docs/cost.md and docs/limits.md assume: the work that is paid for, and what nobody measures
here.
"""

from typing import Final, cast

from infra.archive.wheels import Architecture
from tests.measure.footprint import DEFAULTS

MILLION: Final = 1_000_000
# How long the author's own code takes, and how long a worker waits for one request to a table:
# DynamoDB promises single-digit milliseconds (its guide, "What is Amazon DynamoDB?").
WORK_SECONDS: Final = 0.1
REQUEST_SECONDS: Final = 0.005
# What a worker has, by default.
MEMORY_GB: Final = cast("int", DEFAULTS.worker_memory_mb) / 1024
ARCHITECTURE: Final[Architecture] = DEFAULTS.lambda_architecture
# What the API's Lambda has, and takes to answer a trigger: its requests to the table and the bus.
API_GB: Final = cast("int", DEFAULTS.api_memory_mb) / 1024
API_SECONDS: Final = 4 * REQUEST_SECONDS
# START, END and REPORT, which Lambda writes for each invocation, and one line of ours. As measured
# on logs of ours and of others: some hundred bytes a line.
BYTES_OF_AN_INVOCATION: Final = 400
BYTES_OF_A_LINE: Final = 400
# What others store of a step, for a fair comparison.
BYTES_OF_A_STEP: Final = 500
GB: Final = 1024**3
HOURS_OF_A_MONTH: Final = 730
DAYS_OF_A_MONTH: Final = HOURS_OF_A_MONTH / 24
SECONDS_OF_A_MONTH: Final = HOURS_OF_A_MONTH * 3600
# A Lambda of so many megabytes has one vCPU (Lambda guide, "Configure Lambda function memory").
MB_OF_A_VCPU: Final = 1_769
SWEEP_SECONDS: Final = 0.2
BYTES_OF_A_SWEEP: Final = 4_000

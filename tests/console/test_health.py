"""What the page says of the queues, the functions and the doctor."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, cast

from botocore.exceptions import ClientError

from console.health import findings, functions, queues
from console.stack import Finding, Source
from handler.errors import ApiUnavailable

NOW = datetime(2027, 3, 10, 12, tzinfo=UTC)
LETTERS = "https://sqs.eu-central-1.amazonaws.com/123456789012/tasks-dev-undelivered"
FAILURES = "https://sqs.eu-central-1.amazonaws.com/123456789012/tasks-dev-recovery-failures"


@dataclass
class Services:
    """A stack whose services answer what the test says."""

    depths: dict[str, dict[str, str]] = field(default_factory=dict)
    metrics: object = ()
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    console: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def outputs(self) -> dict[str, Any]:
        return {
            "deadLetterQueueUrl": LETTERS,
            "workerFunctionName": "tasks-dev-worker",
            "apiFunctionName": "tasks-dev-api",
            "recoveryFunctionName": "tasks-dev-recovery",
            "console": self.console,
        }

    def aws(self, service: str) -> object:
        self.asked.append(service)
        return {
            "sqs": SimpleNamespace(
                get_queue_url=lambda QueueName: {"QueueUrl": FAILURES},  # noqa: N803
                get_queue_attributes=lambda QueueUrl, AttributeNames: {  # noqa: N803
                    "Attributes": self.depths.get(QueueUrl, {})
                },
            ),
            "cloudwatch": SimpleNamespace(get_metric_statistics=self._statistics),
            "lambda": SimpleNamespace(
                get_function_configuration=lambda FunctionName: {  # noqa: N803
                    **self.configs.get(FunctionName, {})
                }
            ),
        }[service]

    def _statistics(self, **_: object) -> object:
        if isinstance(self.metrics, Exception):
            raise self.metrics
        return {"Datapoints": self.metrics}


def source(services: Services) -> Source:
    return cast("Source", services)


class TestQueues:
    def test_messages_that_somebody_holds_and_that_are_delayed_count(self) -> None:
        depth = {
            "ApproximateNumberOfMessages": "2",
            "ApproximateNumberOfMessagesNotVisible": "3",
            "ApproximateNumberOfMessagesDelayed": "1",
        }
        letters, failures = queues(source(Services(depths={LETTERS: depth})), NOW)
        assert (letters["name"], letters["count"]) == ("deadLetters", 6)
        assert (failures["name"], failures["count"]) == ("recoveryFailures", 0)

    def test_the_age_of_the_oldest_is_the_last_that_cloudwatch_knows(self) -> None:
        services = Services(
            depths={LETTERS: {"ApproximateNumberOfMessages": "1"}},
            metrics=[
                {"Timestamp": NOW - timedelta(minutes=2), "Maximum": 120.0},
                {"Timestamp": NOW - timedelta(minutes=1), "Maximum": 180.0},
            ],
        )
        assert queues(source(services), NOW)[0]["oldestSeconds"] == 180.0

    def test_an_empty_queue_asks_for_no_age(self) -> None:
        services = Services()
        assert queues(source(services), NOW)[0]["oldestSeconds"] is None
        assert "cloudwatch" not in services.asked

    def test_who_may_not_ask_cloudwatch_still_gets_the_count(self) -> None:
        denied = ClientError({"Error": {"Code": "AccessDenied"}}, "GetMetricStatistics")
        services = Services(depths={LETTERS: {"ApproximateNumberOfMessages": "1"}}, metrics=denied)
        assert queues(source(services), NOW)[0] == {
            "name": "deadLetters",
            "url": LETTERS,
            "count": 1,
            "oldestSeconds": None,
        }


class TestFunctions:
    def test_each_says_its_version_and_its_size(self) -> None:
        config = {
            "Environment": {"Variables": {"CODE_VERSION": "abc123", "OTHER": "secret"}},
            "LastModified": "2027-03-01T08:00:00.123+0000",
            "MemorySize": 1024,
            "Timeout": 900,
            "Runtime": "python3.13",
            "Architectures": ["arm64"],
            "State": "Active",
        }
        worker, api, recovery = functions(source(Services(configs={"tasks-dev-worker": config})))
        assert worker == {
            "role": "worker",
            "name": "tasks-dev-worker",
            "codeVersion": "abc123",
            "modifiedOn": "2027-03-01T08:00:00.123000+00:00",
            "memoryMb": 1024,
            "timeoutSeconds": 900,
            "runtime": "python3.13",
            "architecture": "arm64",
            "state": "Active",
        }
        assert (api["role"], api["codeVersion"]) == ("API", None)
        assert recovery["role"] == "recovery"

    def test_no_other_variable_of_the_environment_is_told(self) -> None:
        config = {"Environment": {"Variables": {"TOKEN": "secret"}}}
        found = functions(source(Services(configs={"tasks-dev-worker": config})))
        assert "secret" not in json.dumps(found)

    def test_further_workers_are_found_by_the_links_to_their_logs(self) -> None:
        services = Services(console={"workerLog": "https://a", "bigWorkerLog": "https://b"})
        names = {each["name"]: each["role"] for each in functions(source(services))}
        assert names["tasks-dev-worker-big"] == "worker big"
        assert len(names) == 4


@dataclass(frozen=True)
class Found:
    check: str
    state: str = "ok"
    value: str = "as it should be"
    expected: str = ""
    next: str = ""


class TestFindings:
    def test_each_is_a_line_and_the_last_line_says_that_it_is_whole(self) -> None:
        lines = list(findings(lambda: cast("Iterable[Finding]", [Found("region"), Found("API")])))
        assert all(line.endswith("\n") for line in lines)
        said = [json.loads(line) for line in lines]
        assert [each["finding"]["check"] for each in said[:-1]] == ["region", "API"]
        assert said[-1] == {"isDone": True}

    def test_they_come_as_they_are_found(self) -> None:
        looked: list[str] = []

        def look() -> Iterator[Finding]:
            for name in ("one", "two"):
                looked.append(name)
                yield cast("Finding", Found(name))

        next(findings(look))
        assert looked == ["one"]

    def test_a_failure_in_the_middle_is_the_last_line(self) -> None:
        def look() -> Iterator[Finding]:
            yield cast("Finding", Found("region"))
            raise ApiUnavailable("Nobody answers.")

        first, last = [json.loads(line) for line in findings(look)]
        assert first["finding"]["check"] == "region"
        assert last["error"]["message"] == "Nobody answers."

    def test_a_stack_that_is_not_found_is_a_line_too(self) -> None:
        def look() -> Iterable[Finding]:
            raise RuntimeError("No stack.")

        [only] = [json.loads(line) for line in findings(look)]
        assert "No stack." in only["error"]["message"]

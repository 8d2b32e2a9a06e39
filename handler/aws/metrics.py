"""Metrics for CloudWatch: how tasks end, and how workers die."""

import logging
from typing import Protocol

log = logging.getLogger(__name__)


class Metrics(Protocol):
    """Counts one occurrence of something."""

    def count(self, metric: str, **dimensions: str) -> None:
        """Adds one to `metric` (`TasksFailed`) under `dimensions` (`definition="importCsv"`)."""
        ...


class NoMetrics:
    """Counts nothing: for tests, and outside of Lambda."""

    def count(self, metric: str, **dimensions: str) -> None:  # noqa: ARG002  the protocol's shape
        return


class CloudWatchMetrics:
    """Writes metrics as log lines in CloudWatch's embedded format: no request, nothing to wait for.

    The namespace comes from `POWERTOOLS_METRICS_NAMESPACE`, the dimension `service` from
    `POWERTOOLS_SERVICE_NAME`.
    """

    def count(self, metric: str, **dimensions: str) -> None:
        # An iteration that continues does not pay for the import.
        from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415

        try:
            with single_metric(name=metric, unit=MetricUnit.Count, value=1) as written:
                for name, value in dimensions.items():
                    written.add_dimension(name=name, value=value)
        except Exception:  # what is counted is stored already: its answer must not be lost
            log.exception(
                "A metric could not be written.",
                extra={"action": "metric_failed", "metric": metric},
            )

"""Counts what happens, for CloudWatch: how tasks end, and how workers die."""

import logging
from typing import Protocol

log = logging.getLogger(__name__)


class Meter(Protocol):
    """Counts one occurrence of something."""

    def count(self, metric: str, **dimensions: str) -> None:
        """Adds one to `metric` (`TasksFailed`), under each combination of `dimensions`
        (`definition="importCsv"`).
        """
        ...


class SilentMeter:
    """Counts nothing: for tests, and outside of Lambda."""

    def count(self, metric: str, **dimensions: str) -> None:  # noqa: ARG002  a meter's own shape
        return


class CloudWatchMeter:
    """Writes metrics as log lines in CloudWatch's embedded format: no request, nothing to wait for.

    The namespace comes from `POWERTOOLS_METRICS_NAMESPACE`, the dimension `service` from
    `POWERTOOLS_SERVICE_NAME`.
    """

    def count(self, metric: str, **dimensions: str) -> None:
        # Only when a task ends or a worker died: an iteration that continues doesn't pay for the
        # import.
        from aws_lambda_powertools.metrics import MetricUnit, single_metric  # noqa: PLC0415

        try:
            with single_metric(name=metric, unit=MetricUnit.Count, value=1) as written:
                for name, value in dimensions.items():
                    written.add_dimension(name=name, value=value)
        except (
            Exception
        ):  # what is counted has happened, and is stored: its answer must not be lost
            log.exception(
                "A metric could not be written.",
                extra={"action": "metric_failed", "metric": metric},
            )

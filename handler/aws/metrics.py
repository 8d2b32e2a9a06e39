"""Metrics for CloudWatch: of a stack, and of each of its definitions."""

import logging
from collections.abc import Mapping
from typing import Final, Protocol

log = logging.getLogger(__name__)

_DEFINITION: Final = "Definition"
_SERVICE: Final = "service"
_SECONDS: Final = "Seconds"

Values = Mapping[str, float]
"""Metrics by their names. One whose name ends in `Seconds` is in seconds, any other is a count."""


class Metrics(Protocol):
    """What becomes of metrics."""

    def count(self, values: Values, *, definition: str | None = None) -> None:
        """Adds to metrics of the stack, and to the same ones of a definition."""
        ...

    def measure(self, values: Values, *, definition: str | None = None) -> None:
        """Says how something stands now: for the stack, or else for a definition alone."""
        ...


class NoMetrics:
    """Counts nothing: for tests, and outside of Lambda."""

    def count(self, values: Values, *, definition: str | None = None) -> None:  # noqa: ARG002
        return

    measure = count


class CloudWatchMetrics:
    """Writes metrics as log lines in CloudWatch's embedded format: no request, nothing to wait for.

    The namespace comes from `POWERTOOLS_METRICS_NAMESPACE`. There are two dimensions: `service`,
    which is the stack, and `Definition`.

    Args:
        stack: the stack's name, the same for all its Lambdas; where it is empty, the dimension is
            `POWERTOOLS_SERVICE_NAME`, the name of one.
    """

    def __init__(self, stack: str = "") -> None:
        self._stack = stack

    def count(self, values: Values, *, definition: str | None = None) -> None:
        self._write(values, definition, for_all=True)

    def measure(self, values: Values, *, definition: str | None = None) -> None:
        self._write(values, definition, for_all=False)

    def _write(self, values: Values, definition: str | None, *, for_all: bool) -> None:
        try:
            self._print(values, definition, for_all=for_all)
        except Exception:  # what is counted is stored already: its answer must not be lost
            details = {"action": "metric_failed", "metrics": list(values)}
            log.exception("A metric could not be written.", extra=details)

    def _print(self, values: Values, definition: str | None, *, for_all: bool) -> None:
        # An iteration that continues does not pay for the import.
        from aws_lambda_powertools.metrics.provider.cloudwatch_emf.cloudwatch import (  # noqa: PLC0415
            AmazonCloudWatchEMFProvider,
        )

        provider = AmazonCloudWatchEMFProvider(service=self._stack or None)
        for name, value in values.items():
            unit = "Seconds" if name.endswith(_SECONDS) else "Count"
            provider.add_metric(name=name, unit=unit, value=value)
        if definition:
            provider.add_dimension(_DEFINITION, definition)  # beside the service
            if for_all and provider.service:
                provider.add_dimensions(**{_SERVICE: provider.service})
        provider.flush_metrics()

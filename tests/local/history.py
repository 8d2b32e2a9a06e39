"""An execution's history, written by a test."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

START = datetime(2026, 1, 1, tzinfo=UTC)


class History:
    """Step Functions with one execution, whose history a test writes."""

    def __init__(self, page_size: int = 100) -> None:
        self.status = "RUNNING"
        self.pages_read = 0
        self._events: list[dict[str, object]] = []
        self._page_size = page_size

    def enter(self, state: str, entered_with: object, seconds: float) -> None:
        details = {"name": state, "input": json.dumps(entered_with)}
        self.add("TaskStateEntered", seconds, stateEnteredEventDetails=details)
        self.add("TaskStateExited", seconds)

    def add(self, kind: str, seconds: float, **details: object) -> None:
        at = START + timedelta(seconds=seconds)
        self._events.append({"id": len(self._events) + 1, "type": kind, "timestamp": at, **details})

    def list_executions(self, **request: Any) -> Any:
        raise NotImplementedError

    def describe_execution(self, **request: Any) -> Any:
        return {"status": self.status}

    def get_execution_history(self, **request: Any) -> Any:
        assert request["reverseOrder"]
        self.pages_read += 1
        first = int(request.get("nextToken", 0))
        newest_first = self._events[::-1]
        page: dict[str, Any] = {"events": newest_first[first : first + self._page_size]}
        if first + self._page_size < len(newest_first):
            page["nextToken"] = str(first + self._page_size)
        return page

"""Answers, or fails, as the event's `how` says."""

import os
import signal
import time
from typing import Any


class StoreUnavailable(Exception):
    """As the worker's own: what a `Retry` is to tell from other failures."""


def handler(event: Any, context: Any) -> dict[str, object]:
    match event.get("how") if isinstance(event, dict) else None:
        case "raise":
            raise StoreUnavailable("The table does not answer.")
        case "exit":
            os._exit(3)
        case "exit quietly":
            os._exit(0)
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "sleep":
            time.sleep(60)
        case "doze":
            time.sleep(0.5)
        case "big":
            return {"text": "x" * (256 * 1024)}
    return {"statusCode": 200, "body": os.environ["TABLE_NAME"], "policy": os.environ["POLICY"]}

"""Answers or fails, as `how` in the event says."""

import os
import signal
import time
from typing import Any


class StoreUnavailable(Exception):
    """An exception that a `Retry` can name."""


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

"""PutEvents refuses malformed entries, and requests that are too large.

AWS refuses an entry without a source, a detail type or a detail, and a detail that is not a JSON
object (EventBridge API reference, "PutEventsRequestEntry"). The other entries of the request are
taken. It refuses the whole request if its entries have more than 1 MB together (EventBridge guide,
"Calculating PutEvents event entry size"; 256 KB until January 2026). ministack takes all.
"""

import json
from typing import Any

from local.aws.patch import Original, module, replace

MAX_REQUEST_BYTES = 1024 * 1024
_TIME_BYTES = 14  # "If specified, the Time parameter is 14 bytes."
_REQUIRED = ("Source", "DetailType", "Detail")
_MALFORMED = {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}

Entry = dict[str, Any]


def apply() -> None:
    """Refuses malformed entries before ministack takes the rest."""
    replace(module("services.eventbridge"), "_put_events", _refusing)


def _refusing(put_events: Original) -> Original:
    def put(data: dict[str, Any], allow_aws_source: bool = False) -> Any:
        if sum(map(size_of, data.get("Entries", []))) > MAX_REQUEST_BYTES:
            return module("core.responses").error_response_json(
                "ValidationException",
                "Total size of the entries in the request is over the limit.",
                400,
            )
        refusals = [refusal_of(entry) for entry in data.get("Entries", [])]
        if not any(refusals):
            return put_events(data, allow_aws_source)
        taken = [
            entry for entry, refusal in zip(data["Entries"], refusals, strict=True) if not refusal
        ]
        status, headers, body = put_events({**data, "Entries": taken}, allow_aws_source)
        return status, headers, json.dumps(_merged(refusals, json.loads(body))).encode()

    return put


def size_of(entry: Entry) -> int:
    """The bytes of an entry, as PutEvents counts them."""
    texts = [*(entry.get(name) or "" for name in _REQUIRED), *(entry.get("Resources") or [])]
    return sum(len(str(text).encode()) for text in texts) + _TIME_BYTES * ("Time" in entry)


def refusal_of(entry: Entry) -> Entry | None:
    """The result for an entry that PutEvents refuses; None for a valid one."""
    for name in _REQUIRED:
        if not entry.get(name):
            message = f"Parameter {name} is not valid. Reason: {name} is a required argument."
            return {"ErrorCode": "InvalidArgument", "ErrorMessage": message}
    return None if _is_object(entry["Detail"]) else _MALFORMED


def _is_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False


def _merged(refusals: list[Entry | None], response: Entry) -> Entry:
    """The response to the valid entries, with the refusals added in the order of the entries."""
    results = iter(response["Entries"])
    entries = [refusal or next(results) for refusal in refusals]
    return {
        "FailedEntryCount": response["FailedEntryCount"] + sum(map(bool, refusals)),
        "Entries": entries,
    }

"""A limit on the local AWS: what queues has no execution, and no more run at a time than may."""

from typing import Any

from tests.running import Running

TASKS = 7


def items(aws: Running, ids: list[str]) -> list[dict[str, Any]]:
    """The records, as they stand in the table."""
    table = aws.client("dynamodb")
    keys = [{"pk": {"S": f"TASK#{id}"}, "sk": {"S": "TASK"}} for id in ids]
    found = [table.get_item(TableName=aws.table, Key=key, ConsistentRead=True) for key in keys]
    return [each["Item"] for each in found]


def are_over(aws: Running, ids: list[str]) -> bool:
    return all("finishedOn" in item for item in items(aws, ids))


def overlapping(records: list[dict[str, Any]]) -> int:
    """How many ran at a time, at most, from their first claims to their ends."""
    spans = [(item["startedOn"]["S"], item["finishedOn"]["S"]) for item in records]
    return max(sum(bool(start <= begin < end) for start, end in spans) for begin, _ in spans)


def test_two_run_at_a_time_and_the_others_have_no_execution(aws: Running) -> None:
    ids = [aws.trigger("shareSlots", {"group": "a"}) for _ in range(TASKS)]
    other = aws.trigger("shareSlots", {"group": "b"})
    queued = [id for id, item in zip(ids, items(aws, ids), strict=True) if "queuedOn" in item]

    aws.until(lambda: are_over(aws, [*ids, other]))

    records = items(aws, ids)
    assert {item["taskStatus"]["S"] for item in records} == {"success"}
    assert queued
    assert overlapping(records) <= 2


def test_an_aborted_one_makes_room(aws: Running) -> None:
    ids = [aws.trigger("shareSlots", {"group": "c", "seconds": 0.5}) for _ in range(4)]

    aws.abort(ids[3])
    aws.until(lambda: are_over(aws, ids))

    statuses = [item["taskStatus"]["S"] for item in items(aws, ids)]
    assert statuses == ["success", "success", "success", "aborted"]

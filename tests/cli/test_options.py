"""The filters of the command line, as the API takes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.errors import UsageError
from cli.options import Filters, tags_of

NOW = datetime(2030, 1, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("filters", "where"),
    [
        (Filters(), {}),
        (Filters(status=("failed",)), {"taskStatus": "failed"}),
        (Filters(status=("failed", "aborted")), {"taskStatus_in": ["failed", "aborted"]}),
        (Filters(status=("open",)), {"taskStatus_in": ["pending", "running"]}),
        (
            Filters(status=("open", "running", "over")),
            {"taskStatus_in": ["pending", "running", "success", "failed", "aborted"]},
        ),
        (Filters(definition=("a",)), {"definitionId": "a"}),
        (Filters(definition=("a", "b", "a")), {"definitionId_in": ["a", "b"]}),
        (Filters(name="Report"), {"name_startsWith": "Report"}),
        (Filters(tag=("customer=42", "a=b=c")), {"tags": {"customer": "42", "a": "b=c"}}),
        (Filters(tag=("empty=",)), {"tags": {"empty": ""}}),
        (Filters(error_code="NO_ROWS"), {"errorCode": "NO_ROWS"}),
        (Filters(parent="p"), {"parentId": "p"}),
        (Filters(since="2h"), {"createdOn_gte": NOW - timedelta(hours=2)}),
        (
            Filters(since="2030-01-01", until="1h"),
            {
                "createdOn_gte": datetime(2030, 1, 1, tzinfo=UTC),
                "createdOn_lte": NOW - timedelta(hours=1),
            },
        ),
    ],
)
def test_each_flag_is_a_filter_of_the_api(filters: Filters, where: dict[str, Any]) -> None:
    assert filters.where(NOW) == where
    assert filters.is_empty is (not where)


@pytest.mark.parametrize("tag", ["", "customer", "=42"])
def test_a_tag_without_a_key_or_a_value_is_refused(tag: str) -> None:
    with pytest.raises(UsageError, match="it takes KEY=VALUE"):
        tags_of((tag,))


def test_a_tag_with_two_values_is_refused() -> None:
    assert tags_of(("a=1", "a=1")) == {"a": "1"}
    with pytest.raises(UsageError, match='two values for "a"'):
        tags_of(("a=1", "a=2"))

"""The arguments of a query: filters, sorters and pages."""

from typing import Any

import pytest

from handler.contract import Status
from tests.handler.graphql.client import LIST_TASKS, Api
from tests.handler.stack import Stack


class TestListTasks:
    @pytest.mark.parametrize(
        ("where", "ids"),
        [
            ({}, "dcba"),
            ({"id": "a"}, "a"),
            ({"id_in": ["a", "c", "nothing"]}, "ca"),
            ({"parentId": "a"}, "b"),
            ({"definitionId": "exportUsers"}, "ca"),
            ({"taskStatus": "success"}, "c"),
            ({"taskStatus_in": ["pending", "running"]}, "db"),
            ({"definitionId": "exportUsers", "taskStatus": "failed"}, "a"),
            ({"createdOn": "2030-01-01T00:00:01.000Z"}, "b"),
            ({"createdOn_gt": "2030-01-01T00:00:01.000Z"}, "dc"),
            ({"createdOn_gte": "2030-01-01T00:00:01.000Z"}, "dcb"),
            ({"createdOn_lt": "2030-01-01T00:00:01.000Z"}, "a"),
            ({"createdOn_lte": "2030-01-01T00:00:01.000Z"}, "ba"),
            (
                {"createdOn_gt": "2030-01-01T00:00:00Z", "createdOn_lt": "2030-01-01T00:00:03Z"},
                "cb",
            ),
            ({"createdOn_gte": "2030-01-01T01:00:02+01:00"}, "dc"),
            ({"createdOn_gte": "2030-01-01T00:00:02"}, "dc"),
        ],
    )
    def test_each_filter_keeps_the_matching_tasks(
        self, stack: Stack, api: Api, where: dict[str, Any], ids: str
    ) -> None:
        for id, definition, status, parent in (
            ("a", "exportUsers", Status.FAILED, None),
            ("b", "testingRun", Status.RUNNING, "a"),
            ("c", "exportUsers", Status.SUCCESS, None),
            ("d", "testingRun", Status.PENDING, None),
        ):
            stack.create(id=id, definition_id=definition, status=status, parent_id=parent)
            stack.clock.advance(1)

        envelope = api.envelope(LIST_TASKS, where=where)

        assert "".join(found["id"] for found in envelope["data"]) == ids
        assert envelope["meta"]["totalCount"] == len(ids)

    @pytest.mark.parametrize(
        ("variables", "message"),
        [
            ({"after": "nonsense"}, "is not valid"),
            (
                {"where": {"taskStatus": "asleep"}},
                'taskStatus is "asleep"; it takes one of pending, running',
            ),
            ({"sort": ["createdOn_ASC", "createdOn_DESC"]}, "sort has 2 fields; it takes one"),
        ],
    )
    def test_a_refused_argument_says_what_is_allowed(
        self, api: Api, variables: dict[str, Any], message: str
    ) -> None:
        envelope = api.envelope(LIST_TASKS, **variables)

        assert message in envelope["error"]["message"]
        assert envelope["data"] is envelope["meta"] is None

    def test_null_filters_and_limits_are_ignored(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1")

        envelope = api.envelope(LIST_TASKS, limit=None, where={"taskStatus": None, "id": None})

        assert [found["id"] for found in envelope["data"]] == ["t1"]
        assert envelope["error"] is None

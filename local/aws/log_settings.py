"""Saved queries of CloudWatch Logs, and another key for a log group: ministack has neither.

CloudWatch Logs API reference: PutQueryDefinition, DescribeQueryDefinitions, DeleteQueryDefinition,
AssociateKmsKey and DisassociateKmsKey.
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

from local.aws.patch import Original, module, replace

Request = dict[str, Any]


def apply() -> None:
    """Answers the operations that ministack lacks, and hands it the others."""
    queries = module("core.responses").AccountRegionScopedDict()
    operations: dict[str, Callable[[Request], Any]] = {
        "PutQueryDefinition": lambda request: _put_query(queries, request),
        "DescribeQueryDefinitions": lambda request: _describe_queries(queries, request),
        "DeleteQueryDefinition": lambda request: _delete_query(queries, request),
        "AssociateKmsKey": lambda request: _set_key(request, request.get("kmsKeyId")),
        "DisassociateKmsKey": lambda request: _set_key(request, None),
    }
    replace(
        module("services.cloudwatch_logs"),
        "handle_request",
        lambda handle: _with(handle, operations),
    )


def _with(handle: Original, operations: dict[str, Callable[[Request], Any]]) -> Original:
    async def answer(
        method: str, path: str, headers: dict[str, str], body: bytes, query: object
    ) -> Any:
        operation = operations.get(headers.get("x-amz-target", "").rsplit(".", 1)[-1])
        if operation:
            return operation(json.loads(body))
        response: Awaitable[Any] = handle(method, path, headers, body, query)
        return await response

    return answer


def _put_query(queries: Any, request: Request) -> Any:
    id = request.get("queryDefinitionId") or module("core.responses").new_uuid()
    if "queryDefinitionId" in request and id not in queries:
        return _not_found("query definition", id)
    kept = ("name", "queryString", "logGroupNames", "queryLanguage")
    queries[id] = {
        **{key: request[key] for key in kept if key in request},
        "queryDefinitionId": id,
        "lastModified": 0,  # nothing reads when
    }
    return _answer({"queryDefinitionId": id})


def _describe_queries(queries: Any, request: Request) -> Any:
    prefix = request.get("queryDefinitionNamePrefix", "")
    found = [query for query in queries.values() if query["name"].startswith(prefix)]
    return _answer({"queryDefinitions": sorted(found, key=lambda query: str(query["name"]))})


def _delete_query(queries: Any, request: Request) -> Any:
    id = request["queryDefinitionId"]
    if id not in queries:
        return _not_found("query definition", id)
    del queries[id]
    return _answer({"success": True})


def _set_key(request: Request, key: str | None) -> Any:
    name = request["logGroupName"]
    group = module("services.cloudwatch_logs")._log_groups.get(name)
    if group is None:
        return _not_found("log group", name)
    group["kmsKeyId"] = key
    return _answer({})


def _answer(response: dict[str, Any]) -> Any:
    return module("core.responses").json_response(response)


def _not_found(what: str, name: str) -> Any:
    return module("core.responses").error_response_json(
        "ResourceNotFoundException", f"The specified {what} does not exist: {name}", 400
    )

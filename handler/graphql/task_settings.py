"""The resolvers of the settings that change while the stack runs: the caller's tenant's."""

from collections.abc import Mapping
from typing import Any, Final

from handler.contract import ErrorCode
from handler.errors import InvalidInput
from handler.graphql.request import Request
from handler.graphql.types import enveloped, tasks_mutation, tasks_query
from handler.record import Json, TaskSettings

_NULL: Final[Any] = "null"


@tasks_query.field("getSettings")
@enveloped
def _get_settings(request: Request) -> Json:
    return {"data": _shown(request.tasks.settings(tenant=request.tenant))}


@tasks_mutation.field("updateSettings")
@enveloped
def _update_settings(request: Request, *, input: Mapping[str, Any]) -> Json:
    days = input.get("retentionDays")
    if "retentionDays" in input and days is None:
        days = _NULL  # what is left out is not changed; as in Webiny, `null` is no number of days
    try:
        changed = request.tasks.update_settings(
            retention_days=days, tenant=request.tenant, by=request.identity
        )
    except InvalidInput as error:
        if error.code != ErrorCode.INVALID_SETTINGS:
            raise
        # Webiny's own words, for clients that compare them.
        raise InvalidInput("Validation failed.", code=error.code, data=error.data) from error
    return {"data": _shown(changed)}


def _shown(settings: TaskSettings) -> Json:
    return settings.model_dump(by_alias=True)

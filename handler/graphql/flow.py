"""The resolvers of limits at run time: how many tasks of a key run, and who queues."""

from handler.contract import ErrorCode
from handler.errors import InvalidInput, Refused
from handler.graphql.arguments import page_size
from handler.graphql.request import Request
from handler.graphql.types import (
    enveloped,
    shown_bulk,
    shown_meta,
    shown_task,
    tasks_mutation,
    tasks_query,
)
from handler.lifecycle import MAX_LIMITS, begin_draining, count_queue, limits_of, tenant_of_limit
from handler.record import Json, LimitState


@tasks_query.field("getLimits")
@enveloped
def _get_limits(
    request: Request,
    *,
    definition: str,
    key: object = None,
    limit: int | None = None,
    after: str | None = None,
) -> Json:
    page = limits_of(
        request.tasks,
        definition,
        key=key,
        tenant=None if request.is_for_every_tenant else request.tenant,
        limit=page_size(limit, most=MAX_LIMITS),
        after=after,
    )
    meta = {"cursor": page.cursor, "hasMoreItems": page.cursor is not None}
    return {"data": [_shown(each) for each in page.items], "meta": meta}


@tasks_mutation.field("setLimit")
@enveloped
def _set_limit(
    request: Request,
    *,
    definition: str,
    limit: int,
    key: object = None,
    everyTenant: bool | None = None,  # noqa: N803  the schema's word
) -> Json:
    _check_may_change(request, definition, key, everyTenant)
    state = request.tasks.set_limit(definition, limit, key=key, by=request.identity)
    return {"data": _shown(state)}


@tasks_mutation.field("resetLimit")
@enveloped
def _reset_limit(
    request: Request,
    *,
    definition: str,
    key: object = None,
    everyTenant: bool | None = None,  # noqa: N803  the schema's word
) -> Json:
    _check_may_change(request, definition, key, everyTenant)
    return {"data": _shown(request.tasks.reset_limit(definition, key=key, by=request.identity))}


@tasks_query.field("listQueue")
@enveloped
def _list_queue(
    request: Request,
    *,
    definition: str,
    key: object = None,
    everyTenant: bool | None = None,  # noqa: N803  the schema's word
    limit: int | None = None,
    after: str | None = None,
) -> Json:
    tenant = request.whose(every_tenant=everyTenant)
    page = request.tasks.queue(
        definition,
        key=key,
        tenant=tenant,
        limit=page_size(limit),
        after=after,
    )
    meta = shown_meta(
        page.items,
        page.cursor,
        lambda: count_queue(
            request.tasks, definition, key=key, tenant=tenant, budget=request.budget.counts
        ),
        after=after,
    )
    return {"data": [shown_task(record) for record in page.items], "meta": meta}


@tasks_mutation.field("drainQueue")
@enveloped
def _drain_queue(
    request: Request,
    *,
    definition: str,
    key: object = None,
    everyTenant: bool | None = None,  # noqa: N803  the schema's word
    message: str | None = None,
    dryRun: bool | None = None,  # noqa: N803  the schema's word
    rate: float | None = None,
    idempotencyKey: str | None = None,  # noqa: N803  GraphQL's own word
) -> Json:
    begun = begin_draining(
        request.tasks,
        definition,
        key=key,
        tenant=request.whose(every_tenant=everyTenant),
        own_tenant=request.tenant,
        message=message,
        dry_run=bool(dryRun),
        rate=rate,
        idempotency_key=idempotencyKey,
        by=request.identity,
        budget=request.budget.counts,
    )
    return {"data": shown_bulk(begun)}


def _check_may_change(
    request: Request, definition: str, key: object, every_tenant: bool | None
) -> None:
    """Refuses to change a limit for others than those whose tasks are meant."""
    tenant, own = request.whose(every_tenant=every_tenant), request.tenant
    if tenant is None or tenant_of_limit(request.tasks, definition, key) == own:
        return
    if not request.is_for_every_tenant:
        raise Refused(
            "Not authorized! The limit is for others, too, and yours are the tasks of tenant"
            f' "{own}". Next: have "*" in the config key "apiTenants", or in the tenants of your'
            " principal (apiPermissions).",
            code=ErrorCode.SECURITY_NOT_AUTHORIZED,
        )
    raise InvalidInput(
        f'The limit is for tasks of others than tenant "{own}". Next: say everyTenant: true.',
        data={"definitionId": definition},
    )


def _shown(state: LimitState) -> Json:
    return state.model_dump(mode="json", by_alias=True)

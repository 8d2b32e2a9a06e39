"""The resolvers of what pauses many tasks at once: a definition, or all."""

from handler.graphql.request import Request
from handler.graphql.types import enveloped, shown_task, tasks_mutation, tasks_query
from handler.lifecycle import resume_with_others
from handler.record import Json, Pause


@tasks_query.field("listPauses")
@enveloped
def _list_pauses(request: Request) -> Json:
    pauses = request.tasks.pauses()
    return {"data": [_shown(each) for each in pauses if each.tenant in (None, request.tenant)]}


@tasks_mutation.field("pauseDefinition")
@enveloped
def _pause_definition(
    request: Request,
    *,
    id: str,
    everyTenant: bool | None = None,  # noqa: N803  the schema's word
) -> Json:
    tenant = request.whose(every_tenant=everyTenant)
    return {"data": _shown(request.tasks.pause_definition(id, tenant=tenant, by=request.identity))}


@tasks_mutation.field("resumeDefinition")
@enveloped
def _resume_definition(
    request: Request,
    *,
    id: str,
    everyTenant: bool | None = None,  # noqa: N803  the schema's word
    rate: float | None = None,
) -> Json:
    return _resumed(request, id, everyTenant, rate)


@tasks_mutation.field("pauseAll")
@enveloped
def _pause_all(
    request: Request,
    *,
    everyTenant: bool | None = None,  # noqa: N803  the schema's word
) -> Json:
    tenant = request.whose(every_tenant=everyTenant)
    return {"data": _shown(request.tasks.pause_all(tenant=tenant, by=request.identity))}


@tasks_mutation.field("resumeAll")
@enveloped
def _resume_all(
    request: Request,
    *,
    everyTenant: bool | None = None,  # noqa: N803  the schema's word
    rate: float | None = None,
) -> Json:
    return _resumed(request, None, everyTenant, rate)


def _resumed(
    request: Request, definition_id: str | None, every_tenant: bool | None, rate: float | None
) -> Json:
    record = resume_with_others(
        request.tasks,
        definition_id,
        tenant=request.whose(every_tenant=every_tenant),
        rate=rate,
        by=request.identity,
        own_tenant=request.tenant,
    )
    return {"data": shown_task(record)}


def _shown(pause: Pause) -> Json:
    fields = pause.model_dump(mode="json", by_alias=True)
    return fields | {"everyTenant": pause.tenant is None}

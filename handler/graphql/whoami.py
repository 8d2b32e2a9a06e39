"""The resolver of who asks, and what they may do: for a page that shows what can be done."""

from handler.contract import Permission
from handler.graphql.permissions import Reach
from handler.graphql.request import Request
from handler.graphql.types import enveloped, tasks_query
from handler.record import Json


@tasks_query.field("getCaller")
@enveloped
def _get_caller(request: Request) -> Json:
    reaches = {letter: request.reach_of(letter) for letter in Permission}
    who = request.identity.model_dump(by_alias=True, include={"id", "display_name", "type"})
    return {
        "data": {
            **who,
            "tenant": request.tenant,
            "permissions": [letter.value for letter, reach in reaches.items() if reach],
            "ownPermissions": [
                letter.value for letter, reach in reaches.items() if reach is Reach.OWN
            ],
            "isForEveryTenant": request.may_do_anything,
        }
    }

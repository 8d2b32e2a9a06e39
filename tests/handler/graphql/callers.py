"""Callers of the API, who may do different things."""

import json
from dataclasses import replace
from typing import Any

from tests.handler.graphql.client import Api
from tests.handler.stack import Stack, event_file

ACCOUNT = "arn:aws:sts::123456789012:assumed-role"
# What the config of a stack says of the roles of its callers.
ROLES = {
    "Reader": "r",
    "Writer": "w",
    "Deleter": "d",
    "Own": "own",
    "Owner": "r own",
    "Admin": "rwd",
}


def principals(**more: object) -> list[dict[str, object]]:
    """The rules of `ROLES`: a session of any name has what its role has."""
    return [
        {"principal": f"arn:aws:sts::*:assumed-role/{role}/*", "permissions": said, **more}
        for role, said in ROLES.items()
    ]


def with_access(stack: Stack, **said: object) -> None:
    """Has the stack's config say who may do what."""
    stack.settings = replace(stack.settings, api_access=json.dumps(said))


class Caller:
    """Somebody who asks the API, as a session of a role, or with the claims of a token."""

    def __init__(
        self,
        api: Api,
        role: str = "",
        name: str = "ann",
        *,
        claims: dict[str, object] | None = None,
        tenant: str | None = None,
    ) -> None:
        self._api = api
        self.arn = f"{ACCOUNT}/{role}/{name}"
        self._claims = claims
        self._tenant = tenant

    def response(self, query: str, **variables: object) -> Any:
        """The whole response to a document."""
        event = event_file("http_api_iam")
        authorizer = event["requestContext"]["authorizer"]
        if self._claims is None:
            authorizer["iam"]["userArn"] = self.arn
        else:
            event["requestContext"]["authorizer"] = {"jwt": {"claims": self._claims}}
        if self._tenant is not None:
            event["headers"]["X-Tenant"] = self._tenant
        event["body"] = json.dumps({"query": query, "variables": variables})
        return self._api.call(event)

    def answer(self, query: str, **variables: object) -> Any:
        """What GraphQL answers."""
        response = self.response(query, **variables)
        assert response["statusCode"] == 200, response
        return json.loads(response["body"])

    def envelope(self, query: str, **variables: object) -> Any:
        """What an operation answers: its data and its error."""
        answer = self.answer(query, **variables)
        assert "errors" not in answer, answer
        [envelope] = answer["data"]["backgroundTasks"].values()
        return envelope

    def data(self, query: str, **variables: object) -> Any:
        """The data of an operation that has no error."""
        envelope = self.envelope(query, **variables)
        assert envelope["error"] is None, envelope
        return envelope["data"]

    def code(self, query: str, **variables: object) -> Any:
        """The code of an operation's error."""
        error = self.envelope(query, **variables)["error"]
        return error and error["code"]

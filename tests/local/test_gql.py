"""gql, a client that is not ours, against the whole system: its own checks, and batches."""

from typing import Any

import pytest
import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from gql import Client, GraphQLRequest, gql
from gql.transport.requests import RequestsHTTPTransport
from requests.auth import AuthBase

from local.access import Access
from tests.running import Running

TRIGGER = """
    mutation Trigger($definition: String!) {
        backgroundTasks {
            triggerTask(definition: $definition) { data { id } error { code } }
        }
    }
"""
GET = """
    query Get($id: ID!) {
        backgroundTasks { getTask(id: $id) { data { id taskStatus } error { code } } }
    }
"""


class Signed(AuthBase):
    """Signs a request as an HTTP API takes it."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        credentials: Any = self._access.session.get_credentials()
        signed = AWSRequest(method=request.method, url=request.url, data=request.body)
        signed.headers["Content-Type"] = str(request.headers["Content-Type"])
        frozen = credentials.get_frozen_credentials()
        SigV4Auth(frozen, "execute-api", self._access.region).add_auth(signed)
        for name, value in signed.headers.items():
            request.headers[name] = str(value)
        return request


@pytest.fixture
def client(aws: Running) -> Client:
    """A client that knows the schema, as the API tells it, and checks its documents against it."""
    transport = RequestsHTTPTransport(aws.deployed.api_url, auth=Signed(aws.deployed.access))
    return Client(transport=transport, fetch_schema_from_transport=True)


def test_a_task_is_triggered_and_runs(aws: Running, client: Client) -> None:
    # It checks documents as GraphQL says: a text is no name of an enum to it.
    document = gql(TRIGGER.replace("String!", "WebinyBackgroundTaskDefinitionEnum!"))

    answer = client.execute(GraphQLRequest(document, variable_values={"definition": "testingRun"}))

    assert aws.run(answer["backgroundTasks"]["triggerTask"]["data"]["id"]).status == "SUCCEEDED"


def test_a_batch_is_answered_in_its_order(aws: Running) -> None:
    transport = RequestsHTTPTransport(aws.deployed.api_url, auth=Signed(aws.deployed.access))
    client = Client(transport=transport)
    one = GraphQLRequest(gql(TRIGGER), variable_values={"definition": "testingRun"})

    made = client.execute_batch([one, one])
    ids = [each["backgroundTasks"]["triggerTask"]["data"]["id"] for each in made]
    found = client.execute_batch(
        [GraphQLRequest(gql(GET), variable_values={"id": id}) for id in (*ids, "nobody")]
    )

    shown = [each["backgroundTasks"]["getTask"] for each in found]
    assert [each["data"] and each["data"]["id"] for each in shown] == [*ids, None]
    assert shown[-1]["error"]["code"] == "NOT_FOUND"

"""An HTTP API needs the permission of the function that it invokes."""

import json

import pytest

from local.access import Access
from local.graphql_client import GraphqlFailed, execute
from tests.local.aws.conftest import Afterwards
from tests.local.conftest import Outputs


def test_an_api_without_the_permission_to_invoke_answers_500(
    access: Access, outputs: Outputs, afterwards: Afterwards
) -> None:
    functions, name = access.client("lambda"), outputs["functionName"]
    policy = json.loads(functions.get_policy(FunctionName=name)["Policy"])
    [statement] = [statement for statement in policy["Statement"] if statement["Sid"] == "api"]
    functions.remove_permission(FunctionName=name, StatementId="api")
    afterwards(
        functions.add_permission,
        FunctionName=name,
        StatementId="api",
        Action="lambda:InvokeFunction",
        Principal="apigateway.amazonaws.com",
        SourceArn=statement["Condition"]["ArnLike"]["AWS:SourceArn"],
    )

    with pytest.raises(GraphqlFailed, match=r"answered 500: .*Internal Server Error"):
        execute(access, outputs["apiUrl"], "{ anything }")

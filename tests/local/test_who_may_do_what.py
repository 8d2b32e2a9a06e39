"""Who may do what, by HTTP: API Gateway's own checks, then ours, on a local AWS with IAM enforced.

Each refusal leaves the table untouched: every item is compared.
"""

import json
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.access import Access
from local.deployed import LOCAL_CONFIG, Deployed
from local.deployment import deploy
from local.emulator import Options, running_emulator
from local.project import Project
from tests.infra.recording import ROOT
from tests.local.issuer import Issuer, new_key, running_issuer
from tests.running import Running

pytestmark = pytest.mark.system

REGION = "eu-central-1"  # of Pulumi.dev.yaml
ACCOUNT = "arn:aws:iam::000000000000:user"
PEOPLE = {"reader": "r", "writer": "w", "deleter": "d", "owner": "own"}
PERMISSIONS = [
    *({"principal": f"{ACCOUNT}/{name}", "permissions": said} for name, said in PEOPLE.items()),
    {
        "principal": "arn:aws:sts::*:assumed-role/Admin/*",
        "permissions": "rwd",
        "tenants": ["root", "shop"],
    },
]
SCOPES = {"tasks/read": "r", "tasks/change": "w", "tasks/delete": "d", "tasks/own": "own"}
DOCUMENTS = {
    "getTask": "query($id: ID!) { backgroundTasks { getTask(id: $id) { %s } } }",
    "listTasks": "{ backgroundTasks { listTasks { %s } } }",
    "triggerTask": (
        "mutation { backgroundTasks { triggerTask(definition: testingRun, delay: 25920000) { %s } }"
        " }"
    ),
    "abortTask": "mutation($id: ID!) { backgroundTasks { abortTask(id: $id) { %s } } }",
    "deleteTask": "mutation($id: ID!) { backgroundTasks { deleteTask(id: $id) { %s } } }",
}
NEEDS = {"getTask": "r", "listTasks": "r", "triggerTask": "w", "abortTask": "w", "deleteTask": "d"}


def project_in(folder: Path, name: str, config: dict[str, Any]) -> Project:
    """The project under another name, with other config."""
    for file in ("__main__.py", "Pulumi.yaml", "Pulumi.dev.yaml"):
        text = (ROOT / file).read_text().replace("background-tasks:", f"{name}:")
        (folder / file).write_text(text.replace("name: background-tasks", f"name: {name}", 1))
    shutil.copytree(ROOT / "definitions", folder / "definitions")
    return Project.from_folder(folder).with_config({**LOCAL_CONFIG, "apiTenants": [], **config})


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Access, Issuer]]:
    """A local AWS that trusts the certificate of an issuer of tokens."""
    with (
        running_issuer(tmp_path_factory.mktemp("issuer")) as (issuer, certificate),
        mock.patch.dict(os.environ, {"SSL_CERT_FILE": str(certificate)}),
        running_emulator(Options(region=REGION, wait_scale=0.01)) as emulator,
    ):
        yield emulator.access, issuer


@pytest.fixture(scope="module")
def signed(trusted: tuple[Access, Issuer], tmp_path_factory: pytest.TempPathFactory) -> Running:
    """A stack whose callers sign their requests."""
    access, _ = trusted
    project = project_in(tmp_path_factory.mktemp("iam"), "who", {"apiPermissions": PERMISSIONS})
    return Running(Deployed(access, deploy(project, access)))


@pytest.fixture(scope="module")
def tokens(trusted: tuple[Access, Issuer], tmp_path_factory: pytest.TempPathFactory) -> Running:
    """A stack whose callers have tokens."""
    access, issuer = trusted
    config = {
        "jwtIssuer": issuer.url,
        "jwtAudience": ["tasks"],
        "jwtScopePermissions": SCOPES,
        "jwtPermissionsClaim": "permissions",
        "jwtTenantClaim": "tenants",
    }
    project = project_in(tmp_path_factory.mktemp("jwt"), "tokens", config)
    return Running(Deployed(access, deploy(project, access)))


def items(running: Running) -> dict[str, Any]:
    """All that the table has."""
    pages = running.client("dynamodb").get_paginator("scan").paginate(TableName=running.table)
    return {
        f"{item['pk']['S']} {item['sk']['S']}": item for page in pages for item in page["Items"]
    }


def is_at_rest(item: dict[str, Any]) -> bool:
    """Whether nothing changes it by itself: it is no task, or one that waits, or is over."""
    return item["sk"]["S"] != "TASK" or bool(item.keys() & {"waitingUntil", "finishedOn"})


@contextmanager
def untouched(running: Running) -> Iterator[None]:
    """The table has the same items after the block. It begins when no task is on its way."""
    running.until(lambda: all(map(is_at_rest, items(running).values())))
    before = items(running)
    assert before
    yield
    assert items(running) == before


def post(
    url: str,
    operation: str,
    headers: dict[str, str],
    *,
    key: Credentials | None = None,
    tenant: str | None = None,
    id: str = "",
    fields: str = "error { code message data }",
) -> tuple[int, Any]:
    """The status and the body of a request, signed if there is a key."""
    body = json.dumps({"query": DOCUMENTS[operation] % fields, "variables": {"id": id}}).encode()
    sent = {"Content-Type": "application/json", **headers}
    if tenant:
        sent["x-tenant"] = tenant
    if key:
        request = AWSRequest("POST", url, data=body, headers=sent)
        SigV4Auth(key, "execute-api", REGION).add_auth(request)
        sent = dict(request.headers)
    try:
        with urlopen(Request(url, data=body, headers=sent, method="POST")) as answer:
            return answer.status, json.loads(answer.read())
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def error_of(answered: tuple[int, Any]) -> Any:
    """The error of an operation, which the envelope has."""
    status, body = answered
    assert status == 200, answered
    assert "errors" not in body, body
    [envelope] = body["data"]["backgroundTasks"].values()
    return envelope["error"]


class Signing:
    """Whoever signs: users with a name each, and sessions of the role `Admin`."""

    def __init__(self, running: Running) -> None:
        self.running = running
        self._iam = running.client("iam")

    def user(self, name: str, *, may_call: bool = True) -> Credentials:
        if name not in [user["UserName"] for user in self._iam.list_users()["Users"]]:
            self._iam.create_user(UserName=name)
            if may_call:
                self._iam.put_user_policy(
                    UserName=name, PolicyName="call", PolicyDocument=_allowing("execute-api:Invoke")
                )
        key = self._iam.create_access_key(UserName=name)["AccessKey"]
        return Credentials(key["AccessKeyId"], key["SecretAccessKey"])

    def admin(self, session: str) -> Credentials:
        """A session of the role `Admin`, by its temporary key."""
        trust = {
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"AWS": "arn:aws:iam::000000000000:root"},
                    "Action": "sts:AssumeRole",
                }
            ]
        }
        if "Admin" not in [role["RoleName"] for role in self._iam.list_roles()["Roles"]]:
            self._iam.create_role(RoleName="Admin", AssumeRolePolicyDocument=json.dumps(trust))
            self._iam.put_role_policy(
                RoleName="Admin", PolicyName="call", PolicyDocument=_allowing("execute-api:Invoke")
            )
        given = self.running.client("sts").assume_role(
            RoleArn="arn:aws:iam::000000000000:role/Admin", RoleSessionName=session
        )["Credentials"]
        return Credentials(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def post(self, key: Credentials | None, operation: str, **more: Any) -> tuple[int, Any]:
        return post(self.running.deployed.api_url, operation, {}, key=key, **more)


def _allowing(action: str) -> str:
    statement = {"Effect": "Allow", "Action": [action], "Resource": ["*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def delayed(running: Running, trigger: Any) -> str:
    """The id of a task that waits for its delay, in an execution: nothing changes it any more."""
    status, body = trigger("triggerTask", fields="data { id } error { code message }")
    assert status == 200, body
    assert body["data"]["backgroundTasks"]["triggerTask"]["error"] is None, body
    id = str(body["data"]["backgroundTasks"]["triggerTask"]["data"]["id"])
    running.until(lambda: "waitingUntil" in items(running)[f"TASK#{id} TASK"])
    return id


@pytest.fixture(scope="module")
def signing(signed: Running) -> Signing:
    return Signing(signed)


@pytest.fixture(scope="module")
def their_task(signed: Running, signing: Signing) -> str:
    """The id of a task that an administrator has triggered."""
    key = signing.admin("ann")
    return delayed(signed, lambda *args, **more: signing.post(key, *args, **more))


class TestSignatures:
    @pytest.mark.parametrize("operation", DOCUMENTS)
    @pytest.mark.parametrize("name", [*PEOPLE, "nobody"])
    def test_each_may_what_the_config_says_and_a_refusal_touches_nothing(
        self, signed: Running, signing: Signing, their_task: str, name: str, operation: str
    ) -> None:
        said = PEOPLE.get(name, "")
        is_allowed = NEEDS[operation] in said or said == "own"
        finds_it = said != "own" or operation in ("listTasks", "triggerTask")
        key = signing.user(name)
        changes = is_allowed and finds_it and operation in ("triggerTask", "abortTask")
        id = their_task
        if changes and operation == "abortTask":
            admin = signing.admin("ann")
            id = delayed(signed, lambda *args, **more: signing.post(admin, *args, **more))

        if changes:
            error = error_of(signing.post(key, operation, id=id))
        else:
            with untouched(signed):
                error = error_of(signing.post(key, operation, id=id))

        if not is_allowed:
            assert error["code"] == "SECURITY_NOT_AUTHORIZED"
            assert f'"{NEEDS[operation]}"' in error["message"]
            assert error["data"] == {"permissions": [NEEDS[operation]]}
        elif not finds_it:
            assert error["code"] == "NOT_FOUND"
        elif operation == "deleteTask":
            assert error["code"] == "TASK_DELETE_ERROR"  # it is open
        else:
            assert error is None

    def test_with_own_a_caller_sees_what_it_has_triggered_alone(
        self, signed: Running, signing: Signing, their_task: str
    ) -> None:
        key = signing.user("owner")
        mine = delayed(signed, lambda *args, **more: signing.post(key, *args, **more))

        _, body = signing.post(key, "listTasks", fields="data { id } meta { totalCount }")

        found = body["data"]["backgroundTasks"]["listTasks"]
        ids = [each["id"] for each in found["data"]]
        assert mine in ids
        assert their_task not in ids
        assert found["meta"] == {"totalCount": len(ids)}
        assert error_of(signing.post(key, "getTask", id=mine)) is None
        assert error_of(signing.post(key, "abortTask", id=mine)) is None

    def test_a_line_of_the_log_says_who_and_from_where(
        self, signed: Running, signing: Signing
    ) -> None:
        admin, writer = signing.admin("ann"), signing.user("writer")
        id = delayed(signed, lambda *args, **more: signing.post(admin, *args, **more))
        signing.post(writer, "abortTask", id=id)

        fields = "data { logs { items { message data createdBy { id type } } } }"
        _, body = signing.post(admin, "getTask", id=id, fields=fields)

        logs = body["data"]["backgroundTasks"]["getTask"]["data"]["logs"]
        assert {
            "message": "Task aborted.",
            "data": {"source": "127.0.0.1"},
            "createdBy": {"id": f"{ACCOUNT}/writer", "type": "iam"},
        } in [item for log in logs for item in log["items"]]

    def test_an_unsigned_request_is_refused(
        self, signed: Running, signing: Signing, their_task: str
    ) -> None:
        with untouched(signed):
            answers = [signing.post(None, operation, id=their_task) for operation in DOCUMENTS]

        assert {status for status, _ in answers} == {403}
        assert not any("data" in body for _, body in answers)

    def test_so_is_a_user_whom_iam_does_not_let_in_and_a_signature_that_is_wrong(
        self, signed: Running, signing: Signing, their_task: str
    ) -> None:
        stranger = signing.user("stranger", may_call=False)
        reader = signing.user("reader")
        wrong = Credentials(reader.access_key, "wrong")

        with untouched(signed):
            answers = [signing.post(key, "getTask", id=their_task) for key in (stranger, wrong)]

        assert [status for status, _ in answers] == [403, 403]

    def test_another_tenant_is_refused(
        self, signed: Running, signing: Signing, their_task: str
    ) -> None:
        keys = {"shop": signing.user("reader"), "blog": signing.admin("ann")}

        with untouched(signed):
            answers = [
                signing.post(key, operation, tenant=tenant, id=their_task)
                for tenant, key in keys.items()
                for operation in DOCUMENTS
            ]

        for status, body in answers:
            assert status == 403
            [error] = body["errors"]
            assert error["extensions"] == {"code": "SECURITY_NOT_AUTHORIZED"}

    def test_a_tenant_that_the_config_names_is_the_callers(
        self, signed: Running, signing: Signing, their_task: str
    ) -> None:
        with untouched(signed):
            answered = signing.post(signing.admin("ann"), "getTask", tenant="shop", id=their_task)

        assert error_of(answered)["code"] == "NOT_FOUND"


def post_with(running: Running, token: str | None, operation: str, **more: Any) -> tuple[int, Any]:
    """The status and the body of a request with a token."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return post(running.deployed.api_url, operation, headers, **more)


@pytest.fixture(scope="module")
def issuer(trusted: tuple[Access, Issuer]) -> Issuer:
    return trusted[1]


@pytest.fixture(scope="module")
def theirs(tokens: Running, issuer: Issuer) -> str:
    """The id of a task that somebody else has triggered, with a token."""
    token = issuer.token(sub="bob", tenants="root", scope="tasks/change")
    return delayed(tokens, lambda *args, **more: post_with(tokens, token, *args, **more))


class TestTokens:
    @pytest.mark.parametrize("operation", DOCUMENTS)
    @pytest.mark.parametrize(
        ("claims", "said"),
        [
            *(({"scope": f"openid {scope}"}, said) for scope, said in SCOPES.items()),
            ({"scp": ["tasks/read", "other"]}, "r"),
            ({"permissions": ["tasks:r", "tasks:d"]}, "rd"),
            ({"permissions": "w"}, "w"),
            ({"scope": "tasks/read", "permissions": ["d"]}, "rd"),
            ({"scope": "openid"}, ""),
            ({}, ""),
        ],
    )
    def test_each_scope_and_claim_grants_what_the_config_says(
        self,
        tokens: Running,
        issuer: Issuer,
        theirs: str,
        claims: dict[str, Any],
        said: str,
        operation: str,
    ) -> None:
        token = issuer.token(tenants=["root", "shop"], **claims)
        is_allowed = NEEDS[operation] in said or said == "own"
        finds_it = said != "own" or operation in ("listTasks", "triggerTask")
        changes = is_allowed and finds_it and operation in ("triggerTask", "abortTask")
        id = theirs
        if changes and operation == "abortTask":
            bob = issuer.token(sub="bob", tenants="root", scope="tasks/change")
            id = delayed(tokens, lambda *args, **more: post_with(tokens, bob, *args, **more))

        if changes:
            error = error_of(post_with(tokens, token, operation, id=id))
        else:
            with untouched(tokens):
                error = error_of(post_with(tokens, token, operation, id=id))

        if not is_allowed:
            assert error["code"] == "SECURITY_NOT_AUTHORIZED"
            assert f'"{NEEDS[operation]}"' in error["message"]
            assert 'the claim "permissions" of your token' in error["message"]
        elif not finds_it:
            assert error["code"] == "NOT_FOUND"
        elif operation == "deleteTask":
            assert error["code"] == "TASK_DELETE_ERROR"
        else:
            assert error is None

    @pytest.mark.parametrize(
        "what",
        [
            "of another issuer",
            "signed by another key",
            "of a key that nobody knows",
            "expired",
            "without an end",
            "an end that is none",
            "for later",
            "issued later",
            "for another audience",
            "without an audience",
            "without a signature",
            "no token",
            "none",
        ],
    )
    def test_a_token_that_api_gateway_does_not_take_is_refused(
        self, tokens: Running, issuer: Issuer, theirs: str, what: str
    ) -> None:
        now = int(time.time())
        good: dict[str, Any] = {"tenants": "root", "scope": " ".join(SCOPES)}
        token = {
            "of another issuer": replace(issuer, url="https://login.example.com").token(**good),
            "signed by another key": issuer.token(key=new_key(), **good),
            "of a key that nobody knows": issuer.token(header={"kid": "key-2"}, **good),
            "expired": issuer.token(exp=now - 60, **good),
            "without an end": issuer.token(exp=None, **good),
            "an end that is none": issuer.token(exp="never", **good),
            "for later": issuer.token(nbf=now + 600, **good),
            "issued later": issuer.token(iat=now + 600, **good),
            "for another audience": issuer.token(aud="others", **good),
            "without an audience": issuer.token(aud=None, **good),
            "without a signature": issuer.token(**good).rpartition(".")[0] + ".",
            "no token": "abc",
            "none": None,
        }[what]

        with untouched(tokens):
            answers = [post_with(tokens, token, operation, id=theirs) for operation in DOCUMENTS]

        assert answers == [(401, {"message": "Unauthorized"})] * len(DOCUMENTS)

    def test_the_refusal_says_that_it_was_the_token(self, tokens: Running, issuer: Issuer) -> None:
        url, token = tokens.deployed.api_url, issuer.token(exp=int(time.time()) - 60)
        request = Request(url, data=b"{}", headers={"Authorization": f"Bearer {token}"})

        with pytest.raises(HTTPError) as refused:
            urlopen(request)

        with refused.value as answer:
            assert answer.headers["www-authenticate"].startswith("Bearer ")

    @pytest.mark.parametrize(
        ("claims", "tenant"),
        [
            ({"tenants": "root"}, "shop"),
            ({"tenants": ["root", "blog"]}, "shop"),
            ({"tenants": ["shop", "blog"]}, None),
            ({"tenants": []}, "root"),
            ({"tenants": "*"}, "root"),
            ({}, None),
            ({}, "root"),
        ],
    )
    def test_another_tenant_is_refused(
        self,
        tokens: Running,
        issuer: Issuer,
        theirs: str,
        claims: dict[str, Any],
        tenant: str | None,
    ) -> None:
        token = issuer.token(scope=" ".join(SCOPES), **claims)

        with untouched(tokens):
            answers = [
                post_with(tokens, token, operation, tenant=tenant, id=theirs)
                for operation in DOCUMENTS
            ]

        for status, body in answers:
            assert status == 403
            [error] = body["errors"]
            assert error["extensions"] == {"code": "SECURITY_NOT_AUTHORIZED"}

    def test_the_header_chooses_among_the_tenants_of_a_token(
        self, tokens: Running, issuer: Issuer, theirs: str
    ) -> None:
        token = issuer.token(scope="tasks/read", tenants=["root", "shop"])

        answers = [
            error_of(post_with(tokens, token, "getTask", tenant=tenant, id=theirs))
            for tenant in ("root", "shop")
        ]

        assert answers[0] is None
        assert answers[1]["code"] == "NOT_FOUND"

    def test_a_signature_of_iam_is_no_token(
        self, tokens: Running, signing: Signing, theirs: str
    ) -> None:
        with untouched(tokens):
            status, _ = post(
                tokens.deployed.api_url, "getTask", {}, key=signing.admin("ann"), id=theirs
            )

        assert status == 401

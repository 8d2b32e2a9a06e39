"""What the stack's config and a caller's token say of who may do what, and for which tenants."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.contract import Status
from handler.errors import SettingsError
from handler.graphql.access import Policy, pattern_of
from tests.handler.graphql.callers import ACCOUNT, Caller, with_access
from tests.handler.graphql.client import DELETE_TASK, GET_TASK, LIST_TASKS, TRIGGER_TASK, Api
from tests.handler.stack import Stack

CLAIM = "https://example.com/permissions"


def tenants_seen(caller: Caller) -> Any:
    """The tenant that a request is about; the refusal, if it is refused."""
    response = caller.response(
        "mutation { backgroundTasks { triggerTask(definition: testingRun) { data { tenant } } } }"
    )
    body = json.loads(response["body"])
    if response["statusCode"] != 200:
        assert body["errors"][0]["extensions"] == {"code": "SECURITY_NOT_AUTHORIZED"}
        return response["statusCode"], body["errors"][0]["message"]
    return body["data"]["backgroundTasks"]["triggerTask"]["data"]["tenant"]


class TestPatterns:
    @pytest.mark.parametrize(
        ("pattern", "arn"),
        [
            (f"{ACCOUNT}/Admin/ann", f"{ACCOUNT}/Admin/ann"),
            (f"{ACCOUNT}/Admin/*", f"{ACCOUNT}/Admin/ann"),
            (f"{ACCOUNT}/Admin/*", f"{ACCOUNT}/Admin/ann@example.com"),
            ("arn:aws:sts::*:assumed-role/Admin/*", f"{ACCOUNT}/Admin/ann"),
            (f"{ACCOUNT}/AWSReservedSSO_*_*/*", f"{ACCOUNT}/AWSReservedSSO_Admin_0a1b2c/ann"),
            (f"{ACCOUNT}/Admin?/ann", f"{ACCOUNT}/Admin2/ann"),
            ("arn:aws:iam::123456789012:user/*", "arn:aws:iam::123456789012:user/ann"),
            ("arn:aws:iam::123456789012:user/dept/*", "arn:aws:iam::123456789012:user/dept/ann"),
            ("*", f"{ACCOUNT}/Admin/ann"),
        ],
    )
    def test_a_pattern_fits(self, pattern: str, arn: str) -> None:
        assert pattern_of(pattern).fullmatch(arn)

    @pytest.mark.parametrize(
        ("pattern", "arn"),
        [
            (f"{ACCOUNT}/Admin/*", f"{ACCOUNT}/Admin"),
            (f"{ACCOUNT}/Admin/*", f"{ACCOUNT}/admin/ann"),
            (f"{ACCOUNT}/Admin/*", f"x{ACCOUNT}/Admin/ann"),
            (f"{ACCOUNT}/Admin/ann", f"{ACCOUNT}/Admin/ann2"),
            (f"{ACCOUNT}/Admin/ann", f"{ACCOUNT}/Admin/ann\n"),
            # Whoever may assume Reader names the session as they like.
            (f"{ACCOUNT}/*Admin", f"{ACCOUNT}/Reader/Admin"),
            (f"{ACCOUNT}/*Admin*", f"{ACCOUNT}/Reader/Admin"),
            (f"{ACCOUNT}/Admin?/ann", f"{ACCOUNT}/Admin/ann"),
            (f"{ACCOUNT}/[A]dmin/ann", f"{ACCOUNT}/Admin/ann"),
            (f"{ACCOUNT}/Admin.ann", f"{ACCOUNT}/Admin/ann"),
            ("arn:aws:iam::123456789012:user/*", "arn:aws:iam::123456789012:user/dept/ann"),
        ],
    )
    def test_a_pattern_does_not_fit(self, pattern: str, arn: str) -> None:
        assert not pattern_of(pattern).fullmatch(arn)

    @given(st.text(st.characters(exclude_characters="*?")))
    def test_a_text_without_wildcards_is_itself_alone(self, text: str) -> None:
        assert pattern_of(text).fullmatch(text)
        assert not pattern_of(text).fullmatch(f"{text}x")


class TestPrincipals:
    def test_each_rule_that_fits_counts(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1", status=Status.SUCCESS)
        rules = [
            {"principal": f"{ACCOUNT}/Admin/*", "permissions": "r"},
            {"principal": f"{ACCOUNT}/Admin/ann", "permissions": "d"},
            {"principal": f"{ACCOUNT}/Other/*", "permissions": "w"},
        ]
        with_access(stack, principals=rules)

        assert Caller(api, "Admin", "bob").code(DELETE_TASK, id="t1") == "SECURITY_NOT_AUTHORIZED"
        assert Caller(api, "Admin").code(GET_TASK, id="t1") is None
        assert (
            Caller(api, "Admin").code(TRIGGER_TASK, definition="testingRun")
            == "SECURITY_NOT_AUTHORIZED"
        )
        assert Caller(api, "Admin").data(DELETE_TASK, id="t1") is True

    @pytest.mark.parametrize("rules", [[], [{"principal": "*", "permissions": "rwd"}]])
    @pytest.mark.parametrize("authorizer", [None, {}, {"iam": None}])
    def test_whoever_has_no_arn_may_do_nothing(
        self, stack: Stack, api: Api, rules: object, authorizer: object
    ) -> None:
        with_access(stack, principals=rules)

        body = {"query": GET_TASK, "variables": {"id": "t1"}}
        answer = api.send(body, requestContext={"authorizer": authorizer})

        error = json.loads(answer["body"])["data"]["backgroundTasks"]["getTask"]["error"]
        assert error["code"] == "SECURITY_NOT_AUTHORIZED"

    def test_a_token_fits_no_principal(self, stack: Stack, api: Api) -> None:
        with_access(stack, principals=[{"principal": "*", "permissions": "rwd"}])

        caller = Caller(api, claims={"sub": f"{ACCOUNT}/Admin/ann"})

        assert caller.code(GET_TASK, id="t1") == "SECURITY_NOT_AUTHORIZED"

    def test_without_rules_whoever_iam_lets_in_may_do_everything(
        self, stack: Stack, api: Api
    ) -> None:
        stack.settings = replace(stack.settings, api_access="")
        stack.create(id="t1", status=Status.SUCCESS)

        assert Caller(api, "Anybody").data(DELETE_TASK, id="t1") is True


class TestTenantsOfPrincipals:
    def test_without_a_config_it_is_the_root_tenant_alone(self, stack: Stack, api: Api) -> None:
        stack.settings = replace(stack.settings, api_access="")

        assert tenants_seen(Caller(api, "Any")) == "root"
        assert tenants_seen(Caller(api, "Any", tenant="root")) == "root"
        status, message = tenants_seen(Caller(api, "Any", tenant="shop"))
        assert status == 403
        assert message == (
            'Not authorized! x-tenant is "shop", and you may ask for the tasks of "root".'
            ' Next: leave out the header, or have the tenant in the config key "apiTenants", or in'
            " the tenants of your principal (apiPermissions)."
        )

    def test_the_config_names_those_of_every_caller(self, stack: Stack, api: Api) -> None:
        with_access(stack, tenants=["shop", "blog"])

        assert tenants_seen(Caller(api, "Any", tenant="blog")) == "blog"
        assert tenants_seen(Caller(api, "Any", tenant="root"))[0] == 403
        status, message = tenants_seen(Caller(api, "Any"))
        assert status == 403
        assert 'several tenants: "blog", "shop". Next: name one in the header' in message

    def test_one_tenant_needs_no_header(self, stack: Stack, api: Api) -> None:
        with_access(stack, tenants=["shop"])

        assert tenants_seen(Caller(api, "Any")) == "shop"

    @pytest.mark.parametrize("asked", ["shop", "*", "any name"])
    def test_a_star_trusts_the_header(self, stack: Stack, api: Api, asked: str) -> None:
        with_access(stack, tenants=["*"])

        assert tenants_seen(Caller(api, "Any", tenant=asked)) == asked
        assert tenants_seen(Caller(api, "Any")) == "root"

    def test_a_rule_has_tenants_of_its_own_and_its_permissions_are_for_these(
        self, stack: Stack, api: Api
    ) -> None:
        rules = [
            {"principal": f"{ACCOUNT}/Shop/*", "permissions": "rwd", "tenants": ["shop"]},
            {"principal": f"{ACCOUNT}/*/*", "permissions": "r", "tenants": ["*"]},
        ]
        with_access(stack, principals=rules)
        stack.create(id="ours", tenant="shop", status=Status.SUCCESS)
        stack.create(id="theirs", tenant="blog", status=Status.SUCCESS)

        theirs = Caller(api, "Shop", tenant="blog")
        assert theirs.data(GET_TASK, id="theirs")
        assert theirs.code(DELETE_TASK, id="theirs") == "SECURITY_NOT_AUTHORIZED"
        ours = Caller(api, "Shop", tenant="shop")
        assert ours.code(DELETE_TASK, id="theirs") == "NOT_FOUND"
        assert ours.data(DELETE_TASK, id="ours") is True

    def test_a_refusal_asks_the_table_nothing(self, stack: Stack, api: Api) -> None:
        with_access(stack, tenants=["shop"])
        stack.dynamodb.requests.clear()

        assert Caller(api, "Any", tenant="root").response(LIST_TASKS)["statusCode"] == 403

        assert stack.dynamodb.requests == []

    @pytest.mark.parametrize("verb", ["pauseAll", "resumeAll"])
    def test_whoever_is_of_one_tenant_does_not_speak_for_all(
        self, stack: Stack, api: Api, verb: str
    ) -> None:
        said = f"{verb}(everyTenant: true) {{ error {{ code message }} }}"
        document = f"mutation {{ backgroundTasks {{ {said} }} }}"
        with_access(stack, tenants=["root"])

        error = Caller(api, "Any").envelope(document)["error"]

        assert error["code"] == "SECURITY_NOT_AUTHORIZED"
        assert 'have "*" in the config key "apiTenants"' in error["message"]
        with_access(stack, tenants=["*"])
        assert Caller(api, "Any").code(document) is None


class TestTokens:
    def by_claim(self, stack: Stack, api: Api, claim: object) -> Caller:
        with_access(stack, claim=CLAIM)
        return Caller(api, claims={"sub": "ann", CLAIM: claim})

    @pytest.mark.parametrize("claim", ["rw", "[tasks:r tasks:w]", "[r w]", "tasks:rw", "r w"])
    def test_a_claim_has_the_permissions_as_a_text_or_as_a_list(
        self, stack: Stack, api: Api, claim: str
    ) -> None:
        stack.create(id="t1", status=Status.SUCCESS)
        caller = self.by_claim(stack, api, claim)

        assert caller.data(GET_TASK, id="t1")
        assert caller.data(TRIGGER_TASK, definition="testingRun")
        error = caller.envelope(DELETE_TASK, id="t1")["error"]
        assert error["code"] == "SECURITY_NOT_AUTHORIZED"
        assert f'the claim "{CLAIM}" of your token' in error["message"]

    @pytest.mark.parametrize("claim", [None, "", "[]", "x", 5, ["r"], {"r": 1}, "[x]"])
    def test_a_token_without_the_claim_may_do_nothing(
        self, stack: Stack, api: Api, claim: object
    ) -> None:
        stack.dynamodb.requests.clear()

        assert self.by_claim(stack, api, claim).code(LIST_TASKS) == "SECURITY_NOT_AUTHORIZED"

        assert stack.dynamodb.requests == []

    def test_own_in_a_claim_narrows_all_of_it(self, stack: Stack, api: Api) -> None:
        stack.create(id="t1")
        caller = self.by_claim(stack, api, "[tasks:r tasks:w own]")

        assert caller.code(GET_TASK, id="t1") == "NOT_FOUND"
        mine = caller.data(TRIGGER_TASK, definition="testingRun")["id"]
        assert caller.data(GET_TASK, id=mine)
        assert caller.code(DELETE_TASK, id=mine) == "SECURITY_NOT_AUTHORIZED"

    @pytest.mark.parametrize(
        "claims",
        [
            {"scope": "openid tasks/read tasks/own"},
            {"scp": "tasks/own tasks/read"},
            {"scp": "[tasks/read tasks/own]"},
            {"scope": "tasks/read", "scp": "[tasks/own]"},
        ],
    )
    def test_each_scope_grants_what_the_config_says(
        self, stack: Stack, api: Api, claims: dict[str, object]
    ) -> None:
        with_access(stack, scopes={"tasks/read": "r", "tasks/own": "own", "tasks/all": "rwd"})
        stack.create(id="t1", status=Status.SUCCESS)
        caller = Caller(api, claims={"sub": "ann", **claims})

        assert caller.data(GET_TASK, id="t1")
        assert caller.code(DELETE_TASK, id="t1") == "NOT_FOUND"
        assert caller.data(TRIGGER_TASK, definition="testingRun")

    @pytest.mark.parametrize(
        "claims", [{}, {"scope": ""}, {"scope": "TASKS/READ"}, {"scope": "tasks/rea"}, {"scp": 5}]
    )
    def test_a_token_without_a_known_scope_may_do_nothing(
        self, stack: Stack, api: Api, claims: dict[str, object]
    ) -> None:
        with_access(stack, scopes={"tasks/read": "r"})

        error = Caller(api, claims={"sub": "ann", **claims}).envelope(LIST_TASKS)["error"]

        assert error["code"] == "SECURITY_NOT_AUTHORIZED"
        assert "jwtScopePermissions" in error["message"]

    @pytest.mark.parametrize("place", ["claim", "scopes"])
    def test_a_signature_by_iam_has_no_claims(self, stack: Stack, api: Api, place: str) -> None:
        with_access(stack, **{place: CLAIM if place == "claim" else {}})

        assert Caller(api, "Admin").code(LIST_TASKS) == "SECURITY_NOT_AUTHORIZED"


class TestTenantsOfTokens:
    @pytest.fixture(autouse=True)
    def claimed(self, stack: Stack) -> None:
        stack.settings = replace(stack.settings, jwt_tenant_claim="tenants")

    def test_of_several_tenants_the_header_chooses_one(self, api: Api) -> None:
        claims: dict[str, object] = {"sub": "ann", "tenants": "[shop blog]"}

        assert tenants_seen(Caller(api, claims=claims, tenant="blog")) == "blog"
        status, message = tenants_seen(Caller(api, claims=claims, tenant="root"))
        assert (status, '"blog", "shop"' in message) == (403, True)
        status, message = tenants_seen(Caller(api, claims=claims))
        assert (status, "several tenants" in message) == (403, True)

    def test_root_is_meant_where_nothing_is_said(self, api: Api) -> None:
        claims: dict[str, object] = {"sub": "ann", "tenants": "[shop root]"}

        assert tenants_seen(Caller(api, claims=claims)) == "root"

    @pytest.mark.parametrize("claim", ["*", "[*]", "[* shop]"])
    def test_a_star_in_a_token_is_no_other_tenant(self, api: Api, claim: str) -> None:
        claims: dict[str, object] = {"sub": "ann", "tenants": claim}

        assert tenants_seen(Caller(api, claims=claims, tenant="root"))[0] == 403

    def test_a_text_with_a_space_is_one_tenant(self, api: Api) -> None:
        claims: dict[str, object] = {"sub": "ann", "tenants": "the shop"}

        assert tenants_seen(Caller(api, claims=claims)) == "the shop"
        assert tenants_seen(Caller(api, claims=claims, tenant="shop"))[0] == 403


class TestSettings:
    @pytest.mark.parametrize(
        "text",
        [
            "x",
            "[]",
            "5",
            '{"tenants": "root"}',
            '{"tenants": [5]}',
            '{"tenants": [""]}',
            '{"principals": [{"permissions": "r"}]}',
            '{"principals": [{"principal": "*"}]}',
            '{"principals": [{"principal": "*", "permissions": "x"}]}',
            '{"principals": 5}',
            '{"principals": [{"principal": 5, "permissions": "r"}]}',
            '{"scopes": {"a": ""}}',
            '{"scopes": ["a"]}',
        ],
    )
    def test_what_is_no_policy_lets_nobody_in(self, stack: Stack, api: Api, text: str) -> None:
        with pytest.raises(SettingsError, match="API_ACCESS says nothing that the API understands"):
            Policy.of(text, tenant_claim="")
        stack.settings = replace(stack.settings, api_access=text)
        stack.dynamodb.requests.clear()

        assert Caller(api, "Admin").response(LIST_TASKS)["statusCode"] == 500

        assert stack.dynamodb.requests == []

    @given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.lists(st.text()))))
    def test_no_claims_break_it(self, claims: dict[str, object]) -> None:
        access = json.dumps({"claim": "p", "scopes": {"s": "r"}})

        _, access_of = Policy.of(access, tenant_claim="").access_of(
            {"authorizer": {"jwt": {"claims": claims}}}, asked=None
        )

        assert access_of.from_where

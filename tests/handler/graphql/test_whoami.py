"""`getCaller`: who asks, and what they may do. Whoever is let in may ask it."""

import itertools
import json
import logging
from dataclasses import replace
from typing import Any

import pytest

from handler.contract import MAX_IDENTITY_CHARACTERS, Permission
from handler.graphql.permissions import NEEDS, Access, Reach
from tests.handler.graphql.callers import ACCOUNT, ROLES, Caller, principals, with_access
from tests.handler.graphql.client import Api
from tests.handler.graphql.test_permissions import OPERATIONS, requests_of
from tests.handler.stack import Stack

GET_CALLER = """{ backgroundTasks { getCaller {
    data { id displayName type tenant permissions ownPermissions isForEveryTenant }
    error { message code data }
} } }"""
EVERYTHING = ["r", "w", "d"]


def may(caller: Caller) -> Any:
    """The letters of a caller, and those of them that are for their own tasks."""
    data = caller.data(GET_CALLER)
    return "".join(data["permissions"]), "".join(data["ownPermissions"])


class TestWhoAsks:
    def test_a_session_of_a_role(self, stack: Stack, api: Api) -> None:
        with_access(stack, principals=principals())

        assert Caller(api, "Owner", "ann@example.com").data(GET_CALLER) == {
            "id": f"{ACCOUNT}/Owner/ann@example.com",
            "displayName": "ann@example.com",
            "type": "iam",
            "tenant": "root",
            "permissions": ["r"],
            "ownPermissions": ["r"],
            "isForEveryTenant": False,
        }

    def test_a_token(self, stack: Stack, api: Api) -> None:
        stack.settings = replace(stack.settings, jwt_tenant_claim="tenants")
        with_access(stack, scopes={"tasks/read": "r", "tasks/own": "own"})
        claims: dict[str, object] = {
            "sub": "auth0|1",
            "name": "Ann <b>",
            "scope": "openid tasks/read tasks/own",
            "tenants": "[shop blog]",
        }

        assert Caller(api, claims=claims, tenant="blog").data(GET_CALLER) == {
            "id": "auth0|1",
            "displayName": "Ann <b>",
            "type": "jwt",
            "tenant": "blog",
            "permissions": EVERYTHING,
            "ownPermissions": ["w", "d"],
            "isForEveryTenant": False,
        }

    def test_whoever_nothing_is_known_of(self, api: Api) -> None:
        data = Caller(api, claims={}).data(GET_CALLER)

        assert (data["id"], data["displayName"], data["type"]) == (
            "anonymous",
            "Anonymous",
            "anonymous",
        )

    def test_its_name_and_its_address_are_not_those_of_somebody_else(self, api: Api) -> None:
        """Only what the authorizer says counts: no header, no argument."""
        api.headers = {"x-identity": "jane", "authorization": "Bearer jane"}

        data = Caller(api, "Any", "bob").data(GET_CALLER)

        assert data["displayName"] == "bob"


class TestWhatTheyMayDo:
    @pytest.mark.parametrize(("role", "said"), ROLES.items())
    def test_a_rule_says_it(self, stack: Stack, api: Api, role: str, said: str) -> None:
        with_access(stack, principals=principals())
        letters = said.replace("own", "").strip() or "rwd"

        assert may(Caller(api, role)) == (letters, letters if "own" in said else "")

    def test_each_rule_that_fits_counts_and_own_narrows_its_own_alone(
        self, stack: Stack, api: Api
    ) -> None:
        for said in itertools.permutations(["r", "rw own", "d own"]):
            with_access(
                stack,
                principals=[{"principal": "*", "permissions": each} for each in said],
            )
            assert may(Caller(api, "Any")) == ("rwd", "wd")

    def test_a_rule_counts_for_its_tenants_alone(self, stack: Stack, api: Api) -> None:
        rules = [
            {"principal": "*", "permissions": "rwd", "tenants": ["shop"]},
            {"principal": "*", "permissions": "r", "tenants": ["*"]},
        ]
        with_access(stack, principals=rules)

        assert may(Caller(api, "Any", tenant="shop")) == ("rwd", "")
        assert may(Caller(api, "Any", tenant="blog")) == ("r", "")
        assert may(Caller(api, "Any")) == ("r", "")

    @pytest.mark.parametrize(
        ("said", "is_so"),
        [
            ([{"permissions": "rwd", "tenants": ["*"]}], True),
            ([{"permissions": "rw", "tenants": ["*"]}, {"permissions": "d"}], False),
            ([{"permissions": "r", "tenants": ["*"]}, {"permissions": "rwd"}], False),
            ([{"permissions": "own", "tenants": ["*"]}], False),
            ([{"permissions": "rwd", "tenants": ["root", "shop"]}], False),
        ],
    )
    def test_whoever_may_do_all_for_every_tenant_hears_of_it(
        self, stack: Stack, api: Api, said: list[dict[str, object]], is_so: bool
    ) -> None:
        with_access(stack, principals=[{"principal": "*", **each} for each in said])

        assert Caller(api, "Any").data(GET_CALLER)["isForEveryTenant"] is is_so

    def test_without_a_config_it_is_everything(self, stack: Stack, api: Api) -> None:
        stack.settings = replace(stack.settings, api_access="")

        assert may(Caller(api, "Any")) == ("rwd", "")

    @pytest.mark.parametrize("claim", ["", "x", None])
    def test_whoever_may_do_nothing_hears_that(self, stack: Stack, api: Api, claim: object) -> None:
        with_access(stack, claim="permissions")

        assert may(Caller(api, claims={"sub": "ann", "permissions": claim})) == ("", "")

    @pytest.mark.parametrize("claims", [{}, {"sub": "a" * (MAX_IDENTITY_CHARACTERS + 1)}])
    def test_nobody_has_own_tasks_who_cannot_be_told_from_others(
        self, stack: Stack, api: Api, claims: dict[str, object]
    ) -> None:
        with_access(stack, claim="permissions")
        caller = Caller(api, claims={**claims, "permissions": "rw own"})

        assert may(caller) == ("", "")
        assert caller.code(OPERATIONS["listTasks"]) == "SECURITY_NOT_AUTHORIZED"

    @pytest.mark.parametrize("role", [*ROLES, "Nobody"])
    def test_what_it_says_is_what_is_answered(self, stack: Stack, api: Api, role: str) -> None:
        with_access(stack, principals=principals())
        caller = Caller(api, role)
        letters, own = may(caller)

        for operation in ("listTasks", "listLogs", "getLimits", "pauseAll", "deleteTask"):
            need = NEEDS[operation]
            is_enough = need.permissions <= set(letters)
            is_refused = not is_enough or (not need.takes_own and bool(need.permissions & set(own)))
            code = caller.code(OPERATIONS[operation])
            assert (code == "SECURITY_NOT_AUTHORIZED") is is_refused, operation


class TestWhatItCosts:
    @pytest.mark.parametrize("role", ["Admin", "Own", "Nobody"])
    def test_it_asks_no_service_anything(self, stack: Stack, api: Api, role: str) -> None:
        with_access(stack, principals=principals())
        for client in (stack.dynamodb, stack.events):
            client.requests.clear()

        Caller(api, role).data(GET_CALLER)

        assert requests_of(stack) == 0

    def test_it_has_no_line_of_who_asked_for_what(
        self, stack: Stack, api: Api, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.INFO)

        Caller(api, "Any").data(GET_CALLER)

        assert not [line for line in caplog.records if getattr(line, "action", "") == "audit"]


@pytest.mark.parametrize("role", ["Admin", "Nobody"])
def test_another_tenant_is_refused_and_nothing_is_said_of_the_caller(
    stack: Stack, api: Api, role: str
) -> None:
    with_access(stack, principals=principals(tenants=["root"]))

    response = Caller(api, role, tenant="shop").response(GET_CALLER)

    assert response["statusCode"] == 403
    assert json.loads(response["body"])["data"] is None


def test_it_is_the_only_operation_that_needs_nothing() -> None:
    assert [name for name, need in NEEDS.items() if not need.permissions] == ["getCaller"]
    assert Access().reach([]) is Reach.NOBODY
    assert Access().check("getCaller", NEEDS["getCaller"]) is Reach.NOBODY
    assert {*Permission} == {*map(Permission, EVERYTHING)}

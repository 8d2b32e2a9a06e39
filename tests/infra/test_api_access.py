"""Who may do what: what the config takes, and what the API's Lambda is told of it."""

import json
from typing import Any

import pytest

from handler.contract import Permission
from handler.graphql.access import Policy
from handler.graphql.permissions import Reach
from infra import ApiPermissionArgs, BackgroundTasks, BackgroundTasksArgs
from infra.api_access import somebody
from infra.errors import ConfigError
from tests.infra.recording import run, run_program
from tests.infra.test_config import FUNCTION, read, refusal, secret_refusal
from tests.infra.test_program import JWT

ADMIN = "arn:aws:sts::*:assumed-role/Admin/*"
RULE = {"principal": ADMIN, "permissions": "rwd"}


def variables(config: dict[str, Any]) -> dict[str, Any]:
    """The variables of the API's Lambda, of a stack with this config."""
    stack = run({"vendorDependencies": False, "apiTenants": [], **config})
    found: dict[str, Any] = stack.one(FUNCTION, "api")["environment"]["variables"]
    return found


class TestTheVariable:
    def test_a_stack_that_says_nothing_has_none(self) -> None:
        assert "API_ACCESS" not in variables({})

    def test_it_has_what_the_config_says_and_the_api_understands_it(self) -> None:
        shop = {"principal": "arn:aws:iam::111122223333:user/shop/*", "permissions": "r own"}

        said = variables(
            {
                "apiTenants": ["root", "shop"],
                "apiPermissions": [{**RULE, "tenants": ["*"]}, shop],
            }
        )["API_ACCESS"]

        assert json.loads(said) == {
            "tenants": ["root", "shop"],
            "principals": [{**RULE, "tenants": ["*"]}, shop],
        }
        policy = Policy.of(said, tenant_claim="")
        both = frozenset({"root", "shop"})
        assert policy.tenants == both
        assert [rule.grant.tenants for rule in policy.rules or ()] == [None, both]

    def test_it_has_what_is_said_of_tokens(self) -> None:
        scopes = {"tasks/read": "r", "tasks/own": "own"}

        found = variables(
            {**JWT, "jwtPermissionsClaim": "permissions", "jwtScopePermissions": scopes}
        )

        assert json.loads(found["API_ACCESS"]) == {"claim": "permissions", "scopes": scopes}

    def test_no_other_lambda_has_it(self) -> None:
        stack = run({"vendorDependencies": False, "apiPermissions": [RULE]})

        having = [
            name
            for name in ("api", "worker", "recovery")
            if "API_ACCESS" in stack.one(FUNCTION, name)["environment"]["variables"]
        ]

        assert having == ["api"]


class TestConfig:
    @pytest.mark.parametrize(
        "principal",
        [
            "*",
            ADMIN,
            "arn:aws:sts::111122223333:assumed-role/AWSReservedSSO_Admin_*/*",
            "arn:aws-us-gov:sts::111122223333:assumed-role/Admin/ann@example.com",
            "arn:aws:sts::111122223333:federated-user/ann",
            "arn:aws:iam::111122223333:user/ann",
            "arn:aws:iam::111122223333:user/team/*",
            "arn:aws:iam::111122223333:root",
        ],
    )
    def test_principals(self, principal: str) -> None:
        [rule] = read({"apiPermissions": [{**RULE, "principal": principal}]}).api_permissions

        assert rule.principal == principal

    @pytest.mark.parametrize(
        ("principal", "reason"),
        [
            ("", "it is no ARN of a caller"),
            ("Admin", "it is no ARN of a caller"),
            ("arn:aws:iam::111122223333:*", "it is no ARN of a caller"),
            ("arn:aws:sts::111122223333:assumed-role/Admin", "it is no ARN of a caller"),
            ("arn:aws:sts::111122223333:assumed-role/path/Admin/ann", "it is no ARN of a caller"),
            ("arn:aws:s3:::bucket", "it is no ARN of a caller"),
            ("arn:aws:iam::111122223333:role/Admin", "its sessions do"),
            ("arn:aws:iam::111122223333:role/path/Admin", "its sessions do"),
        ],
    )
    def test_what_is_no_principal_is_refused_with_what_is(
        self, principal: str, reason: str
    ) -> None:
        message = refusal({"apiPermissions": [{**RULE, "principal": principal}]})

        assert f'is "{principal}" at [0].principal ({reason}' in message.replace(
            "(a role does not sign requests, ", "("
        )
        assert "--path 'background-tasks:apiPermissions[0].<name>'" in message

    @pytest.mark.parametrize("said", ["r", "w", "d", "rwd", "drw", "own", "r own", "rwd own"])
    def test_permissions(self, said: str) -> None:
        jwt = {**JWT, "jwtScopePermissions": {"a": said}}

        assert read({"apiPermissions": [{**RULE, "permissions": said}]})
        assert read(jwt).jwt_scope_permissions == {"a": said}

    @pytest.mark.parametrize(
        "said", ["", "x", "R", "rr", "rwx", "own r", "own own", "r  own", " r", "r w", "all", "*"]
    )
    def test_what_is_no_permission_is_refused(self, said: str) -> None:
        for message in (
            refusal({"apiPermissions": [{**RULE, "permissions": said}]}),
            refusal({**JWT, "jwtScopePermissions": {"a": said}}),
        ):
            assert f'is "{said}" at ' in message
            assert 'it takes letters of "rwd", each once, and "own"' in message

    @pytest.mark.parametrize(
        "rule",
        [
            {"principal": ADMIN},
            {"permissions": "r"},
            {**RULE, "rwd": "r"},
            {**RULE, "tenants": []},
            {**RULE, "tenants": [""]},
            {**RULE, "tenants": ["é" * 129]},
            {**RULE, "tenants": "root"},
        ],
    )
    def test_a_rule_that_lacks_something_or_has_something_else_is_refused(
        self, rule: dict[str, Any]
    ) -> None:
        assert 'Config key "background-tasks:apiPermissions" ' in refusal(
            {"apiPermissions": [rule]}
        )

    def test_a_secret_rule_is_not_shown(self) -> None:
        message = secret_refusal("apiPermissions", [{**RULE, "principal": "hidden"}])

        assert "hidden" not in message
        assert "it is no ARN of a caller" in message

    def test_rules_of_principals_do_not_go_with_tokens(self) -> None:
        message = refusal({**JWT, "apiPermissions": [RULE]})

        assert '"apiPermissions" is about the principals of IAM' in message

    def test_rules_that_no_lambda_has_room_for_are_refused(self) -> None:
        rules = [
            {"principal": f"arn:aws:iam::111122223333:user/{number:040}", "permissions": "r"}
            for number in range(40)
        ]

        message = refusal({"apiPermissions": rules})

        assert "bytes of variables; it takes 3096" in message
        assert "let a pattern of apiPermissions stand for several principals" in message
        assert read({"apiPermissions": rules[:20]})


class TestTheSmokeTest:
    @pytest.mark.parametrize(
        "config",
        [
            {},
            {"apiTenants": ["shop"]},
            {"apiTenants": ["shop", "blog"]},
            {"apiTenants": ["*"]},
            {"apiPermissions": [{**RULE, "principal": "*"}]},
            {"apiPermissions": [{**RULE, "permissions": "d"}, {**RULE, "tenants": ["shop"]}]},
            {"apiPermissions": [{**RULE, "permissions": "own"}]},
            {"apiPermissions": [{**RULE, "principal": "arn:aws:iam::1111?2223333:user/robots/*"}]},
            {**JWT, "jwtTenantClaim": "tenant", "apiTenants": ["shop"]},
            {**JWT, "jwtPermissionsClaim": "permissions"},
            {**JWT, "jwtScopePermissions": {"tasks/read": "r", "tasks/change": "w"}},
            {**JWT, "jwtScopePermissions": {"tasks/own": "own"}, "jwtPermissionsClaim": "p"},
        ],
    )
    def test_it_is_of_somebody_who_may_read_and_change(self, config: dict[str, Any]) -> None:
        known = read({"apiTenants": [], **config})
        said = variables(config).get("API_ACCESS", "")

        event = somebody(
            tenants=known.api_tenants,
            rules=[ApiPermissionArgs(**rule.model_dump()) for rule in known.api_permissions],
            claim=known.jwt_permissions_claim,
            scopes=known.jwt_scope_permissions,
            tenant_claim=known.jwt_tenant_claim,
        )

        _, access = Policy.of(said, tenant_claim=known.jwt_tenant_claim).access_of(
            event["requestContext"], asked=event["headers"]["x-tenant"]
        )
        assert access.reach([Permission.READ, Permission.WRITE]) >= Reach.OWN


class TestArguments:
    def test_a_program_passes_them_itself(self) -> None:
        rule = ApiPermissionArgs(principal=ADMIN, permissions="rw", tenants=["shop"])

        def program() -> None:
            values: dict[str, Any] = {"api_permissions": [rule], "api_tenants": ["shop"]}
            BackgroundTasks("tasks", BackgroundTasksArgs(vendor_dependencies=False, **values))

        found = run_program(program).one(FUNCTION, "tasks-api")["environment"]["variables"]

        assert json.loads(found["API_ACCESS"]) == {
            "tenants": ["shop"],
            "principals": [{"principal": ADMIN, "permissions": "rw", "tenants": ["shop"]}],
        }

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            (
                {"api_permissions": [ApiPermissionArgs(principal=ADMIN, permissions="x")]},
                'letters of "rwd"',
            ),
            ({"api_permissions": [RULE]}, "takes ApiPermissionArgs"),
            (
                {"api_permissions": [ApiPermissionArgs(principal="x", permissions="r")]},
                "no ARN of a caller",
            ),
            ({"api_permissions": [5]}, "takes ApiPermissionArgs"),
            ({"api_permissions": "r"}, "takes a list"),
            ({"api_tenants": "root"}, "takes a list"),
            ({"api_tenants": [""]}, "has 1 to 256 bytes"),
            ({"jwt_scope_permissions": {"a": "x"}}, 'letters of "rwd"'),
            ({"jwt_scope_permissions": {"a": "r"}}, "is about JWTs"),
            ({"jwt_permissions_claim": "p"}, "is about JWTs"),
            (
                {
                    "jwt_issuer": "https://x.example",
                    "jwt_audience": ["x"],
                    "api_permissions": [
                        ApiPermissionArgs(principal=ADMIN, permissions="r"),
                    ],
                },
                "takes the tokens of jwt_issuer",
            ),
        ],
    )
    def test_what_the_config_refuses_is_refused(self, values: dict[str, Any], said: str) -> None:
        def program() -> None:
            BackgroundTasks("tasks", BackgroundTasksArgs(vendor_dependencies=False, **values))

        with pytest.raises(ConfigError, match=rf"(?s)BackgroundTasksArgs\(.*{said}.*Next: "):
            run_program(program)

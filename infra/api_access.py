"""Who may do what through the API: as a stack's config says it, and as the Lambda reads it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from handler.contract import (
    DEFAULT_TENANT,
    EVERY_TENANT,
    MAX_TENANT_BYTES,
    OWN,
    Permission,
)
from infra.config_errors import refusal
from infra.config_values import Text

RULES_TAKE: Final = (
    "rules, each with a principal (the ARN of a caller, in which * and ? stand for anything but /;"
    ' or "*"), permissions (letters of rwd and own, such as "rwd" or "r own"), and, if they are'
    " others than apiTenants, tenants"
)
# The ARNs of those who sign requests (IAM user guide, "IAM identifiers" and "AWS JSON policy
# elements: Principal"): the account, a user, and the session of a role or of a federated user.
_PRINCIPAL: Final = re.compile(
    r"arn:[a-z*?-]+:(iam::[0-9*?]+:(root|user/\S+)"
    r"|sts::[0-9*?]+:(assumed-role/[^\s/]+|federated-user)/[^\s/]+)"
)
_SMOKE_TEST: Final = "smoke-test"
_ROLE: Final = re.compile(r"arn:[^:]+:iam::[^:]+:role/")


def is_permissions(text: str) -> bool:
    """Whether a text says what somebody may do: letters, `own`, or both."""
    letters, _, own = text.partition(" ")
    if text == OWN:
        return True
    is_letters = 0 < len(letters) == len(set(letters)) and set(letters) <= {*Permission}
    return is_letters and (own == OWN or " " not in text)


def _permissions(text: str) -> str:
    if is_permissions(text):
        return text
    raise refusal('it takes letters of "rwd", each once, and "own", such as "rw" or "r own"')


def _principal(pattern: str) -> str:
    if _ROLE.match(pattern):
        raise refusal(
            "a role does not sign requests, its sessions do:"
            " arn:*:sts::<account>:assumed-role/<role>/*, without the role's path"
        )
    if pattern == "*" or _PRINCIPAL.fullmatch(pattern):
        return pattern
    raise refusal(
        'it is no ARN of a caller, such as "arn:*:sts::*:assumed-role/Admin/*" or'
        ' "arn:*:iam::111122223333:user/ann", and not "*"'
    )


def _tenant(name: str) -> str:
    if 0 < len(name.encode()) <= MAX_TENANT_BYTES:
        return name
    raise refusal("a tenant's name has 1 to 256 bytes")


PermissionsText = Annotated[Text, AfterValidator(_permissions)]
Principal = Annotated[Text, AfterValidator(_principal)]
Tenant = Annotated[Text, AfterValidator(_tenant)]


class ApiRule(BaseModel):
    """A rule of the config key `apiPermissions`."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel)

    principal: Principal
    permissions: PermissionsText
    tenants: Annotated[tuple[Tenant, ...] | None, Field(min_length=1)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiPermissionArgs:
    """What callers whom IAM knows may do through the API. Every rule that fits a caller counts.

    Args:
        principal: the ARN of a caller, in which `*` and `?` stand for anything but `/`; or "*".
        permissions: letters of "rwd", "own", or both: "rwd", "r", "own", "rw own".
        tenants: with the tasks of these tenants, "*" is every one; by default `api_tenants`.
    """

    principal: str
    permissions: str
    tenants: Sequence[str] | None = None


def document(
    *,
    tenants: Sequence[Any],
    rules: Sequence[ApiRule | ApiPermissionArgs],
    claim: Any,
    scopes: Mapping[str, Any],
) -> dict[str, Any]:
    """What the variable `API_ACCESS` says; nothing, where all is as it is without a config."""
    said: dict[str, Any] = {}
    if tenants:
        said["tenants"] = [str(each) for each in tenants]
    if rules:
        said["principals"] = [_rule(rule) for rule in rules]
    if claim != "":
        said["claim"] = claim
    if scopes:
        said["scopes"] = dict(scopes)
    return said


def somebody(
    *,
    tenants: Sequence[str],
    rules: Sequence[ApiPermissionArgs],
    claim: str,
    scopes: Mapping[str, str],
    tenant_claim: str,
) -> dict[str, Any]:
    """The part of an event that says who asks: somebody who may read and change tasks.

    It is for who invokes the API's Lambda, and not for who asks API Gateway. Where the config has
    nobody who may do both, it is somebody else, who is refused.
    """
    if rules:
        rule = next((each for each in rules if _reads_and_changes(each.permissions)), rules[0])
        tenants = rule.tenants or tenants
        authorizer: dict[str, Any] = {"iam": {"userArn": _arn_of(rule.principal)}}
    else:
        claims = {"sub": _SMOKE_TEST}
        if tenant_claim:
            claims[tenant_claim], tenants = DEFAULT_TENANT, ()
        if claim:
            claims[claim] = "".join(Permission)
        if scopes:
            claims["scope"] = " ".join(scopes)
        authorizer = {"jwt": {"claims": claims}}
    is_root = not tenants or {DEFAULT_TENANT, EVERY_TENANT} & {*tenants}
    return {
        "requestContext": {"authorizer": authorizer},
        "headers": {"x-tenant": DEFAULT_TENANT if is_root else tenants[0]},
    }


def _reads_and_changes(permissions: str) -> bool:
    return permissions == OWN or {Permission.READ, Permission.WRITE} <= {*permissions}


def _arn_of(pattern: str) -> str:
    """An ARN that a pattern stands for."""
    if pattern == "*":
        return f"arn:{_SMOKE_TEST}:sts::{_SMOKE_TEST}:assumed-role/{_SMOKE_TEST}/{_SMOKE_TEST}"
    return pattern.replace("*", _SMOKE_TEST).replace("?", "s")


def _rule(rule: ApiRule | ApiPermissionArgs) -> dict[str, Any]:
    said: dict[str, Any] = {"principal": rule.principal, "permissions": rule.permissions}
    return said if rule.tenants is None else said | {"tenants": list(rule.tenants)}

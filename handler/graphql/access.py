"""Who may do what: what the stack's config, and a caller's token, say of it."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from handler.contract import DEFAULT_TENANT, EVERY_TENANT, EnvVar, ErrorCode
from handler.errors import Refused, SettingsError
from handler.graphql.permissions import EVERYTHING, Access, Grant
from handler.record import cut, to_text

_MAX_SHOWN_CHARACTERS: Final = 60
_MAX_SHOWN_TENANTS: Final = 10
# The claims of scopes: a text with spaces (RFC 8693, 4.2), or what some providers call theirs.
_SCOPES: Final = ("scope", "scp")
Tenants = frozenset[str] | None
"""Some tenants; `None`: every one."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What the callers of a pattern may do: the ARNs of IAM's principals."""

    principal: re.Pattern[str]
    grant: Grant


@dataclass(frozen=True, slots=True)
class Policy:
    """Who may do what, as the stack's config says.

    Args:
        tenants: whose tasks a caller may name by `x-tenant`, of whom nothing else says it.
        rules: of callers that IAM knows; every one that fits counts. `None`: each may do all.
        permissions_claim: the claim of a token that has its permissions; empty: there is none.
        scopes: what a scope of a token grants; `None`: nothing is by scopes.
        tenant_claim: the claim of a token that has its tenants; empty: there is none.
    """

    tenants: Tenants
    rules: tuple[Rule, ...] | None
    permissions_claim: str
    scopes: Mapping[str, Grant] | None
    tenant_claim: str

    @classmethod
    def of(cls, access: str, *, tenant_claim: str) -> "Policy":
        """The policy that the settings of a stack say. Raises `SettingsError`."""
        return _policy(access, tenant_claim)

    def access_of(self, caller: Mapping[str, Any], *, asked: str | None) -> tuple[str, Access]:
        """The tenant whose tasks a request is about, and what the caller may do with them.

        Args:
            caller: the `requestContext` of API Gateway (payload format 2.0).
            asked: the header `x-tenant`.

        Raises:
            Refused: the caller may not ask for that tenant, or has to name one of several.
        """
        tenants = self._tenants_of(caller)
        grants, from_where = self._grants_of(caller, tenants)
        own = _united(grants, tenants)
        tenant = _chosen(own, asked, is_claimed=bool(self.tenant_claim))
        return tenant, Access(tuple(each for each in grants if each.is_for(tenant)), from_where)

    def _tenants_of(self, caller: Mapping[str, Any]) -> Tenants:
        """Whose tasks a caller may name, where no rule of the config says it."""
        if not self.tenant_claim:
            return self.tenants
        named = _items(_claims(caller).get(self.tenant_claim))
        if not named:
            raise _not_authorized(
                f'The token has no claim "{self.tenant_claim}", which names its tenant.'
            )
        return frozenset(named)

    def _grants_of(
        self, caller: Mapping[str, Any], tenants: Tenants
    ) -> tuple[tuple[Grant, ...], str]:
        """What is granted to a caller, and where that is said."""
        if self.rules is not None:
            arn = _arn_of(caller)
            found = (rule.grant for rule in self.rules if arn and rule.principal.fullmatch(arn))
            return tuple(found), 'the config key "apiPermissions", for your principal'
        if not self.permissions_claim and self.scopes is None:
            return (Grant(EVERYTHING.permissions, tenants=tenants),), ""
        return self._grants_of_token(_claims(caller), tenants)

    def _grants_of_token(
        self, claims: Mapping[str, Any], tenants: Tenants
    ) -> tuple[tuple[Grant, ...], str]:
        grants: list[Grant] = []
        places: list[str] = []
        if self.permissions_claim:
            words = " ".join(_items(claims.get(self.permissions_claim)))
            if grant := Grant.of(words, tenants):
                grants.append(grant)
            places.append(f'the claim "{self.permissions_claim}" of your token')
        if self.scopes is not None:
            scopes = {scope for name in _SCOPES for scope in _words(claims.get(name))}
            known = (self.scopes[scope] for scope in sorted(scopes) if scope in self.scopes)
            grants += [Grant(each.permissions, each.is_own, tenants) for each in known]
            places.append('a scope of your token that the config key "jwtScopePermissions" has')
        return tuple(grants), ", or by ".join(places)


def pattern_of(principal: str) -> re.Pattern[str]:
    """What the ARNs of a pattern look like: all of one, in its case.

    `*` stands for any characters but `/`, `?` for one of these; `*` alone is every principal. A
    wildcard ends at a `/` since behind it a caller may stand with a name of its own choice: that of
    a session, in `assumed-role/<role>/<session>`.
    """
    if principal == "*":
        return re.compile(".*", re.DOTALL)
    parts = {"*": "[^/]*", "?": "[^/]"}
    return re.compile("".join(parts.get(each, re.escape(each)) for each in principal), re.DOTALL)


@functools.lru_cache(maxsize=4)
def _policy(access: str, tenant_claim: str) -> Policy:
    """The policy of the variable `API_ACCESS`: what is wrong with it lets nobody in."""
    try:
        said: Mapping[str, Any] = json.loads(access or "{}")
        tenants = _tenants(said.get("tenants", [DEFAULT_TENANT]))
        rules = said.get("principals")
        scopes = said.get("scopes")
        return Policy(
            tenants=tenants,
            rules=None if rules is None else tuple(_rule(rule, tenants) for rule in rules),
            permissions_claim=str(said.get("claim", "")),
            scopes=None if scopes is None else {name: _grant(scopes[name]) for name in scopes},
            tenant_claim=tenant_claim,
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise SettingsError(
            f"{EnvVar.API_ACCESS} says nothing that the API understands: {error!r:.100}. Next: set"
            " apiPermissions, apiTenants and jwtScopePermissions in the stack's config, and deploy."
        ) from error


def _rule(said: Mapping[str, Any], tenants: Tenants) -> Rule:
    own = said.get("tenants")
    whose = tenants if own is None else _tenants(own)
    return Rule(pattern_of(said["principal"]), _grant(said["permissions"], whose))


def _grant(said: str, tenants: Tenants = None) -> Grant:
    if grant := Grant.of(said, tenants):
        return grant
    raise ValueError(f"{said!r:.60} grants nothing")


def _tenants(said: list[str]) -> Tenants:
    if not isinstance(said, list) or not all(isinstance(each, str) and each for each in said):
        raise ValueError(f"{said!r:.60} is no list of tenants")
    return None if EVERY_TENANT in said else frozenset(said)


def _united(grants: tuple[Grant, ...], otherwise: Tenants) -> Tenants:
    """The tenants of all grants; whoever has none is refused by each operation, and not here."""
    if not grants:
        return otherwise
    if any(grant.tenants is None for grant in grants):
        return None
    return frozenset(tenant for grant in grants for tenant in grant.tenants or ())


def _chosen(own: Tenants, asked: str | None, *, is_claimed: bool) -> str:
    if asked:
        if own is None or asked in own:
            return asked
        raise _another_tenant(own, asked, is_claimed=is_claimed)
    if own is None or DEFAULT_TENANT in own:
        return DEFAULT_TENANT
    if len(own) == 1:
        return next(iter(own))
    raise _not_authorized(
        f"You may ask for the tasks of several tenants: {_listed(own)}. Next: name one in the"
        " header x-tenant."
    )


def _another_tenant(own: frozenset[str], asked: str, *, is_claimed: bool) -> Refused:
    shown = cut(to_text(asked), _MAX_SHOWN_CHARACTERS)
    if is_claimed and len(own) == 1:
        return _not_authorized(
            f'The token is of another tenant than "{shown}". Next: leave out the header x-tenant.'
        )
    if is_claimed:
        return _not_authorized(
            f'The token is of other tenants than "{shown}": {_listed(own)}. Next: name one of these'
            " in the header x-tenant."
        )
    return _not_authorized(
        f'x-tenant is "{shown}", and you may ask for the tasks of {_listed(own)}. Next: leave out'
        ' the header, or have the tenant in the config key "apiTenants", or in the tenants of your'
        " principal (apiPermissions)."
    )


def _listed(tenants: frozenset[str]) -> str:
    shown = [f'"{cut(to_text(each), _MAX_SHOWN_CHARACTERS)}"' for each in sorted(tenants)]
    others = " and others" if len(shown) > _MAX_SHOWN_TENANTS else ""
    return ", ".join(shown[:_MAX_SHOWN_TENANTS]) + others


def _arn_of(caller: Mapping[str, Any]) -> str:
    arn = ((caller.get("authorizer") or {}).get("iam") or {}).get("userArn")
    return arn if isinstance(arn, str) else ""


def _claims(caller: Mapping[str, Any]) -> Mapping[str, Any]:
    return ((caller.get("authorizer") or {}).get("jwt") or {}).get("claims") or {}


def _items(claim: object) -> tuple[str, ...]:
    """What a claim lists: of a list, its items; of a text, that text alone.

    API Gateway hands over each claim as a text: a list with the items a and b is `[a b]`. (No page
    of AWS's says so: github.com/aws-solutions-library-samples/
    guidance-for-claude-code-with-amazon-bedrock, issue 802, has what was measured.) So an item that
    has a space is two.
    """
    if not isinstance(claim, str) or not claim:
        return ()
    is_list = claim.startswith("[") and claim.endswith("]")
    return tuple(claim[1:-1].split()) if is_list else (claim,)


def _words(claim: object) -> tuple[str, ...]:
    """The scopes of a claim: a text with spaces, or a list."""
    return tuple(word for item in _items(claim) for word in item.split())


def _not_authorized(message: str) -> Refused:
    return Refused(f"Not authorized! {message}", code=ErrorCode.SECURITY_NOT_AUTHORIZED)

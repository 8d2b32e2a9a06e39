"""Refuses arguments that don't go together, or that must be known before anything is deployed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from types import UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

import pulumi
from pydantic import TypeAdapter, ValidationError
from pydantic.alias_generators import to_snake

from infra.api_access import (
    RULES_TAKE,
    ApiPermissionArgs,
    ApiRule,
    PermissionsText,
    Tenant,
)
from infra.arguments import BackgroundTasksArgs, WorkerArgs, takes_output
from infra.config_errors import KEY
from infra.config_values import MAX_WORKERS, WORKERS_TAKE, Workers, alike
from infra.errors import ConfigError
from infra.existing import BUCKET, BUS, TABLE

# Each of a pair needs the other.
_PAIRS = (("subnet_ids", "security_group_ids"), ("jwt_issuer", "jwt_audience"))
# What only tokens have needs an issuer of tokens.
_OF_TOKENS = (
    "jwt_scopes",
    "jwt_tenant_claim",
    "jwt_permissions_claim",
    "jwt_scope_permissions",
)
_WORKERS: Final = TypeAdapter(Workers)
_ACCESS: Final[Mapping[str, TypeAdapter[Any]]] = {
    "api_permissions": TypeAdapter(tuple[ApiRule, ...]),
    "api_tenants": TypeAdapter(tuple[Tenant, ...]),
    "jwt_scope_permissions": TypeAdapter(dict[str, PermissionsText]),
}
_ACCESS_TAKES: Final = {
    "api_permissions": f"ApiPermissionArgs: {RULES_TAKE}",
    "api_tenants": 'tenants, or "*" for every one',
    "jwt_scope_permissions": 'permissions by scopes, such as {"tasks/read": "r"}',
}


def check_arguments(args: BackgroundTasksArgs) -> None:
    """Looks at what can be known of the arguments before a resource is registered.

    Raises:
        ConfigError: with a line for each argument that is refused.
    """
    found = (_unfit, _incomplete, _unlayered, _without_schema, _wrong_workers, _wrong_access)
    if problems := [problem for look in found for problem in look(args)]:
        raise ConfigError("\n".join(problems))


def _unfit(args: BackgroundTasksArgs) -> Iterator[str]:
    for name, hint in [(each.name, each.type) for each in fields(args)]:
        value = getattr(args, name)
        if isinstance(value, pulumi.Output) and not takes_output(hint):
            yield (
                f"BackgroundTasksArgs({name}=...) is an Output, and decides which resources there"
                " are: it takes a value that is known beforehand. Next: pass a value of the program"
                " or of its config."
            )
        elif get_origin(hint) is Literal and value not in get_args(hint):
            yield (
                f"BackgroundTasksArgs({name}={value!r}) takes one of {_listed(get_args(hint))}."
                " Next: pass one of these."
            )
        elif hint is Path and not isinstance(value, Path):
            yield (
                f"BackgroundTasksArgs({name}={value!r}) takes a pathlib.Path. Next:"
                f" Path({value!r})."
            )
        elif (wanted := _wanted(hint, value)) is not None:
            yield (
                f"BackgroundTasksArgs({name}={value!r}) takes {wanted}. Next: pass one; a value of"
                " the config is a text, and pulumi.Config has require_bool, require_int and"
                " require_object."
            )
    for kind in (BUS, TABLE, BUCKET):
        arn = getattr(args, kind.argument)
        if isinstance(arn, str) and not kind.matches(arn):
            yield kind.refusal(arn)


def _wanted(hint: object, value: object) -> str | None:
    """What an argument takes, in words, if the value is not of that kind."""
    if hint is bool and not isinstance(value, bool):
        return "True or False"
    if hint is int and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        return "a whole number from 0"
    if _is_list(hint) and isinstance(value, str | Mapping):
        return "a list"
    if get_origin(hint) is Mapping and not isinstance(value, Mapping):
        return "a dict"
    return None


def _is_list(hint: object) -> bool:
    """Whether a type is a sequence, or an Input of one, or None besides."""
    return get_origin(hint) is Sequence or any(_is_list(each) for each in _parts(hint))


def _parts(hint: object) -> tuple[object, ...]:
    """The members of a union; of anything else, nothing."""
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else ()


def _incomplete(args: BackgroundTasksArgs) -> Iterator[str]:
    for pair in _PAIRS:
        given = [name for name in pair if _is_given(getattr(args, name))]
        if len(given) == 1:
            [lacking] = {*pair} - {*given}
            yield (
                f"BackgroundTasksArgs({given[0]}=...) goes together with {lacking}, which is not"
                f" given. Next: pass {lacking} too, or neither."
            )
    for name in _OF_TOKENS:
        if _is_given(getattr(args, name)) and not _is_given(args.jwt_issuer):
            yield (
                f"BackgroundTasksArgs({name}=...) is about JWTs, and there is no jwt_issuer: the"
                f" API takes IAM signatures. Next: pass jwt_issuer and jwt_audience, or no {name}."
            )


def _unlayered(args: BackgroundTasksArgs) -> Iterator[str]:
    if (args.tracing == "otel") != _is_given(args.otel_layer_arn):
        yield (
            f'BackgroundTasksArgs(tracing="{args.tracing}") and otel_layer_arn go together: "otel"'
            " needs the ARN of a layer, and nothing else uses one. Next: pass both, or neither."
        )


def _without_schema(args: BackgroundTasksArgs) -> Iterator[str]:
    if args.graphiql and not args.introspection:
        yield (
            "BackgroundTasksArgs(graphiql=True) needs introspection, which is False: the page asks"
            " the API for its schema. Next: pass introspection=True, or no graphiql."
        )


def _wrong_workers(args: BackgroundTasksArgs) -> Iterator[str]:
    """What a config key `workers` doesn't take either."""
    given: object = args.workers
    if not isinstance(given, Mapping):
        return  # `_unfit` says so
    if len(given) > MAX_WORKERS:
        yield (
            f"BackgroundTasksArgs(workers=...) has {len(given)} workers; it takes at most"
            f" {MAX_WORKERS}. Next: let tasks that need the same share one."
        )
    if pair := alike(given):
        yield (
            f"BackgroundTasksArgs(workers=...) has {pair[0]!r} and {pair[1]!r}, which differ in"
            " case alone, and IAM knows no case. Next: give one of them another name."
        )
    for name, worker in given.items():
        said = f"BackgroundTasksArgs(workers={{{name!r}: {worker!r}}})"
        if not isinstance(worker, WorkerArgs):
            yield f"{said} has something else than a WorkerArgs. Next: WorkerArgs(memory_mb=4096)."
        elif wrong := _wrong_worker(name, worker):
            yield f"{said} is not allowed ({wrong}); it takes {WORKERS_TAKE}. Next: pass one."


def _wrong_access(args: BackgroundTasksArgs) -> Iterator[str]:
    """What the config keys of who may do what don't take either."""
    for name, kind in _ACCESS.items():
        given = getattr(args, name)
        if isinstance(given, str | pulumi.Output):
            continue  # `_unfit` says so
        try:
            kind.validate_python(_plain(given), by_name=True)
        except ValidationError as error:
            first = error.errors()[0]
            yield (
                f"BackgroundTasksArgs({name}={given!r:.200}) is not allowed"
                f" ({first['msg']}); it takes {_ACCESS_TAKES[name]}. Next: pass these."
            )
    if _is_given(args.api_permissions) and _is_given(args.jwt_issuer):
        yield (
            "BackgroundTasksArgs(api_permissions=...) is about the principals of IAM, and the API"
            " takes the tokens of jwt_issuer. Next: pass jwt_permissions_claim or"
            " jwt_scope_permissions, or no jwt_issuer."
        )


def _plain(given: Any) -> Any:
    """A value as the config has it: rules are mappings there, and nothing else is one here."""
    if not isinstance(given, list | tuple):
        return given
    return [_plain_rule(each) for each in given]


def _plain_rule(given: object) -> object:
    if isinstance(given, ApiPermissionArgs):
        return asdict(given)
    return None if isinstance(given, Mapping) else given


def _wrong_worker(name: object, worker: WorkerArgs) -> str:
    """The first thing that is wrong with a worker; "" if nothing is."""
    try:
        _WORKERS.validate_python({name: asdict(worker)}, by_name=True, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        reason = str(first.get("ctx", {}).get("error") or first["msg"])
        argument = "" if first["loc"][-1] == KEY else f"{to_snake(str(first['loc'][-1]))}: "
        return f"{argument}{reason}"
    return ""


def _is_given(value: Any) -> bool:
    return isinstance(value, pulumi.Output) or value not in (None, "", (), [], {})


def _listed(values: tuple[object, ...]) -> str:
    return ", ".join(map(repr, values))

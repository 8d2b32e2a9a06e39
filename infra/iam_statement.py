"""IAM statements in a stack's config: what the tasks' own code may do."""

import math
import re
from decimal import Decimal
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

EVERYTHING: Final = "*"
ACTION: Final = re.compile(r"[a-z0-9-]+:(?P<name>[A-Za-z0-9*?]+)")
# "*" is any characters, "?" is any one (IAM user guide, "IAM JSON policy elements: Action"). So a
# pattern names an action by its letters alone. AWS's verbs have three and more (Get, Put, Tag):
# fewer in a row, as in "*e*", stand in nearly every name.
NAMES_ACTIONS: Final = re.compile(r"[A-Za-z0-9]{3}")
# The parts of an ARN. IAM takes no wildcard for the service; in the others, one at the end may
# stand for several parts (IAM user guide, "IAM JSON policy elements: Resource"): all are required,
# so that it can't.
ARN: Final = re.compile(
    r"arn:[a-z*?-]+:(?P<service>[a-z0-9-]+):[a-z0-9*?-]*:[a-z0-9*?]*:(?P<resource>.+)", re.DOTALL
)
NAMES_RESOURCES: Final = re.compile(r"[^*?:/]")
# Keys whose value is an account's id (IAM user guide, "AWS global condition context keys").
ACCOUNT_KEY: Final = re.compile(r"account(id)?$", re.IGNORECASE)
ACCOUNT_DIGITS: Final = 12


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _is_action(action: str) -> str:
    parts = ACTION.fullmatch(action)
    # A name without a wildcard is one action, however short it is.
    if parts and (set("*?").isdisjoint(action) or NAMES_ACTIONS.search(parts["name"])):
        return action
    raise ValueError(
        f'"{action}" is not an action like "s3:GetObject" or "s3:Get*"; name the actions that'
        " the tasks need"
    )


def _is_resource(resource: str) -> str:
    if resource == EVERYTHING or ARN.fullmatch(resource):
        return resource
    raise ValueError(
        f'"{resource}" is not an ARN: it has six parts, and the third is a service\'s name, without'
        ' wildcards. Where an action takes no ARN, write "*" and a Sid that says so'
    )


def _is_everything(resource: str) -> bool:
    """Whether nothing of the resource's own part is named: it is every resource of its service."""
    parts = ARN.fullmatch(resource)
    return parts is None or not NAMES_RESOURCES.search(parts["resource"])


Actions = Annotated[
    list[Annotated[str, AfterValidator(_is_action)]], BeforeValidator(_as_list), Field(min_length=1)
]
Resources = Annotated[
    list[Annotated[str, AfterValidator(_is_resource)]],
    BeforeValidator(_as_list),
    Field(min_length=1),
]


def _texts(conditions: object) -> object:
    """The values of each operator's keys, as text: IAM takes no other (`"true"`, `"8080"`)."""
    if not isinstance(conditions, dict):
        return conditions  # refused by its type
    return {key: _text_or_list(key, value) for key, value in conditions.items()}


def _text_or_list(key: object, value: object) -> object:
    if isinstance(value, list) and value:
        return [_text(key, item) for item in value]
    return _text(key, value)


def _text(key: object, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int) or (isinstance(value, float) and math.isfinite(value)):
        return _number(str(key), value)
    raise ValueError(
        f'"{key}" has the value {value!r:.60}; it takes a text, a boolean, a number, or a list of'
        " these that is not empty"
    )


def _number(key: str, value: float) -> str:
    """A number without an exponent: an account's id must not become 1.23456789012E+11."""
    text = format(Decimal(repr(value)), "f") if value else "0"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    if ACCOUNT_KEY.search(key) and len(text) != ACCOUNT_DIGITS:
        raise ValueError(
            f'"{key}" is the number {text}, and an account\'s id has {ACCOUNT_DIGITS} digits: YAML'
            ' drops leading zeros. Put the id in quotes: "012345678901"'
        )
    return text


ConditionOperator = Annotated[dict[str, str | list[str]], BeforeValidator(_texts)]


class IamStatement(BaseModel):
    """One IAM statement, with IAM's own keys.

    It must name its actions, and its resources by ARN: a pattern that is equal to all actions or to
    all resources of a service names none. Some actions (`cloudwatch:PutMetricData`) take no ARN:
    `Resource` may be "*" if a `Sid` says why, so that nobody writes it by accident.
    The values of a `Condition` may be texts, booleans and numbers, as YAML has them.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=str.capitalize, strict=True
    )

    sid: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")] | None = None
    effect: Literal["Allow", "Deny"]
    action: Actions
    resource: Resources
    condition: dict[str, ConditionOperator] | None = None

    @model_validator(mode="after")
    def _requires_a_reason_for_every_resource(self) -> "IamStatement":
        for resource in filter(_is_everything, self.resource):
            if self.effect == "Allow" and not self.sid:
                raise ValueError(
                    f'Resource "{resource}" is every resource; name ARNs, or add a Sid that says'
                    " why the action takes none"
                )
        return self

    def to_iam(self) -> dict[str, object]:
        return self.model_dump(by_alias=True, exclude_none=True)

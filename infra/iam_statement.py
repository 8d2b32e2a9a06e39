"""IAM statements in a stack's config: what the tasks' own code may do."""

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

EVERYTHING: Final = "*"
ACTION: Final = re.compile(r"[a-z0-9-]+:(?!\*$)[A-Za-z0-9*?]+")


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


def _is_action(action: str) -> str:
    if not ACTION.fullmatch(action):
        raise ValueError(
            f'"{action}" is not an action like "s3:GetObject" or "s3:Get*"; name the actions that'
            " the tasks need"
        )
    return action


Actions = Annotated[
    list[Annotated[str, AfterValidator(_is_action)]], BeforeValidator(_as_list), Field(min_length=1)
]
Resources = Annotated[
    list[Annotated[str, Field(min_length=1)]], BeforeValidator(_as_list), Field(min_length=1)
]


class IamStatement(BaseModel):
    """One IAM statement, with IAM's own keys.

    It must name its actions, and its resources by ARN. Some actions (`cloudwatch:PutMetricData`)
    take no ARN: `Resource` may be "*" if a `Sid` says why, so that nobody writes it by accident.
    """

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=str.capitalize, strict=True
    )

    sid: Annotated[str, Field(pattern=r"^[A-Za-z0-9]+$")] | None = None
    effect: Literal["Allow", "Deny"]
    action: Actions
    resource: Resources
    condition: dict[str, dict[str, str | list[str]]] | None = None

    @model_validator(mode="after")
    def _requires_a_reason_for_every_resource(self) -> "IamStatement":
        if self.effect == "Allow" and EVERYTHING in self.resource and not self.sid:
            raise ValueError(
                'Resource "*" is every resource of the account; name ARNs, or add a Sid that says'
                " why the action takes none"
            )
        return self

    def to_iam(self) -> dict[str, object]:
        return self.model_dump(by_alias=True, exclude_none=True)

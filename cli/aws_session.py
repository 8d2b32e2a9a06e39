"""The boto3 session of whoever runs a stack: in the profile and the roles that its config names."""

import json
from collections.abc import Callable, Mapping, Sequence

import boto3


def session_of(setting: Callable[[str], str], *, name: str) -> boto3.Session:
    """The session, as Pulumi's provider makes its own from the same config.

    Args:
        setting: the value of a config key, such as `aws:region`; empty where it isn't set.
        name: what CloudTrail calls the session of a role.
    """
    region = setting("aws:region") or None
    session = boto3.Session(profile_name=setting("aws:profile") or None, region_name=region)
    for role in _roles(setting):
        said = session.client("sts").assume_role(
            RoleArn=role["roleArn"],
            RoleSessionName=role.get("sessionName", name),
            **({"ExternalId": role["externalId"]} if "externalId" in role else {}),
        )["Credentials"]
        session = boto3.Session(
            said["AccessKeyId"],
            said["SecretAccessKey"],
            said["SessionToken"],
            region_name=region,
        )
    return session


def _roles(setting: Callable[[str], str]) -> Sequence[Mapping[str, str]]:
    roles: Sequence[Mapping[str, str]] = json.loads(setting("aws:assumeRoles") or "[]")
    return roles

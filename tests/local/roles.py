"""The roles of the deployed stack, as tests use them: what they may do, and somebody who may it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from infra.function import LIVE
from local.access import Access, Client
from tests.running import Running

Document = dict[str, Any]
Grant = tuple[str, str]  # an action, and what it is allowed on: "payloads"

# What the end of an ARN says of what it is, the first that fits.
_KINDS = {
    "/index/*": "indexes",
    "-tasks": "table",
    "-bus": "bus",
    "/tasks/*": "payloads",
    "-state-machine:*": "executions",
    "-state-machine": "state machine",
    "-undelivered": "dead letters",
    "-recovery-failures": "failures",
    f"-worker:{LIVE}": "worker",
    ":log-stream:*": "log",
    "*": "*",
}

# A policy has at least one statement.
_NOTHING = {"Effect": "Deny", "Action": ["iam:*"], "Resource": ["*"]}


def kind_of(arn: str) -> str:
    found = (kind for end, kind in _KINDS.items() if arn.endswith(end))
    return next(found, "bucket" if arn.startswith("arn:aws:s3:::") else arn)


def names_of_roles(aws: Running) -> list[str]:
    return [role["RoleName"] for role in aws.client("iam").list_roles()["Roles"]]


@dataclass(frozen=True)
class Role:
    """A role of the stack, by what its name has behind the stack's. Its policy has the same."""

    aws: Running
    suffix: str

    @property
    def stem(self) -> str:
        """The name of the function, or other resource, that the role is for."""
        worker = str(self.aws.deployed.outputs["workerFunctionName"])
        return f"{worker.removesuffix('-worker')}-{self.suffix}"

    @cached_property
    def name(self) -> str:
        """Behind the stem it has some digits, which tell regions apart."""
        names = names_of_roles(self.aws)
        [name] = [name for name in names if name.rpartition("-")[0] == self.stem]
        return name

    @property
    def document(self) -> Document:
        found: Document = self._iam.get_role_policy(RoleName=self.name, PolicyName=self.name)[
            "PolicyDocument"
        ]
        return found

    @property
    def grants(self) -> set[Grant]:
        return {
            (action, kind_of(resource))
            for statement in self.document["Statement"]
            for action in statement["Action"]
            for resource in statement["Resource"]
        }

    @contextmanager
    def without(self, action: str, kind: str | None = None) -> Iterator[None]:
        """Takes an action away, on what is of this kind, or on everything."""
        with self.having(_without(self.document, action, kind)):
            yield

    @contextmanager
    def having(self, document: Document) -> Iterator[None]:
        """Gives the role another policy."""
        before = self.document
        assert document != before
        self._put(document)
        try:
            yield
        finally:
            self._put(before)

    @contextmanager
    def trusting(self, *, source: str) -> Iterator[None]:
        """Has the role trust its service for another resource."""
        role = self._iam.get_role(RoleName=self.name)["Role"]
        before = json.dumps(role["AssumeRolePolicyDocument"])
        after = json.loads(before)
        for statement in after["Statement"]:
            statement["Condition"]["ArnEquals"]["aws:SourceArn"] = source
        self._trust(json.dumps(after))
        try:
            yield
        finally:
            self._trust(before)

    @contextmanager
    def access(self) -> Iterator[Access]:
        """Somebody who may do what the role may: what it may now, and what it is given later."""
        user = {"UserName": f"as-{self.name}"}
        self._iam.create_user(**user)
        self._iam.put_user_policy(
            **user, PolicyName="its", PolicyDocument=json.dumps(self.document)
        )
        key = self._iam.create_access_key(**user)["AccessKey"]
        try:
            yield replace(
                self.aws.deployed.access,
                access_key_id=key["AccessKeyId"],
                secret_access_key=key["SecretAccessKey"],
            )
        finally:
            self._iam.delete_access_key(**user, AccessKeyId=key["AccessKeyId"])
            self._iam.delete_user_policy(**user, PolicyName="its")
            self._iam.delete_user(**user)

    @property
    def _iam(self) -> Client:
        return self.aws.client("iam")

    def _put(self, document: Document) -> None:
        text = json.dumps(document)
        self._iam.put_role_policy(RoleName=self.name, PolicyName=self.name, PolicyDocument=text)
        with suppress(self._iam.exceptions.NoSuchEntityException):
            self._iam.put_user_policy(
                UserName=f"as-{self.name}", PolicyName="its", PolicyDocument=text
            )

    def _trust(self, document: str) -> None:
        self._iam.update_assume_role_policy(RoleName=self.name, PolicyDocument=document)


def _without(document: Document, action: str, kind: str | None) -> Document:
    """Each statement for each of its resources, without the action on those of this kind."""
    statements = []
    for statement in document["Statement"]:
        for resource in statement["Resource"]:
            is_meant = kind in (None, kind_of(resource))
            kept = [each for each in statement["Action"] if not (is_meant and each == action)]
            if kept:
                statements.append({**statement, "Action": kept, "Resource": [resource]})
    return {**document, "Statement": statements or [_NOTHING]}

"""The AWS clients of a stack, for what goes by no API: in its region, with its own key or roles."""

from dataclasses import dataclass, field
from functools import cached_property

import boto3

from cli.aws_session import session_of
from cli.target import Target
from local.access import Access, Client


@dataclass(frozen=True)
class AwsClients:
    """Makes each client once."""

    target: Target
    _made: dict[str, Client] = field(default_factory=dict, init=False, repr=False, compare=False)

    def client(self, service: str) -> Client:
        """The client of a service, in the region of the stack."""
        if service not in self._made:
            self._made[service] = self._make(service)
        return self._made[service]

    def _make(self, service: str) -> Client:
        if access := self._local:
            return access.client(service)
        return self.session.client(service, region_name=self.target.region)  # type: ignore[call-overload]

    @cached_property
    def session(self) -> boto3.Session:
        """The person's session, in the profile and the roles of the stack's config."""
        return session_of(lambda key: self.target.config.get(key, ""), name="background-tasks")

    @cached_property
    def _local(self) -> Access | None:
        if not self.target.is_local:
            return None
        output = self.target.output
        return Access(
            endpoint_url=output("endpointUrl"),
            region=output("region"),
            access_key_id=output("accessKeyId"),
            secret_access_key=output("secretAccessKey"),
        )

"""Where an AWS account answers, and the key to it."""

from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, TypeAlias

import boto3
from botocore.config import Config

Client: TypeAlias = Any  # a boto3 client: its operations depend on its service


@dataclass(frozen=True)
class Access:
    """An endpoint with the credentials that it accepts. All threads share its clients."""

    endpoint_url: str
    region: str
    access_key_id: str
    secret_access_key: str = field(repr=False)
    _clients: dict[str, Client] = field(default_factory=dict, init=False, repr=False, compare=False)
    _lock: Lock = field(default_factory=Lock, init=False, repr=False, compare=False)

    @cached_property
    def session(self) -> boto3.Session:
        """The boto3 session with the credentials."""
        return boto3.Session(
            aws_access_key_id=self.access_key_id,
            aws_secret_access_key=self.secret_access_key,
            region_name=self.region,
        )

    def client(self, service: str) -> Client:
        """The client of a service, made once.

        Making one is not thread-safe, using one is (boto3, "Session").
        """
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._make(service)
            return self._clients[service]

    def _make(self, service: str) -> Client:
        # Path style: `bucket.127.0.0.1` is not a valid host.
        config = Config(s3={"addressing_style": "path"}, max_pool_connections=50)
        return self.session.client(service, endpoint_url=self.endpoint_url, config=config)  # type: ignore[call-overload]

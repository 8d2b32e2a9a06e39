"""Where an AWS account answers, and the key to it."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from threading import Lock
from typing import Any, TypeAlias

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import (
    BOTOCORE_DEFAUT_SESSION_VARIABLES,
    ChainProvider,
    ConfigValueStore,
    ConstantProvider,
    InstanceVarProvider,
)

Client: TypeAlias = Any  # a boto3 client: its operations depend on its service

_VARIABLES: dict[str, tuple[Any, Any, Any, Any]] = BOTOCORE_DEFAUT_SESSION_VARIABLES


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
            botocore_session=_alone(),
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
        config = Config(
            s3={"addressing_style": "path"},
            max_pool_connections=50,
            proxies={},  # without it, those of the environment
        )
        return self.session.client(service, endpoint_url=self.endpoint_url, config=config)  # type: ignore[call-overload]


def _alone() -> botocore.session.Session:
    """A session with botocore's defaults: it reads no environment, no profile, no config file."""
    session = botocore.session.Session()
    defaults = {name: default for name, (_, _, default, _) in _VARIABLES.items()}
    defaults |= {"profile": None, "config_file": os.devnull, "credentials_file": os.devnull}
    providers = {
        name: ChainProvider([InstanceVarProvider(name, session), ConstantProvider(default)])
        for name, default in defaults.items()
    }
    session.register_component("config_store", ConfigValueStore(providers))
    return session

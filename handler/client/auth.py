"""How the client says who it is: by a signature with AWS credentials, or by a bearer token."""

import re
from collections.abc import Callable
from typing import Any, Final, Protocol, cast
from urllib.parse import urlsplit

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from handler.errors import InvalidInput, SettingsError

# `https://<id>.execute-api.<region>.<domain>/graphql`: what API Gateway calls an HTTP API.
_SERVICE: Final = "execute-api"
_REGION: Final = re.compile(rf"\.{_SERVICE}\.([a-z0-9-]+)\.")
# RFC 6750, section 2.1: what follows "Bearer ".
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")


class Credentials(Protocol):
    """AWS credentials, as botocore and boto3 have them: they renew themselves."""

    def get_frozen_credentials(self) -> Any: ...


class Iam:
    """Signs requests with AWS credentials (Signature Version 4).

    Args:
        credentials: `boto3.Session(...).get_credentials()`, or `botocore.credentials.Credentials`;
            by default those that botocore finds: variables, a profile, the machine's own role.
        region: the API's; by default the one in its URL, or, for a domain of your own, botocore's.
    """

    def __init__(
        self, credentials: Credentials | None = None, *, region: str | None = None
    ) -> None:
        self._credentials = credentials
        self._region = region
        self._session: Any = None

    def sign(self, request: AWSRequest) -> None:
        """Adds the signature's headers.

        Raises:
            SettingsError: there are no credentials, or the region is not known.
        """
        region = self._region or self._found_region(request.url or "")
        frozen = self._found_credentials().get_frozen_credentials()
        SigV4Auth(frozen, _SERVICE, region).add_auth(request)

    def _found_credentials(self) -> Credentials:
        if self._credentials is None:
            self._credentials = self._botocore().get_credentials()
        if self._credentials is None:
            raise SettingsError(
                "There are no AWS credentials to sign requests with. Next: set AWS_PROFILE or"
                " AWS_ACCESS_KEY_ID, or give the client auth=Iam(credentials) or a token."
            )
        return self._credentials

    def _found_region(self, url: str) -> str:
        if found := _REGION.search(urlsplit(url).hostname or ""):
            self._region = found[1]
        else:
            self._region = cast("str | None", self._botocore().get_config_variable("region"))
        if self._region is None:
            raise SettingsError(
                f"{url} doesn't name its region. Next: give the client auth=Iam(region=...)."
            )
        return self._region

    def _botocore(self) -> Any:
        """A session, made when it is first needed: it reads the environment."""
        if self._session is None:
            self._session = botocore.session.Session()
        return self._session


Auth = Iam | str | Callable[[], str]
"""AWS credentials; or a bearer token, or a function that returns one, called for each request."""


def authorize(request: AWSRequest, auth: Auth) -> None:
    """Adds the headers by which the API knows the caller.

    Raises:
        SettingsError: as `Iam.sign`.
        InvalidInput: the token can't be one.
    """
    if isinstance(auth, Iam):
        auth.sign(request)
        return
    token = auth if isinstance(auth, str) else auth()
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        kind = "an empty text" if token == "" else f"a {type(token).__name__} that is no token"
        raise InvalidInput(
            f"The bearer token is {kind}; it takes letters, digits and ._~+/- as RFC 6750 has it,"
            ' without the word "Bearer".'
        )
    request.headers["Authorization"] = f"Bearer {token}"

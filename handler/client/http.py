"""Requests to the API, sent again where that is safe."""

import ipaddress
import itertools
import json
import random
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from urllib.parse import urlsplit

from botocore.awsrequest import AWSRequest
from botocore.exceptions import (
    ConnectionError as ConnectionFailed,
)
from botocore.exceptions import (
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
    ProxyConnectionError,
    SSLError,
)
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from handler.client.answers import MAX_SHOWN_CHARACTERS, error_of_request
from handler.client.auth import Auth, authorize
from handler.clock import Clock
from handler.contract import ErrorCode
from handler.errors import ApiUnavailable, BackgroundTaskError, Refused, RequestError
from handler.record import Json, cut

_FIRST_PAUSE_SECONDS: Final = 0.25
_LONGEST_PAUSE_SECONDS: Final = 8.0
_CONNECT_SECONDS: Final = 10.0
_NOT_SENT: Final = (ConnectTimeoutError, EndpointConnectionError, ProxyConnectionError)
_LOST: Final = (ConnectionFailed, HTTPClientError)

_OK, _NOT_AUTHENTICATED, _FORBIDDEN, _TOO_MANY, _FAULT = 200, 401, 403, 429, 500


@dataclass(frozen=True, slots=True)
class _Response:
    status: int
    text: str

    @property
    def json(self) -> Any:
        """What it says as JSON; `None` where it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return None

    def __str__(self) -> str:
        shown = cut(" ".join(self.text.split()), MAX_SHOWN_CHARACTERS)
        return f"{self.status}: {shown}" if shown else f"{self.status}, without a body"


@dataclass(frozen=True, slots=True)
class Answered:
    """GraphQL's answer.

    Args:
        was_asked_before: whether an earlier attempt, of which the answer was lost, may have done
            what was asked.
    """

    answer: Json
    was_asked_before: bool


@dataclass(frozen=True, slots=True)
class _Failure:
    """Why an attempt has failed.

    Args:
        may_be_done: whether the API may have done what was asked all the same.
        passes: whether it is worth trying again.
        is_of_the_token: whether the token is not valid, or not any more.
    """

    error: BackgroundTaskError
    may_be_done: bool = False
    passes: bool = True
    is_of_the_token: bool = False


class Http:
    """Sends GraphQL requests to a URL. All threads may share one.

    Args:
        headers: of every request, beside those that say who asks.
        attempts: how often a request is sent at most.
        timeout_seconds: for how long it waits for an answer.
    """

    def __init__(
        self,
        url: str,
        auth: Auth,
        *,
        headers: Mapping[str, str],
        attempts: int,
        timeout_seconds: float,
        clock: Clock,
    ) -> None:
        self._url = url
        self._auth = auth
        self._headers = {"Content-Type": "application/json", **headers}
        self._attempts = attempts
        self._timeout_seconds = timeout_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._session: URLLib3Session | None = None

    def post(self, body: bytes, *, repeats: bool) -> Answered:
        """GraphQL's answer to a request.

        It is sent again if it was not carried out for sure; and if `repeats`, after an answer that
        was lost, or said nothing, as well.

        Raises:
            ApiUnavailable: no answer, one of 429 or 500 and above, or one that is not JSON.
            RequestError: another status than 200; the exception is of the answer's code.
        """
        was_asked, is_new_token = False, False
        for attempt in itertools.count(1):
            found = self._attempt(body)
            if not isinstance(found, _Failure):
                return Answered(found, was_asked)
            was_asked |= found.may_be_done
            if found.is_of_the_token and callable(self._auth) and not is_new_token:
                is_new_token = True  # it may have been too old: the function has a newer one
                continue
            if attempt >= self._attempts or not found.passes or (was_asked and not repeats):
                raise found.error
            longest = min(_FIRST_PAUSE_SECONDS * 2**attempt, _LONGEST_PAUSE_SECONDS)
            self._clock.sleep(random.uniform(0, longest))
        raise AssertionError("unreachable")

    def _attempt(self, body: bytes) -> Json | _Failure:
        request = AWSRequest("POST", self._url, data=body, headers=dict(self._headers))
        authorize(request, self._auth)
        try:
            sent = self._opened().send(request.prepare())
            response = _Response(sent.status_code, sent.content.decode(errors="replace"))
        except _NOT_SENT as error:
            return _Failure(_silent(self._url, f"nothing was sent: {error}", error))
        except SSLError as error:
            return _Failure(_silent(self._url, f"nothing was sent: {error}", error), passes=False)
        except _LOST as error:
            return _Failure(_silent(self._url, str(error), error), may_be_done=True)
        return self._read(response)

    def _read(self, response: _Response) -> Json | _Failure:
        answer = response.json
        if response.status == _OK and isinstance(answer, dict):
            return answer
        said = f"{self._url} answered {response}"
        if response.status == _OK:
            message = f"{said}. That is not GraphQL's JSON. Next: check the URL."
            return _Failure(ApiUnavailable(message), may_be_done=True)
        own = error_of_request(answer.get("errors")) if isinstance(answer, dict) else None
        if response.status >= _FAULT:
            return _Failure(own or ApiUnavailable(f"{said}."), may_be_done=True)
        if response.status == _TOO_MANY:  # of API Gateway, before the API
            return _Failure(ApiUnavailable(f"{said}. It was not sent on. Next: send less at once."))
        is_of_the_token = response.status == _NOT_AUTHENTICATED
        error = own or _refused(response, said)
        return _Failure(error, passes=False, is_of_the_token=is_of_the_token)

    def _opened(self) -> URLLib3Session:
        with self._lock:
            if self._session is None:
                self._session = URLLib3Session(
                    proxies={} if _is_loopback(self._url) else get_environ_proxies(self._url),
                    timeout=cast("Any", (_CONNECT_SECONDS, self._timeout_seconds)),
                )
            return self._session


def _refused(response: _Response, said: str) -> BackgroundTaskError:
    if response.status in (_NOT_AUTHENTICATED, _FORBIDDEN):
        return Refused(
            f"{said}. Next: check the credentials, or the token, and what they may do.",
            code=ErrorCode.SECURITY_NOT_AUTHORIZED,
        )
    return RequestError(f"{said}. Next: check the URL.")


def _silent(url: str, why: str, error: Exception) -> ApiUnavailable:
    found = ApiUnavailable(f"{url} does not answer: {why.rstrip('.')}.")
    found.__cause__ = error
    return found


def _is_loopback(url: str) -> bool:
    """Whether the API is on this machine: no proxy knows it."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")

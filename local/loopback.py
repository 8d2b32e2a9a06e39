"""HTTP requests to this machine. None goes by a proxy."""

from http.client import HTTPResponse
from typing import cast
from urllib.request import ProxyHandler, Request, build_opener


def send(request: Request | str, *, timeout_seconds: float) -> HTTPResponse:
    """Sends a request to an address of this machine. Raises as `urllib.request.urlopen`."""
    opener = build_opener(ProxyHandler({}))
    return cast("HTTPResponse", opener.open(request, timeout=timeout_seconds))

"""What the API does for whoever can't sign a request, and has the URL of a signal: nothing else.

Whoever has the URL may send its signal, once. A `GET` sends none: scanners of mail follow every
link. It answers a page with a button, which does.

No line of the log has the URL's secret, and no answer.
"""

import base64
import binascii
import html
import json
import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from handler.contract import (
    MAX_SIGNAL_BYTES,
    SECRET_PARAMETER,
    SIGNAL_PAGE_ROUTE,
    SIGNAL_ROUTE,
    TASK_PARAMETER,
    ErrorCode,
)
from handler.errors import InvalidInput, NotFound, RequestError
from handler.lifecycle import SignalUrls
from handler.record import Json

log = logging.getLogger(__name__)
# Whatever the level of the other lines: who has sent what is known from here alone.
log.setLevel(logging.INFO)

ROUTES: Final = frozenset({SIGNAL_ROUTE, SIGNAL_PAGE_ROUTE})

# Space around JSON, at most.
_MAX_BODY_BYTES: Final = 2 * MAX_SIGNAL_BYTES
_WHAT_TO_SEND: Final = "Next: send a JSON object, or nothing."
_HEADERS: Final = {
    "cache-control": "no-store",
    # Nothing runs and nothing is loaded; the button sends to this URL alone, and nobody else shows
    # it inside of a page.
    "content-security-policy": (
        "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    # No other site is told the URL. With `no-referrer` a browser would say that the button's
    # request comes from nowhere (`Origin: null`).
    "referrer-policy": "same-origin",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_PAGE: Final = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<h1>{title}</h1>
{content}
</html>
"""
# Without an action it is sent to the page's own URL.
_BUTTON: Final = '<form method="post"><button>Confirm: {name}</button></form>'


def answer(event: Mapping[str, Any], urls: SignalUrls, *, request_id: str) -> Json:
    """Answers a request for the URL of a signal.

    200 where it was sent, now or before; 404 for a URL that there is none of, whatever is wrong
    with it; 410 for one that nobody has used in time; 400 and 413 for a body that is no data.
    """
    parameters = event.get("pathParameters") or {}
    task_id, secret = (str(parameters.get(name)) for name in (TASK_PARAMETER, SECRET_PARAMETER))
    is_page = event.get("routeKey") != SIGNAL_ROUTE
    try:
        found = urls.find(task_id, secret)
        if is_page:
            return _page(HTTPStatus.OK, found.name, _BUTTON.format(name=html.escape(found.name)))
        urls.use(task_id, secret, _data_of(event), source=_source_of(event))
    except RequestError as error:
        _report(task_id, error, is_page=is_page, request_id=request_id)
        return _told(_status_of(error), error.message, event, is_page=is_page)
    _report(task_id, None, is_page=is_page, request_id=request_id)
    return _told(HTTPStatus.OK, "It has arrived.", event, is_page=is_page)


def _data_of(event: Mapping[str, Any]) -> Json | None:
    """The body, a JSON object; `None` where it is empty, as a form without fields sends it."""
    body = event.get("body") or ""
    try:
        content = (
            base64.b64decode(body, validate=True) if event.get("isBase64Encoded") else body.encode()
        )
        text = content.decode().strip()
    except (binascii.Error, UnicodeError) as error:
        raise InvalidInput(f"The body is not text. {_WHAT_TO_SEND}") from error
    if len(content) > _MAX_BODY_BYTES:
        raise InvalidInput(
            f"The body has {len(content):,} bytes; the data may have {MAX_SIGNAL_BYTES:,}. "
            "Next: store it elsewhere, and send where it is.",
            code=ErrorCode.INPUT_TOO_LARGE,
        )
    if not text:
        return None
    try:
        data = json.loads(text, parse_constant=_not_json)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"The body is not JSON. {_WHAT_TO_SEND}") from error
    if not isinstance(data, dict):
        raise InvalidInput(f"The body is not a JSON object. {_WHAT_TO_SEND}")
    return data


def _source_of(event: Mapping[str, Any]) -> str:
    """From which address it comes, as API Gateway says."""
    request = (event.get("requestContext") or {}).get("http") or {}
    return str(request.get("sourceIp") or "")


def _not_json(constant: str) -> None:
    """Python reads `NaN` and `Infinity`, which are not JSON."""
    raise ValueError(constant)


def _status_of(error: RequestError) -> HTTPStatus:
    if isinstance(error, NotFound):
        return HTTPStatus.NOT_FOUND
    if not isinstance(error, InvalidInput):
        return HTTPStatus.GONE
    is_large = error.code == ErrorCode.INPUT_TOO_LARGE
    return HTTPStatus.REQUEST_ENTITY_TOO_LARGE if is_large else HTTPStatus.BAD_REQUEST


def _report(task_id: str, error: RequestError | None, *, is_page: bool, request_id: str) -> None:
    """Logs what was asked. The id in a URL that there is none of is anybody's text."""
    outcome = error.code if error else "ok"
    details = {"action": "audit", "operation": "signalUrl", "outcome": outcome}
    named = {} if isinstance(error, NotFound) else {"about_task_id": task_id}
    extra = details | named | {"identity_type": "url", "request_id": request_id}
    log.info("signalUrl%s: %s", " (page)" if is_page else "", outcome, extra=extra)


def _told(status: HTTPStatus, message: str, event: Mapping[str, Any], *, is_page: bool) -> Json:
    """An answer in words: a page for a browser, JSON for a program."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    if is_page or "text/html" in str(headers.get("accept")):
        return _page(status, status.phrase, f"<p>{html.escape(message)}</p>")
    return _response(status, "application/json", json.dumps({"message": message}))


def _page(status: HTTPStatus, title: str, content: str) -> Json:
    page = _PAGE.format(title=html.escape(title), content=content)
    return _response(status, "text/html; charset=utf-8", page)


def _response(status: HTTPStatus, content_type: str, body: str) -> Json:
    headers = {"content-type": content_type, **_HEADERS}
    return {"statusCode": int(status), "headers": headers, "body": body}

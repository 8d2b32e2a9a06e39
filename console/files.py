"""The page, and the files that it loads: all are in this package, nothing comes from elsewhere."""

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from starlette.responses import Response

_TYPES: Final = {
    "css": "text/css",
    "html": "text/html",
    "js": "text/javascript",
    "mjs": "text/javascript",
    "svg": "image/svg+xml",
}
# What modules call the packages that they import.
_PACKAGES: Final = {
    "preact": "./files/vendor/preact.mjs",
    "preact/hooks": "./files/vendor/hooks.mjs",
    "htm": "./files/vendor/htm.mjs",
}
_IMPORT_MAP: Final = json.dumps({"imports": _PACKAGES}, separators=(",", ":"))
_MAP_HASH: Final = base64.b64encode(hashlib.sha256(_IMPORT_MAP.encode()).digest()).decode()
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"script-src 'self' 'sha256-{_MAP_HASH}'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
)


def page(about: Mapping[str, Any]) -> Response:
    """The page, with what it knows from the start: `about`, as JSON."""
    text = _read("index.html").decode()
    # Nothing in JSON ends an element of HTML if it has no "<".
    known = json.dumps(about).replace("<", "\\u003c")
    for mark, value in (("{{imports}}", _IMPORT_MAP), ("{{about}}", known)):
        text = text.replace(mark, value)
    headers = {"content-security-policy": _POLICY, "cache-control": "no-store"}
    return Response(text, media_type="text/html", headers=headers)


def file(name: str, *, known: str | None) -> Response | None:
    """A file of the page; `None`: there is none of that name.

    Args:
        known: the tag (`If-None-Match`) of the version that the browser has.
    """
    if name not in names():
        return None
    body = _read(name)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "no-cache"}
    if known == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=_TYPES[name.rpartition(".")[2]], headers=headers)


@cache
def names() -> frozenset[str]:
    """What there is, by its path in the folder `page`: modules, styles, pictures."""
    folder = files("console").joinpath("page")
    found: set[str] = set()
    waiting = [("", folder)]
    while waiting:
        prefix, place = waiting.pop()
        for each in place.iterdir():
            path = f"{prefix}{each.name}"
            if each.is_dir():
                waiting.append((f"{path}/", each))
            elif path.rpartition(".")[2] in _TYPES and path != "index.html":
                found.add(path)
    return frozenset(found)


def _read(name: str) -> bytes:
    return files("console").joinpath("page", *name.split("/")).read_bytes()

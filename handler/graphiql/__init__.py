"""GraphiQL, for the stacks whose config has it: a page at `GET /graphql`, and what it loads.

Nobody has to sign to get the page: it has nothing of the stack. What it sends to the API, it signs
with the key that somebody types there, or has the token that somebody sets as a header.
"""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Final

from handler.contract import GRAPHIQL_FILE_ROUTE, GRAPHIQL_PAGE_ROUTE
from handler.record import Json

ROUTES: Final = frozenset({GRAPHIQL_PAGE_ROUTE, GRAPHIQL_FILE_ROUTE})
# Those of other projects are in `vendor`, whose README.md says where they are from. A bundle has
# them if its stack has the page.
_FILES: Final = {
    "page.css": "page.css",
    "page.js": "page.js",
    "aws4fetch.umd.js": "vendor/aws4fetch.umd.js",
    "graphiql.min.css": "vendor/graphiql.min.css",
    "graphiql.min.js": "vendor/graphiql.min.js",
    "react-dom.production.min.js": "vendor/react-dom.production.min.js",
    "react.production.min.js": "vendor/react.production.min.js",
}
_TYPES: Final = {"css": "text/css", "html": "text/html", "js": "text/javascript"}
_HEADERS: Final = {
    # Everything is from here, and nothing goes elsewhere. GraphiQL sets styles in its elements, and
    # its fonts are in its style sheet.
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src data:;"
        " img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex",
}
_KEPT_SECONDS: Final = 60 * 60


def answer(event: Mapping[str, Any]) -> Json:
    """The page, or a file that it loads; 404 for any other name."""
    if event.get("routeKey") == GRAPHIQL_PAGE_ROUTE:
        return _response("page.html", "no-store")
    name = str((event.get("pathParameters") or {}).get("file"))
    path = _FILES.get(name)
    if path is None:
        return {
            "statusCode": 404,
            "headers": {"content-type": "text/plain", **_HEADERS},
            "body": "There is no such file.",
        }
    return _response(path, f"public, max-age={_KEPT_SECONDS}")


def _response(path: str, cached: str) -> Json:
    kind = f"{_TYPES[path.rpartition('.')[2]]}; charset=utf-8"
    headers = {"content-type": kind, "cache-control": cached, **_HEADERS}
    body = files("handler.graphiql").joinpath(path).read_text("utf-8")
    return {"statusCode": 200, "headers": headers, "body": body}

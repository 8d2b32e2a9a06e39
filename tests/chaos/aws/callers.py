"""Who makes a request: one of the stack's Lambdas, or a person."""

import re
from collections.abc import Mapping

from local.aws.patch import module

_KEY = re.compile(r"Credential=([^/]+)/")


def caller_of(headers: Mapping[str, str]) -> str:
    """`worker`, `api` or `recovery`, the last part of its function's name; `""` for a person."""
    found = _KEY.search(headers.get("authorization", ""))
    session = module("services.sts")._sessions.get(found[1]) if found else None
    return str(session["Arn"]).rpartition("-")[2] if session else ""

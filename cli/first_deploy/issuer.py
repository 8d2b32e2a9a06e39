"""The issuer of JWTs, as API Gateway looks for it."""

import json
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from cli.first_deploy.results import Failed, Ok, Result, Skipped
from cli.first_deploy.stack import Stack

DOCUMENT: Final = ".well-known/openid-configuration"
_SECONDS: Final = 10


def issuer(stack: Stack) -> Result:
    """Whether its document can be read, and names the issuer just so."""
    named = stack.setting("jwtIssuer")
    if not named:
        return Skipped("jwtIssuer isn't set: the API takes IAM signatures.")
    url = f"{named.rstrip('/')}/{DOCUMENT}"
    try:
        with urlopen(url, timeout=_SECONDS) as answer:
            document = json.load(answer)
    except (URLError, OSError, ValueError) as error:
        return Failed(
            f"{url} can't be read: {error}.",
            "correct jwtIssuer. API Gateway reads it when the authorizer is made, and from the"
            " internet: `pulumi up` stops without it.",
        )
    found = document.get("issuer") if isinstance(document, dict) else None
    if found != named:
        return Failed(
            f'{url} says that its issuer is "{found}". Every token would be refused.',
            f"pulumi config set jwtIssuer {found}" if found else "correct jwtIssuer.",
        )
    return Ok(f"{url} answers.")

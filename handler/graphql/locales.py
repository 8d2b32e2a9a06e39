"""The locale of the tasks that a request triggers, by its headers."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from handler.contract import DEFAULT_LOCALE, MAX_LOCALE_CHARACTERS

# A language tag: RFC 5646, section 2.1, "Syntax". It has no colon and no semicolon.
_LOCALE: Final = re.compile(r"[A-Za-z]{2,8}(?:[-_][A-Za-z0-9]{1,8})*")
# RFC 9110, section 12.4.2, "Quality Values".
_QUALITY: Final = re.compile(r"\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*", re.IGNORECASE)
# A header has as many bytes as API Gateway lets through, and a browser sends five languages.
_MAX_LANGUAGES: Final = 50


def locale_of(headers: Mapping[str, str]) -> str:
    """The locale that a request is about, `en-US` where its headers name none.

    It is that of the content in Webiny's header, `x-i18n-locale: default:en-US;content:de-DE;`, or
    all of that header where it is a locale alone; else what `accept-language` has first.

    Args:
        headers: by their names in small letters.
    """
    said = (*_of_webiny(headers.get("x-i18n-locale") or ""), *_accepted(headers))
    return next(filter(_is_locale, said), DEFAULT_LOCALE)


def _of_webiny(header: str) -> Iterator[str]:
    if ":" not in header:
        yield header.strip()
    for part in header.split(";"):
        context, _, locale = part.partition(":")
        if context.strip() == "content":
            yield locale.strip()


def _accepted(headers: Mapping[str, str]) -> list[str]:
    """The languages of `accept-language`, the most wanted one first."""
    said = (headers.get("accept-language") or "").split(",")[:_MAX_LANGUAGES]
    wanted = [
        (_quality(weight), tag.strip()) for tag, _, weight in (s.partition(";") for s in said)
    ]
    return [tag for quality, tag in sorted(wanted, key=lambda each: -each[0]) if quality]


def _quality(weight: str) -> float:
    found = _QUALITY.fullmatch(weight)
    return float(found[1]) if found else 1.0


def _is_locale(text: str) -> bool:
    return len(text) <= MAX_LOCALE_CHARACTERS and _LOCALE.fullmatch(text) is not None

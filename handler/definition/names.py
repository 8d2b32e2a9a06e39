"""camelCase ids: which are valid, and how a function's name becomes one."""

import re

# A run of capitals that isn't the start of a word, a word, or digits: the words of lodash's
# camelCase, for ASCII.
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def camel_case(text: str) -> str:
    """`text` in camelCase: `export_users` -> `exportUsers`, `myHTTPTask` -> `myHttpTask`."""
    words: list[str] = _WORDS.findall(text)
    first, *rest = [word.lower() for word in words] or [""]
    return first + "".join(word.capitalize() for word in rest)


def is_camel_case(text: str) -> bool:
    """Whether `text` is its own camelCase form, as Webiny checks it; the empty text is not."""
    return bool(text) and camel_case(text) == text


def in_words(text: str) -> str:
    """`exportUsers` -> `Export users`."""
    return " ".join(word.lower() for word in _WORDS.findall(text)).capitalize()

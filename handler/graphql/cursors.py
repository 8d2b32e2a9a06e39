"""Cursors that tell nothing: of a list that passes by the tasks of others.

A cursor names the task where the next page goes on. For a caller who may see their own tasks alone,
that may be somebody else's: such a cursor is sealed, so that only this stack can open it. It is
encrypted with HMAC-SHA256 as the source of a key stream (counter mode), under a nonce of its own,
and then authenticated (encrypt-then-MAC); the standard library has no cipher, and one of a package
would be most of the bundle.
"""

import base64
import binascii
import hmac
import itertools
import os
from typing import Final

from handler.table import invalid_cursor

_NONCE_BYTES: Final = 16
_TAG_BYTES: Final = 32
_HASH: Final = "sha256"


def sealed(cursor: str, key: bytes, *, whose: str) -> str:
    """The cursor, for whoever may not read it.

    Args:
        whose: what the cursor is for, such as the caller: it can't be opened for anybody else.
    """
    nonce, text = os.urandom(_NONCE_BYTES), cursor.encode()
    hidden = nonce + _mixed(text, key, nonce)
    return base64.urlsafe_b64encode(hidden + _tag(hidden, key, whose)).decode()


def opened(given: str, key: bytes, *, whose: str) -> str:
    """The cursor that was sealed. Raises `InvalidInput` for anything else."""
    try:
        content = base64.b64decode(given, altchars=b"-_", validate=True)
        hidden, tag = content[:-_TAG_BYTES], content[-_TAG_BYTES:]
        if not hmac.compare_digest(tag, _tag(hidden, key, whose)):
            raise invalid_cursor(given)
        nonce, text = hidden[:_NONCE_BYTES], hidden[_NONCE_BYTES:]
        return _mixed(text, key, nonce).decode()
    except (binascii.Error, ValueError) as error:
        raise invalid_cursor(given) from error


def _mixed(text: bytes, key: bytes, nonce: bytes) -> bytes:
    """The text, mixed with a stream of the key: the other way round it is the same."""
    stream = bytearray()
    for number in itertools.count():
        if len(stream) >= len(text):
            break
        stream += _mac(key, b"stream", nonce + number.to_bytes(4, "big"))
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _tag(hidden: bytes, key: bytes, whose: str) -> bytes:
    return _mac(key, b"tag", hidden + b"\0" + whose.encode(errors="surrogatepass"))


def _mac(key: bytes, purpose: bytes, content: bytes) -> bytes:
    """Two purposes have two keys."""
    return hmac.digest(hmac.digest(key, purpose, _HASH), content, _HASH)

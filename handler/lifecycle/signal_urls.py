"""URLs by which whoever can't sign a request sends one signal: how they are made, and used."""

import secrets
from datetime import timedelta
from typing import Final, NamedTuple
from urllib.parse import quote

from handler.clock import Clock, Seconds, to_iso
from handler.contract import MAX_ID_BYTES, EnvVar, ErrorCode
from handler.errors import NotFound, Refused, SettingsError
from handler.lifecycle.signalling import SignalData, Signalling, checked_signal_name, checked_span
from handler.record import URL_IDENTITY, Signal, SignalUrl, StoredTask, digest, is_key
from handler.table import Moved, Store

# 256 bits, as 43 letters, digits, `-` and `_`.
_SECRET_BYTES: Final = 32
# The same for an unknown task and an unknown secret: whoever guesses learns nothing.
_UNKNOWN: Final = "There is no such URL. Next: ask whoever has sent it for another one."


class FoundUrl(NamedTuple):
    """A URL that there is.

    Attributes:
        key: of the one signal that it sends.
    """

    task_id: str
    name: str
    key: str


class SignalUrls:
    """Makes URLs that send a signal, and sends the signal of one.

    The secret is in the URL alone: the table has its digest.

    Args:
        base: what every URL begins with; empty where nobody knows it.
    """

    def __init__(self, *, base: str, store: Store, signalling: Signalling, clock: Clock) -> None:
        self._base = base
        self._store = store
        self._signalling = signalling
        self._clock = clock

    def make(self, task: StoredTask, name: str, *, expires_in: Seconds) -> str:
        """A new URL, for the iteration of `task` that runs. Raises as `Context.signal_url`."""
        checked_signal_name(name)
        seconds = checked_span("signal_url", expires_in=expires_in)
        if not self._base:
            raise SettingsError(
                f"The environment variable {EnvVar.SIGNALS_URL} is not set, so that nobody knows "
                "where the URL of a signal leads. The stack's worker has it. Next: deploy the "
                "stack; elsewhere, set it to the output apiUrl with /signals in place of /graphql."
            )
        secret, now = secrets.token_urlsafe(_SECRET_BYTES), self._clock.now()
        url = SignalUrl(name=name, created_on=now, expires_on=now + timedelta(seconds=seconds))
        try:
            self._store.signals.add_url(task, _digest(secret), url)
        except Moved as moved:
            raise Refused(
                f'Task "{task.id}" gets no URL for the signal "{name}": it is over, or its '
                "iteration is. Next: end the iteration; join the task's threads before it returns.",
                code=ErrorCode.TASK_SIGNAL_ERROR,
            ) from moved
        # The id of a schedule's tick has colons, which stand for themselves in a path (RFC 3986).
        return f"{self._base}/{quote(task.id, safe=':')}/{secret}"

    def find(self, task_id: str, secret: str) -> FoundUrl:
        """The URL that has this secret, if it can be used, or was.

        Raises:
            NotFound: there is none.
            Refused: it was not used in time: it has expired, or its task is over.
        """
        known_by = _digest(secret)
        known = is_key(task_id, MAX_ID_BYTES)
        if not known or not (url := self._store.signals.url(task_id, known_by)):
            raise NotFound(_UNKNOWN)
        found = FoundUrl(task_id=task_id, name=url.name, key=f"url:{known_by}")
        if self._store.signals.known(task_id, found.name, found.key):
            return found
        if url.expires_on <= self._clock.now():
            raise _too_late(f"It was good until {to_iso(url.expires_on)}.")
        if (task := self._store.find(task_id)) is None:
            raise NotFound(_UNKNOWN)
        if task.is_over:
            raise _too_late("What it was for is over.")
        return found

    def use(
        self, task_id: str, secret: str, data: SignalData | None, *, source: str = ""
    ) -> Signal:
        """Sends the signal of a URL; of one that was used before, none.

        Args:
            source: from where it is used: the task's log says so.

        Raises:
            InvalidInput: the data is none.
            NotFound, Refused: as `find`.
        """
        found = self.find(task_id, secret)
        by = URL_IDENTITY.from_source(source)
        try:
            return self._signalling.signal(task_id, found.name, data, key=found.key, by=by)
        except NotFound as error:
            raise NotFound(_UNKNOWN) from error
        except Refused as error:
            raise _too_late("What it was for is over.") from error


def _digest(secret: str) -> str:
    """What the table knows a secret by. It has 256 bits, so that nobody tries them all."""
    return digest(secret)


def _too_late(why: str) -> Refused:
    return Refused(f"It is too late to use this URL. {why}", code=ErrorCode.TASK_SIGNAL_ERROR)

"""The verbs of a task's life, as people say them: each until it is answered, in its own thread."""

import threading
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from handler.clock import to_iso
from handler.contract import SIGNAL_DETAIL_TYPE, ErrorCode, WireKey
from local.user import Fields
from tests.chaos.definitions.chaos_effects import SIGNAL
from tests.chaos.plan import Meddling
from tests.chaos.stack import Failure, Stack, again

_HANDS = 12
_PAUSE_SECONDS = 3.0
# Every sender of a task's signal says the same: it is one signal.
_KEY = "campaign"
# The API has understood, and does not: the task is over.
_REFUSALS = (
    ErrorCode.TASK_SIGNAL_ERROR,
    ErrorCode.TASK_PAUSE_ERROR,
    ErrorCode.TASK_RESUME_ERROR,
    ErrorCode.TASK_RUN_NOW_ERROR,
    ErrorCode.TRIGGER_TASK_ERROR,
)


@dataclass(slots=True, kw_only=True)
class Said:
    """What people have said of one task, and what the API has answered. Moments are ISO 8601.

    Attributes:
        signalled_on: when its signal had been accepted.
        woken_on: when it was told to run now, if that was accepted.
        paused: from when, and until when, it was paused.
        retries: the ids of the retries that were answered.
    """

    signalled_on: str | None = None
    woken_on: str | None = None
    paused: list[tuple[str, str]] = field(default_factory=list)
    retries: list[str] = field(default_factory=list)


class Verbs:
    """Whoever says the verbs. What they do takes its time, and nobody waits for them."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._hands = ThreadPoolExecutor(_HANDS)
        self._deeds: list[Future[None]] = []

    @property
    def are_idle(self) -> bool:
        """Whether all that was begun is done. Raises what has gone wrong with one."""
        for deed in [deed for deed in self._deeds if deed.done()]:
            self._deeds.remove(deed)
            deed.result()
        return not self._deeds

    def begin(self, deed: Callable[[], None]) -> None:
        self._deeds.append(self._hands.submit(deed))

    def signal(self, task_id: str, said: Said, way: Meddling) -> None:
        """Has a task get its signal, in the way that is planned."""
        match way:
            case Meddling.SIGNAL_BY_EVENT:
                send = self._event_to(task_id)
            case Meddling.SIGNAL_BY_URL:
                send = self._url_of(task_id)
            case _:
                send = self._order("signal", id=task_id, name=SIGNAL, key=_KEY)

        def deed() -> None:
            if _until_answered(send):
                said.signalled_on = said.signalled_on or self._now()

        for _ in range(2 if way is Meddling.SIGNAL_TWICE else 1):
            self.begin(deed)

    def retry(self, task_id: str, said: Said, *, callers: int) -> None:
        """Has a task retried, by several callers at once."""
        start = threading.Barrier(callers)

        def deed() -> None:
            start.wait(timeout=60)
            if retry := _until_answered(self._order("retry", id=task_id)):
                said.retries.append(str(retry["id"]))

        for _ in range(callers):
            self.begin(deed)

    def pause(self, task_id: str, said: Said) -> None:
        """Pauses a task for some seconds."""

        def deed() -> None:
            if not _until_answered(self._order("pause", id=task_id)):
                return
            paused_on = self._now()
            time.sleep(_PAUSE_SECONDS)
            said.paused.append((paused_on, self._now()))
            _until_answered(self._order("resume", id=task_id))

        self.begin(deed)

    def run_now(self, task_id: str, said: Said) -> None:
        """Ends the wait of a task."""

        def deed() -> None:
            asked_on = self._now()  # it may begin before the answer
            if _until_answered(self._order("run_now", id=task_id)):
                said.woken_on = asked_on

        self.begin(deed)

    def _order(self, verb: str, **arguments: object) -> Callable[[], Fields]:
        return lambda: self._stack.say(verb, **arguments)

    def _event_to(self, task_id: str) -> Callable[[], object]:
        detail = {WireKey.TASK_ID: task_id, "name": SIGNAL, "key": _KEY}
        return lambda: self._stack.send(detail, detail_type=SIGNAL_DETAIL_TYPE)

    def _url_of(self, task_id: str) -> Callable[[], object]:
        """Whoever has the URL uses it, and presses the button once more."""
        url = again(lambda: self._stack.offered_url(task_id))
        request = urllib.request.Request(url, data=b"{}", method="POST")

        def post() -> int:
            for _ in range(2):
                with urllib.request.urlopen(request, timeout=30) as answer:
                    status: int = answer.status
            return status

        return post

    def _now(self) -> str:
        return to_iso(self._stack.now())


def _until_answered(call: Callable[[], object]) -> "Fields | None":
    """What was answered in the end; `None` where it was refused: the task is over."""

    def attempt() -> object:
        try:
            return call()
        except Failure as error:
            if any(f'"{code}"' in str(error) for code in _REFUSALS):
                return None
            raise

    answer: Fields | None = again(attempt)
    return answer

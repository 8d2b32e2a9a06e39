"""One thread, many machines: actors that take turns, in a time that passes only when all wait.

Each actor is a greenlet. It runs until it pauses, sleeps or waits for another one; then the
scheduler goes on with the next. Two orders are possible:

- by time: whoever is due first. How long each pause takes is drawn by the actor, so a seed decides
  on the interleaving, and an actor that is left out changes nothing of the others' times;
- by choice: of all that are ready, `choose` names the next. Time passes when none is ready.
"""

import heapq
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Final

from greenlet import getcurrent, greenlet

from handler.errors import EngineSignal

Choose = Callable[[Sequence["Actor"]], int]

_SHORT_SECONDS: Final = 60.0


class Actor:
    """Something that acts: an invocation of a Lambda, an execution, a delivery, a person.

    Args:
        name: its own in the world, and the same in every replay.
        pending: what it says that it is about to do, where the order is chosen.
    """

    def __init__(self, scheduler: "Scheduler", name: str, run: Callable[[], object]) -> None:
        self.name = name
        self.scheduler = scheduler
        self.pending: Any = None
        self.locals: Any = None  # what belongs to it: an invocation's machine
        self.is_over = False
        self.ticket = 0  # of its place in the queue: older ones are void
        self._run = run
        self._error: BaseException | None = None
        self._greenlet = greenlet(self._go, scheduler.hub)

    def throw(self, error: BaseException) -> None:
        """Has it see `error` at the place where it waits."""
        if not self.is_over:
            self._error = error
            self.scheduler.wake(self)

    def stop(self) -> None:
        """Ends it at the place where it waits; one that has not begun never does."""
        if self._greenlet:
            self._greenlet.throw(Stopped)
        self.is_over = True

    def resume(self) -> None:
        self._greenlet.switch()

    def check(self) -> None:
        """Raises what somebody has thrown at it."""
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _go(self) -> None:
        self._greenlet.actor = self
        try:
            self.check()
            self._run()
        except Stopped:
            pass
        finally:
            self.is_over = True
            self.scheduler.forget(self)


class Stopped(EngineSignal):
    """The actor is to do nothing more."""


class Promise:
    """Something that one actor waits for and another one tells."""

    def __init__(self) -> None:
        self.is_kept = False
        self.value: Any = None
        self._waiting: list[Actor] = []
        self._then: list[Callable[[Any], object]] = []

    def then(self, call: Callable[[Any], object]) -> None:
        """Has `call` called with the value, once it is told."""
        self._then.append(call)

    def keep(self, value: object = None) -> None:
        """Tells it, once; later calls change nothing."""
        if self.is_kept:
            return
        self.is_kept, self.value = True, value
        waiting, self._waiting = self._waiting, []
        for actor in waiting:
            actor.scheduler.wake(actor)
        for call in self._then:
            call(value)

    def join(self, actor: Actor) -> None:
        self._waiting.append(actor)

    def leave(self, actor: Actor) -> None:
        if actor in self._waiting:
            self._waiting.remove(actor)


class Scheduler:
    """Runs actors, one at a time.

    Args:
        choose: which of the ready actors goes on; without it, the order is that of time.
    """

    def __init__(self, choose: Choose | None = None) -> None:
        self.now = 0.0  # seconds since the world began
        self.hub = getcurrent()
        self.steps = 0
        self._choose = choose
        self._order: Final = itertools.count()
        self._queue: list[tuple[float, int, int, Actor]] = []
        self._ready: list[Actor] = []
        self._living: set[Actor] = set()

    @property
    def is_chosen(self) -> bool:
        """Whether the order is that of choices."""
        return self._choose is not None

    def spawn(self, name: str, run: Callable[[], object], *, after: float = 0.0) -> Actor:
        """An actor that begins in so many seconds."""
        actor = Actor(self, name, run)
        self._living.add(actor)
        if self._choose is not None and after <= 0:
            self._ready.append(actor)
        else:
            self._enqueue(actor, self.now + after)
        return actor

    def pause(self, seconds: float) -> None:
        """Lets the others have their turns: a moment passes on the network."""
        self.steps += 1
        actor = current()
        if self._choose is not None:
            self._ready.append(actor)
            self._leave(actor)
            return
        self.sleep(seconds)

    def sleep(self, seconds: float) -> None:
        """Lets time pass, for this actor."""
        actor, until = current(), self.now + max(seconds, 0.0)
        if self._choose is not None and seconds <= _SHORT_SECONDS:
            self.now = until  # where all orders are tried, who sleeps for a moment is at once back
            actor.check()
            return
        if self._choose is None and (not self._queue or until < self._queue[0][0]):
            self.now = until  # nobody is due before
            actor.check()
            return
        self._enqueue(actor, until)
        self._leave(actor)

    def wait(self, promise: Promise, *, seconds: float | None = None) -> bool:
        """Waits for a promise, so long at most. Returns whether it is kept."""
        if promise.is_kept:
            return True
        actor = current()
        promise.join(actor)
        actor.ticket += 1
        if seconds is not None:
            self._enqueue(actor, self.now + seconds)
        try:
            self._leave(actor)
        finally:
            promise.leave(actor)
        return promise.is_kept

    def wake(self, actor: Actor) -> None:
        """Has an actor go on now."""
        if actor.is_over:
            return
        if self._choose is not None:
            actor.ticket += 1
            if actor not in self._ready:
                self._ready.append(actor)
            return
        self._enqueue(actor, self.now)

    def run(self, *, until: float) -> None:
        """Runs until that second, or until nobody has anything to do."""
        while True:
            if self._ready:
                assert self._choose is not None
                self._ready.pop(self._choose(self._ready)).resume()
                continue
            if not self._queue or self._queue[0][0] > until:
                break
            due, _, ticket, actor = heapq.heappop(self._queue)
            if actor.is_over or ticket != actor.ticket:
                continue
            self.now = max(self.now, due)
            if self._choose is not None:
                self._ready.append(actor)
            else:
                actor.resume()
        self.now = max(self.now, until)

    @property
    def is_idle(self) -> bool:
        """Whether nobody has anything to do, ever."""
        return not self._ready and not any(
            not actor.is_over and ticket == actor.ticket for _, _, ticket, actor in self._queue
        )

    def forget(self, actor: Actor) -> None:
        """An actor has come to its end."""
        self._living.discard(actor)

    def close(self) -> None:
        """Stops whoever is still at work, where they stand."""
        for actor in sorted(self._living, key=lambda each: each.name):
            actor.stop()
        self._queue.clear()
        self._ready.clear()

    def next_due(self) -> float | None:
        """When somebody is due next."""
        while self._queue:
            due, _, ticket, actor = self._queue[0]
            if not actor.is_over and ticket == actor.ticket:
                return due
            heapq.heappop(self._queue)
        return None

    def _enqueue(self, actor: Actor, at: float) -> None:
        actor.ticket += 1
        heapq.heappush(self._queue, (at, next(self._order), actor.ticket, actor))

    def _leave(self, actor: Actor) -> None:
        self.hub.switch()
        actor.check()


def current() -> Actor:
    """The actor that runs now."""
    actor: Actor = getcurrent().actor
    return actor


def acting() -> Actor | None:
    """The same; `None` outside of any."""
    return getattr(getcurrent(), "actor", None)

"""A task as the engine stores it: the record, what the engine keeps beside it, and its moves."""

import math
import os
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, ClassVar, Final, Self

from pydantic import ConfigDict, Field

from handler.clock import to_iso
from handler.contract import (
    DEFAULT_LOCALE,
    MAX_LOCALE_CHARACTERS,
    MAX_NAME_CHARACTERS,
    MAX_PROBLEM_CHARACTERS,
    MAX_WAIT_SECONDS,
    AnswerStatus,
    Status,
)
from handler.record.failures import TaskFailure
from handler.record.model import Count, Json, Moment
from handler.record.task_record import (
    EVENT_IDENTITY,
    PAYLOADS,
    SYSTEM_IDENTITY,
    Identity,
    Progress,
    TaskRecord,
    WaitingFor,
    lazy,
)
from handler.record.texts import cut, digest, to_text
from handler.record.time_limits import expired, timed_out

# A longer wait is written to the sweep's index, by the iteration that begins it. It costs two write
# units of the index, as an entry is moved (DynamoDB guide, "Using Global Secondary Indexes"), and
# saves the sweep a look, which costs it three units and a request. A shorter one is mostly over
# when the sweep, which comes every five minutes, would look.
_LONG_WAIT = timedelta(minutes=10)
# A task that waits for longer gives its slot to another, and queues when it wakes.
_LENDS_AFTER: Final = timedelta(minutes=1)
# A paused task is due when nobody has resumed it for so long: the sweep looks, and puts it off.
_LONG_PAUSE = timedelta(seconds=MAX_WAIT_SECONDS)
# By so much the clocks of two machines may differ. A wait that a limit cuts ends so long after it:
# the worker's clock, too, is then beyond the limit, and ends the task. Else an iteration would run
# before its wait is over.
_CLOCKS_DIFFER = timedelta(seconds=10)
_LONGEST_PUT_OFF = timedelta(days=1)
# For so long EventBridge, and its Scheduler, try to deliver an event (EventBridge guide, "How
# EventBridge retries delivering events"; Scheduler guide, "Managing a schedule": 24 hours).
_DELIVERED_FOR = timedelta(days=1)
_SEEN = tuple(TaskRecord.model_fields)


class StoredTask(TaskRecord):
    """The whole record. The methods are the only moves; each makes a new value.

    Four numbers count claims, each for a question of its own. A claim adds one to all of them.

    | number | starts anew | question |
    |---|---|---|
    | `iterations` | never | which iteration is this? It fences the writes of older ones |
    | `counted_iterations` | never | how many count toward `max_iterations`? |
    | `attempts` | at `Continue` | which attempt at this step is this? `Retry` counts them |
    | `claims_since_outcome` | at every outcome | did the claim before this one crash? |

    An example: the first iteration crashes, the second fails and is retried, the third continues.

    | after | iterations | counted | attempts | claims since outcome |
    |---|---|---|---|---|
    | claim 1 | 1 | 1 | 1 | 1 |
    | the Lambda dies; claim 2 | 2 | 2 | 2 | 2: more than one, so the claim before crashed |
    | `Failed`, retried | 2 | 1: a crash does not count | 2: but it was an attempt | 0 |
    | claim 3 | 3 | 2 | 3 | 1 |
    | `Continue` | 3 | 2 | 0: the next step | 0 |
    """

    # Each visit needs it: it is built while the Lambda starts, where it costs no iteration's time.
    model_config = ConfigDict(defer_build=False)

    write_token: str | None = None  # of the last write; see `Store`
    execution_visits: Count = 0  # of `Run`, by the owning execution, crashed ones included
    counted_iterations: Count = 0
    claims_since_outcome: Count = 0
    # When it is due: something should have happened to it by then, or it was last seen to be fine.
    # The sweep looks at it an idle time later. It is in the sweep's index while it is unfinished.
    due_on: Moment | None = None
    resends: Count = 0  # how often its event was sent again
    visit: str | None = None  # the visit of `Run` that the running iteration answers
    visit_entered_on: str | None = None  # when its execution entered that visit
    released_from: str | None = None  # the execution that had it before: it never claims it again
    # The worker's last answer and the visit that it answered: it repeats the answer if it was lost.
    last_answer: AnswerStatus | None = None
    answered_visit: str | None = None
    calls: Count = 0  # how often something has come that it may wait for: each ends its wait
    heard: Count = 0  # how many of them had come when its wait began
    worker: str | None = None  # that it runs on since it ran out of memory; None: its definition's
    taken: dict[str, Count] | None = None  # the last signal that it got, by its name
    # Follow-ups: what the end of the task has left to do.
    pending_hook: str | None = None
    pending_hook_attempts: Count = 0  # how often the recovery has started it
    children_abort_pending: bool = False
    parent_pending: bool = False  # its parent is to be told
    # When it was asked to date its rows, in milliseconds since 1970; 0: it has done so.
    expiry_pending: Annotated[int, Field(ge=0)] = 0
    deletion_pending: bool = False
    # Its definition has it deleted, with its descendants. See `lifecycle.clean_up`.
    cleanup_pending: bool = False
    # The bus is to be told that it has ended. See `lifecycle.status_events`.
    end_event_pending: bool = False
    expires_at: Annotated[int, Field(ge=0)] | None = None  # seconds since 1970
    # The attributes that could not be read: newer code, or a person, has written them. They are not
    # stored; what nobody changes of them stays in the table as it is.
    unreadable: tuple[str, ...] = Field(default=(), exclude=True)
    # `created_on` as it stands in the table, whoever has written it: a key may be used again, and a
    # later task with it is another one.
    created_text: str = Field(default="", exclude=True)
    # Where its long payloads stand, by their names; see `table.payloads`.
    places: Mapping[str, str] = Field(default={}, exclude=True)
    # The object of an output that could not be read when the task ended: it stays with the record.
    kept_object: str | None = None
    # What it was triggered with, once its input is another: the input, or the key of its object,
    # which is empty where it could not be kept. A retry from the start needs it.
    first_input: Json | None = None
    first_input_key: str | None = None
    # The limit that it needs a slot of, and the slot that it holds: see `table.limits`. Without one
    # it can't be claimed.
    limit_id: str | None = None
    slot: str | None = None
    rate_id: str | None = None  # the rate that its start is reserved by
    _reads_strictly: ClassVar[bool] = True  # what is stored next depends on it

    @classmethod
    def new(
        cls,
        *,
        now: datetime,
        definition_id: str,
        name: str,
        id: str | None = None,
        input: Json,
        locale: str = DEFAULT_LOCALE,
        created_by: Identity = SYSTEM_IDENTITY,
        **fields: object,
    ) -> "StoredTask":
        """A task that nothing has run yet. Names of things that are too long are cut."""
        return cls.model_validate(
            {
                "id": id or new_id(now),
                "definition_id": definition_id,
                "name": cut(to_text(name), MAX_NAME_CHARACTERS),
                "locale": cut(to_text(locale), MAX_LOCALE_CHARACTERS),
                "created_by": created_by.fitting(),
                "input": input,
                "created_on": now,
                "created_text": to_iso(now),
                "saved_on": now,
                "due_on": now,
                **fields,
            }
        )

    @property
    def is_at_its_start(self) -> bool:
        """Whether its input is what it was triggered with."""
        odd = {"firstInput", "firstInputKey"}.intersection(self.unreadable)
        return self.first_input is None and self.first_input_key is None and not odd

    def to_record(self) -> TaskRecord:
        """What its author, its hooks and the API see of it."""
        known = {name: self.__dict__[name] for name in _SEEN if name in self.__dict__}
        record = TaskRecord.model_construct(**known)
        unread = [name for name in PAYLOADS if name not in known]
        return lazy(record, self._read, unread) if self._read else record

    def may_be_of(self, parent: TaskRecord) -> bool:
        """Whether `parent`, which has the id of its parent, was there when it was made.

        A key may be used again: a later task of that id is another one. The worker that has made it
        may have a clock that is behind that of whoever has made its parent.
        """
        return parent.created_on <= self.created_on + _CLOCKS_DIFFER

    @property
    def has_follow_ups(self) -> bool:
        """Whether its end has left something to do."""
        return bool(
            self.pending_hook
            or self.children_abort_pending
            or self.parent_pending
            or self.expiry_pending
            or self.deletion_pending
            or self.cleanup_pending
            or self.end_event_pending
        )

    @property
    def failure(self) -> TaskFailure:
        """Why it failed. Only a failed task has one."""
        return TaskFailure.model_validate((self.output or {}).get("error"))

    def delay_left(self, now: datetime) -> int:
        """Seconds until its next iteration, rounded up: the rest of its delay, or of its wait.

        Those to a moment that is reserved are rounded down: its worker waits for the rest, so that
        starts which are less than a second apart stay so.
        """
        if self.iterations and not self.waiting_until:
            return 0
        left, until = -self.seconds_late(now), self.waiting_until or self.first_due
        is_reserved = not self.iterations and until == self.starts_on
        return max(0, math.floor(left) if is_reserved else math.ceil(left))

    def seconds_to_start(self, now: datetime) -> float:
        """How long until the moment that is reserved for its start; 0 where it may start."""
        if self.starts_on is None or self.iterations:
            return 0.0
        return max(0.0, (self.starts_on - now).total_seconds())

    def seconds_late(self, now: datetime) -> float:
        """For how long its delay, or its wait, has been over; less than 0 while it is in one."""
        return (now - (self.waiting_until or self.first_due)).total_seconds()

    @property
    def first_due(self) -> datetime:
        """When its first iteration is due: behind its delay, and not before its reserved moment."""
        delayed_until = self.created_on + timedelta(seconds=self.delay)
        return max(delayed_until, self.starts_on or delayed_until)

    @property
    def ends_by(self) -> datetime | None:
        """When its time is over: its deadline, or, until it has started, when it must have."""
        if self.start_by is None or self._has_started:
            return self.deadline
        return min(self.start_by, self.deadline or self.start_by)

    @property
    def started_too_late(self) -> bool:
        """Whether its first claim came when its time was over: its code has never run."""
        limits = (limit for limit in (self.start_by, self.deadline) if limit)
        return self.started_on is not None and any(self.started_on >= each for each in limits)

    def out_of_time(self, now: datetime) -> TaskFailure | None:
        """Why it has to end, if its time is over."""
        ends_by = self.ends_by
        if self.is_over or ends_by is None or now < ends_by:
            return None
        if ends_by == self.start_by and not self._has_started:
            return expired(self.id, created_on=self.created_on, start_by=ends_by)
        return timed_out(self.id, created_on=self.created_on, deadline=ends_by)

    def is_asleep(self, now: datetime) -> bool:
        """Whether an execution has it, and waits: nothing is due before it wakes."""
        if not self.is_open or not self.execution_name or self.waiting_until is None:
            return False
        if self._in_its_time(self.waiting_until) <= now or self.was_called:
            return False
        # No task of ours waits for longer: such a date says nothing.
        return timedelta(0) < self.waiting_until - now <= timedelta(seconds=MAX_WAIT_SECONDS)

    def is_in_question(self, now: datetime) -> bool:
        """Whether the sweep is to ask for its execution, though it sleeps: see `asked_for`.

        The sweep comes to no other task that sleeps for so long. A short wait is over soon.
        """
        until = self.waiting_until
        return until is not None and self.is_asleep(now) and until - now > _LONG_WAIT

    def asked_for(self, *, now: datetime) -> Self:
        """The sweep is to look at it now, whatever it waits for."""
        return self.model_copy(update={"due_on": now})

    def looked_at(self, *, now: datetime) -> Self:
        """The sweep has seen it: it is due anew when it wakes, or from now on."""
        until = self.waiting_until if self.is_asleep(now) else None
        if self.is_held:
            until = now + self._next_look(now)
        elif self.is_queued:
            until = now + _LONGEST_PUT_OFF
        elif not self.pending_hook and (
            self.cleanup_pending or (self.deletion_pending and self.may_come_again(now))
        ):
            # It waits for its parent, or for copies of its event: a day of that costs ten looks.
            over_for = now - (self.finished_on or now)
            until = now + min(max(over_for, timedelta(0)), _LONGEST_PUT_OFF)
            return self.model_copy(update={"due_on": until})
        return self.model_copy(update={"due_on": self._in_its_time(until) if until else now})

    @property
    def is_paused(self) -> bool:
        """Whether nothing may claim it."""
        return self.paused_on is not None

    @property
    def is_held(self) -> bool:
        """Whether it is paused, and no execution has it: nothing is due before it is resumed."""
        return self.is_open and self.is_paused and not self.execution_name

    @property
    def is_queued(self) -> bool:
        """Whether it queues for a slot: whoever gives one back sends it off."""
        return self.is_open and self.queued_on is not None and not self.execution_name

    @property
    def lacks_slot(self) -> bool:
        """Whether it can't be claimed before it has a slot."""
        return self.is_open and self.limit_id is not None and self.slot is None

    def starting(self, on: datetime, *, now: datetime) -> Self:
        """A new task whose start is reserved. One that starts at once has no such moment."""
        later = max(on, self.starts_on or on)
        return self.model_copy(update={"starts_on": later if later > now else None})

    def pushed_back(self, *, now: datetime, until: datetime | None, like: Self) -> Self:
        """It was triggered once more before its start: it starts then, with the last input.

        Args:
            until: `None`: when it would have started anyway.
            like: as the last trigger would have made it: what it shares slots by follows from that.
        """
        changes: Json = {
            "input": like.input,
            "limit_id": like.limit_id,
            "concurrency_key": like.concurrency_key,
        }
        if until is None:
            return self._changed(now, **changes)
        changes["starts_on"] = until
        if self.waiting_until:  # an execution has it, and waits: it looks when that was to end
            changes |= {"waiting_until": until, "due_on": self._due_after(now, until)}
        return self._changed(now, **changes)

    def with_slot(self, slot: str, *, now: datetime) -> Self:
        """It has got a slot: it may be claimed."""
        return self._changed(now, slot=slot, queued_on=None, due_on=now, resends=0)

    def sent_off(self, slot: str, *, now: datetime) -> Self:
        """It has got a slot in the queue: it is due now, whatever an event says that comes late."""
        return self.with_slot(slot, now=now)._changed(now, waiting_until=now)

    def queued(self, *, now: datetime) -> Self:
        """It queues for a slot, and leaves its execution. It is not asked for before it has one."""
        due_on = self._in_its_time(now + _LONGEST_PUT_OFF)
        waits = {"queued_on": now, "waiting_until": None, "due_on": due_on}
        return self.released(now=now)._changed(now, **waits)

    def unlimited(self, *, now: datetime) -> Self:
        """Its definition has no limit any more."""
        return self._changed(now, limit_id=None, slot=None, queued_on=None, due_on=now)

    @property
    def is_in_hand(self) -> bool:
        """Whether an iteration has been claimed, and has no outcome yet."""
        return self.claims_since_outcome > 0

    def paused(self, *, now: datetime) -> Self:
        """Nothing claims it any more. The iteration in hand goes on to its end."""
        paused = self._changed(now, paused_on=self.paused_on or now, paused_with=None)
        return paused if self.is_in_hand else paused.held(now=now)

    def paused_with_others(self, with_what: str, *, now: datetime) -> Self:
        """Its definition is paused, or all are: it leaves its execution before its iteration."""
        return self._changed(now, paused_on=now, paused_with=with_what).held(now=now)

    def held(self, *, now: datetime) -> Self:
        """A paused task leaves its execution."""
        due_on = self._in_its_time(now + self._next_look(now))
        return self.released(now=now)._changed(now, due_on=due_on, slot=None, queued_on=None)

    def resumed(self, *, now: datetime) -> Self:
        """It may be claimed again. What is left of its delay or wait is still to pass."""
        until = now if self.was_called else self.waiting_until
        free = {"paused_on": None, "paused_with": None}
        return self._changed(now, resends=0, due_on=now, waiting_until=until, **free)

    def deferred(self, *, now: datetime, until: datetime, execution_name: str) -> Self:
        """An execution owns the pending task, and waits for its delay to pass, or its time."""
        until = self._in_its_time(until)
        asleep = {"waiting_until": until, "due_on": self._due_after(now, until)}
        return self._changed(now, execution_name=execution_name, **asleep)

    def not_started(self) -> Self:
        """Its claim has come too late: its code has not run, and does not."""
        return self.model_copy(update={"started_on": None})

    def held_up(self, problem: str) -> Self:
        """Its next iteration can't be claimed for the time being."""
        return self.model_copy(update={"problem": cut(problem, MAX_PROBLEM_CHARACTERS)})

    def visited(self, visit: str) -> Self:
        """The next outcome answers this visit."""
        return self.model_copy(update={"visit": visit})

    def checkpointed(
        self,
        *,
        now: datetime,
        input: Json | None = None,
        output: Json | None = None,
        progress: Progress | None = None,
    ) -> Self:
        """The running iteration saves what is given; what is not given stays."""
        saved = {"input": input, "output": output, "progress": progress}
        changes = {name: value for name, value in saved.items() if value is not None}
        return self._changed(now, **changes)

    def continued(
        self,
        *,
        now: datetime,
        input: Json,
        wait: int,
        counts: bool = True,
        waiting_for: WaitingFor | None = None,
    ) -> Self:
        """The iteration has ended and another follows, after `wait` seconds at most.

        A wait ends with the task's time.

        Args:
            waiting_for: what ends it early.
        """
        listens = {"waiting_for": waiting_for, "heard": self.calls if waiting_for else self.heard}
        free = 0 if counts else 1
        return self._continued(now, wait, input=input, attempts=0, free=free, **listens)

    def took(self, signals: Mapping[str, int]) -> Self:
        """It has got these signals: the next ones of their names come next."""
        return self.model_copy(update={"taken": {**(self.taken or {}), **signals}})

    def called_before(self, calls: int) -> Self:
        """So much had come before its outcome is stored: it does not wait, if that is news."""
        if calls == self.calls:
            return self
        awake = {"waiting_until": None, "due_on": self.saved_on} if self.waiting_for else {}
        return self.model_copy(update={"calls": calls, **awake})

    @property
    def was_called(self) -> bool:
        """Whether it waits for something, and something has come since its wait began."""
        waits = self.is_open and self.waiting_for is not None and self.waiting_until is not None
        return waits and self.calls > self.heard

    def claimed_in_place(self, before: Self) -> Self:
        """The invocation that has ended the iteration of `before` so runs the next one, too.

        The counts go on as those of a claim do (`table.conditions.CLAIM_UPDATE`). The visit of
        `Run` has no answer yet.
        """
        return self.model_copy(
            update={
                "iterations": self.iterations + 1,
                "counted_iterations": self.counted_iterations + 1,
                "attempts": self.attempts + 1,
                "claims_since_outcome": 1,
                "last_answer": before.last_answer,
                "answered_visit": before.answered_visit,
            }
        )

    def retried(self, *, now: datetime, wait: int) -> Self:
        """The attempt has failed and another follows, from the last checkpoint."""
        return self._continued(now, wait)

    def moved(self, *, now: datetime, worker: str) -> Self:
        """The next execution runs it on another worker, from its last checkpoint.

        The claim that has found out why is neither an attempt nor counted.
        """
        attempts = self.attempts - 1
        after = self._continued(now, 0, free=1, attempts=attempts, worker=worker)
        return after.released(now=now)

    def succeeded(self, *, now: datetime, output: Json | None) -> Self:
        """The task has ended well. Without an output, the one that was saved stays."""
        kept = self.output if output is None else output
        return self._ended(now, AnswerStatus.DONE, Status.SUCCESS, output=kept)

    def failed(self, *, now: datetime, failure: TaskFailure) -> Self:
        """The task has ended badly. An output that was saved stays beside the error."""
        output = (self.output or {}) | {"error": failure.to_wire()}
        changes = {"output": output, "error_code": failure.code or None}
        return self._ended(now, AnswerStatus.ERROR, Status.FAILED, **changes)

    def aborted(self, *, now: datetime, by: Identity | None = None) -> Self:
        """The task was stopped: by itself, if nobody is named."""
        changes = {"aborted_by": by and by.fitting(), "children_abort_pending": True}
        return self._ended(now, AnswerStatus.ABORTED, Status.ABORTED, **changes)

    def due(self, hook: str | None) -> Self:
        """The task is over and `hook`, if there is one, has to run."""
        return self.model_copy(update={"pending_hook": hook})

    def hook_ran(self) -> Self:
        return self.model_copy(update={"pending_hook": None, "pending_hook_attempts": 0})

    def hook_started(self) -> Self:
        """The recovery is about to run the hook."""
        return self.model_copy(update={"pending_hook_attempts": self.pending_hook_attempts + 1})

    def to_call(self) -> Self:
        """It is over, and its parent, if it has one, is to be told."""
        return self.model_copy(update={"parent_pending": True}) if self.parent_id else self

    def family_told(self) -> Self:
        """Its children are aborted, if they had to be, and its parent knows of its end."""
        told = {"children_abort_pending": False, "parent_pending": False}
        return self.model_copy(update=told)

    def expires(self, at: int | None) -> Self:
        """The task is over, and DynamoDB removes it then; `None`: its parent lives on."""
        return self.model_copy(update={"expires_at": at})

    def keeping_slot(self, slot: str | None) -> Self:
        """It has its slot still: it goes on at once; or it is over, and its iteration may run."""
        return self.model_copy(update={"slot": slot})

    def asked_for_expiry(self, *, now: datetime) -> Self:
        """Its rows are to be dated."""
        asked = int(now.timestamp() * 1000)
        return self.model_copy(update={"expiry_pending": asked, "due_on": now})

    def dated(self) -> Self:
        """Each of its rows has an expiry date."""
        return self.model_copy(update={"expiry_pending": 0})

    def may_come_again(self, now: datetime) -> bool:
        """Whether a copy of the event by hand that it was made of may still be delivered."""
        is_by_hand = self.created_by.type == EVENT_IDENTITY.type and not self.parent_id
        since = self.finished_on or self.created_on
        return is_by_hand and now - since < _DELIVERED_FOR

    def deleted(self, *, now: datetime) -> Self:
        """Nothing shows it any more. It is removed once its hook has run."""
        return self.model_copy(update={"deletion_pending": True, "due_on": now})

    def to_clean_up(self) -> Self:
        """It is over, and is to be deleted after its hook, with its descendants."""
        return self.model_copy(update={"cleanup_pending": True})

    def to_tell(self) -> Self:
        """It is over, and the bus is to be told."""
        return self.model_copy(update={"end_event_pending": True})

    def told(self) -> Self:
        """The bus was told of its end."""
        return self.model_copy(update={"end_event_pending": False})

    def retried_as(self, id: str) -> Self:
        """The task of that id is its retry."""
        return self.model_copy(update={"retried_by": id})

    def resent(self, *, now: datetime) -> Self:
        """Its event was sent again."""
        return self._changed(now, resends=self.resends + 1, due_on=now)

    def released(self, *, now: datetime) -> Self:
        """The execution gives up the task, for the next execution to own."""
        free = {"execution_name": None, "execution_visits": 0, "visit_entered_on": None}
        left = self.execution_name or self.released_from
        return self._changed(now, resends=0, due_on=now, released_from=left, **free)

    def woken(self, *, now: datetime) -> Self:
        """Its delay or wait is over, whatever was left of it: the next execution runs it."""
        return self.released(now=now)._changed(now, waiting_until=now, starts_on=None)

    def _continued(self, now: datetime, wait: int, *, free: int = 0, **changes: object) -> Self:
        crashed = max(self.claims_since_outcome - 1, 0)
        until = self._in_its_time(now + timedelta(seconds=wait))
        lends = until - now > _LENDS_AFTER
        return self._answered(
            now,
            AnswerStatus.CONTINUE,
            waiting_until=until if wait else None,
            slot=None if lends else self.slot,
            due_on=self._due_after(now, until),
            counted_iterations=self.counted_iterations - crashed - free,
            **changes,
        )

    @property
    def _has_started(self) -> bool:
        return self.started_on is not None and not self.started_too_late

    def _next_look(self, now: datetime) -> timedelta:
        """How soon the sweep looks at it while it is held.

        One that is paused with others may have been held in the moment in which they were resumed:
        it is looked at soon, and then when it has been held for as long again, at last once a day.
        """
        if not self.paused_with:
            return _LONG_PAUSE
        held_for = now - (self.paused_on or now)
        return min(max(held_for, timedelta(0)), _LONGEST_PUT_OFF)

    def _in_its_time(self, until: datetime) -> datetime:
        """`until`; or right behind the end of its time, where that is earlier."""
        ends_by = self.ends_by
        return until if ends_by is None else min(until, ends_by + _CLOCKS_DIFFER)

    def _due_after(self, now: datetime, until: datetime) -> datetime | None:
        """When it is due once it waits until then. Short waits leave the sweep's index alone."""
        return until if until - now > _LONG_WAIT else self.due_on

    def _ended(
        self, now: datetime, answer: AnswerStatus, status: Status, **changes: object
    ) -> Self:
        ended = {
            "status": status,
            "finished_on": now,
            "due_on": now,
            "paused_on": None,
            "paused_with": None,
            "waiting_for": None,
            "slot": None,
            "queued_on": None,
        }
        return self._answered(now, answer, **ended | changes)

    def _answered(self, now: datetime, answer: AnswerStatus, **changes: object) -> Self:
        if self.is_over:
            raise ValueError(
                f'Task "{self.id}" is {self.status}; it can\'t become `{answer}`. '
                "A status only moves forward."
            )
        common = {"last_answer": answer, "answered_visit": self.visit}
        reset = {"claims_since_outcome": 0, "waiting_until": None, "problem": None}
        return self._changed(now, **common | reset | changes)

    def _changed(self, now: datetime, **changes: object) -> Self:
        return self.model_copy(update={**changes, "saved_on": now})


def new_id(now: datetime) -> str:
    """24 hex digits, the first 8 of them the time in seconds: later ids sort later."""
    return f"{int(now.timestamp()):08x}{os.urandom(8).hex()}"


def id_of_retry(task: TaskRecord) -> str:
    """The id that a retry of a task has: a task has one retry, whoever makes it.

    An id may be used again, by a later task of the same key: that one has a retry of its own.
    """
    text = f"\0retry\n{task.id}\n{to_iso(task.created_on)}"
    return digest(text)[:24]

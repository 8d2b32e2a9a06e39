"""People and programs: they trigger tasks, and do something to them."""

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from handler import tasks
from handler.contract import DETAIL_TYPE
from handler.errors import BackgroundTaskError, DeliveryError, NotFound, Refused, StoreUnavailable
from handler.runtime import using
from tests.simulation.faults import Fault, Kind
from tests.simulation.machine import Killed, Machine
from tests.simulation.plan import Meddling, Planned, Way
from tests.simulation.state_machine import MACHINE_ARN
from tests.simulation.watch import Life

if TYPE_CHECKING:
    from tests.simulation.world import World

_PROGRAM_SECONDS: Final = 3_600.0
# What is of no one task.
_NOTHING_PLANNED: Final = Planned(number=-1, definition="")
_TRIES: Final = 4
_TRIGGER: Final = """
mutation Trigger($definition: WebinyBackgroundTaskDefinitionEnum!, $input: JSON, $name: String,
                 $delay: Number, $timeout: Number, $expiresAfter: Number) {
  backgroundTasks {
    triggerTask(definition: $definition, input: $input, name: $name, delay: $delay,
                timeout: $timeout, expiresAfter: $expiresAfter) {
      data { id }
      error { message code }
    }
  }
}"""
_ABORT: Final = """
mutation Abort($id: ID!) {
  backgroundTasks { abortTask(id: $id) { data { id } error { message code } } }
}"""
_DELETE: Final = """
mutation Delete($id: ID!) {
  backgroundTasks { deleteTask(id: $id) { data error { message code } } }
}"""
_RUN_NOW: Final = """
mutation RunNow($id: ID!) {
  backgroundTasks { runTaskNow(id: $id) { data { iterations waitingUntil } error { code } } }
}"""
_PAUSE: Final = """
mutation Pause($id: ID!) {
  backgroundTasks { pauseTask(id: $id) { data { pausedOn } error { code } } }
}"""
_RESUME: Final = """
mutation Resume($id: ID!) {
  backgroundTasks { resumeTask(id: $id) { data { pausedOn } error { code } } }
}"""
_RETRY: Final = """
mutation Retry($id: ID!, $fromStart: Boolean) {
  backgroundTasks { retryTask(id: $id, fromStart: $fromStart) { data { id } error { code } } }
}"""
_SIGNAL: Final = """
mutation Signal($id: ID!, $key: String) {
  backgroundTasks { signalTask(id: $id, name: "go", key: $key) { data { id } error { code } } }
}"""
_SETTINGS: Final = """
mutation Settings($days: Int) {
  backgroundTasks {
    updateSettings(input: { retentionDays: $days }) { data { retentionDays } error { code } }
  }
}"""
_LIST: Final = """
query List { backgroundTasks { listTasks(limit: 20) { data { id taskStatus } error { code } } } }"""
_KINDS: Final = {
    Meddling.ABORT: Kind.ABORTED,
    Meddling.DELETE: Kind.DELETED,
    Meddling.STOP: Kind.EXECUTION_STOPPED,
    Meddling.REDRIVE: Kind.EXECUTION_REDRIVEN,
    Meddling.TIME_OUT: Kind.EXECUTION_TIMED_OUT,
}


class People:
    """Whoever acts in a world from outside of the Lambdas."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self.accepted: dict[str, int] = {}  # the number of each task that somebody was told of
        self._begun: set[int] = set()
        self._meddled: set[int] = set()
        self._seen: set[int] = set()  # the numbers of those whose record was made
        self._retried: set[int] = set()
        self._aborters: set[str] = set()

    def begin(self) -> None:
        """Has each planned task triggered in time."""
        for task in [self._as_it_comes(each) for each in self._world.planned.values()]:
            self._world.planned[task.number] = task
            for caller in range(2 if task.way is Way.KEY else 1):
                after = task.at + caller * task.haste
                self.spawn(f"{task.name}/caller{caller}", self._trigger, task, after=after)

        if self._world.scenario.retention_changes:
            self.spawn("settings", self._change_settings, _NOTHING_PLANNED)

    def _as_it_comes(self, task: Planned) -> Planned:
        """A task with the limits and the clean-up that come."""

        def comes(kind: Kind) -> bool:
            return self._world.faults.comes(kind, task.name, 0, task=task.number)

        is_limited = task.is_limited and comes(Kind.TIME_LIMIT)
        cleans_up = (task.cleans_up or task.children_clean_up) and comes(Kind.CLEANED_UP)
        return task.as_it_comes(is_limited=is_limited, cleans_up=cleans_up)

    def moved(self, life: Life, iterations: int) -> None:
        """A record was written: is it time to do something to its task?"""
        task = self._world.planned.get(life.number)
        if task is None:
            return
        if task.retried and life.status in ("failed", "aborted"):
            self._ended_badly(task, life.id)
        if life.parent:
            self._child_moved(task, life, iterations)
            return
        if task.number not in self._seen:
            self._seen.add(task.number)
            self._made(task, life.id)
        if task.meddling is None or task.number in self._meddled:
            return
        if task.meddling is Meddling.DELETE and not life.is_open and task.haste < 1:
            # Somebody else deletes it while whoever has ended it does what follows.
            self._meddled.add(task.number)
            name = f"{task.name}/deleter"
            if self._world.faults.comes(Kind.DELETED, name, 0, task=task.number):
                self.spawn(name, self._delete, task, life.id, after=task.haste)
            return
        if iterations < task.after_iterations or task.number in self._begun:
            return
        self._begin(task, life.id, after=task.haste)

    def _made(self, task: Planned, id: str) -> None:
        """The record of a task was made: some are told to run now, or paused, a while later."""
        for number, after in enumerate(task.hurried):
            name = f"{task.name}/hurrier{number}"
            if self._world.faults.comes(Kind.HURRIED, name, 0, task=task.number):
                self.spawn(name, self._hurry, task, id, after=after)
        for number, after in enumerate(task.signalled):
            name = f"{task.name}/signaller{number}"
            if self._world.faults.comes(Kind.SIGNALLED, name, 0, task=task.number):
                self.spawn(name, self._signal, task, id, after=after)
        name = f"{task.name}/pauser"
        if task.paused and self._world.faults.comes(Kind.PAUSED, name, 0, task=task.number):
            self.spawn(name, self.pause, task, id, after=task.paused[0])
        name = f"{task.name}/early"
        early = task.retried_early
        if early is not None and self._world.faults.comes(Kind.RETRIED, name, 0, task=task.number):
            self.spawn(name, self._retry, task, id, after=early)

    def _ended_badly(self, task: Planned, id: str) -> None:
        """A task, or a child of one, has failed or was aborted: somebody retries it."""
        if task.number in self._retried:
            return
        self._retried.add(task.number)
        for number, after in enumerate(task.retried):
            name = f"{task.name}/retrier{number}"
            if self._world.faults.comes(Kind.RETRIED, name, 0, task=task.number):
                self.spawn(name, self._retry, task, id, after=after)

    def _child_moved(self, task: Planned, life: Life, iterations: int) -> None:
        """The record of a child was written: somebody may abort it, under its open parent."""
        name = f"{task.name}/child-aborter"
        if task.child_aborted is None or not iterations or name in self._aborters:
            return
        self._aborters.add(name)
        if self._world.faults.comes(Kind.ABORTED, name, 0, task=task.number):
            self.spawn(name, self.abort, task, life.id, after=task.child_aborted)

    def provoked(self, number: int) -> None:
        """A write of a task has lost its answer: who is about to do something to it does so now."""
        task = self._world.planned.get(number)
        lives = [each for each in self._world.watch.of_number(number) if not each.parent]
        if task is None or task.meddling is None or not lives or number in self._begun:
            return
        self._begin(task, lives[0].id, after=task.haste / 4)

    def _begin(self, task: Planned, id: str, *, after: float) -> None:
        assert task.meddling is not None
        self._begun.add(task.number)
        if task.meddling is not Meddling.DELETE:
            self._meddled.add(task.number)
        kind, name = _KINDS.get(task.meddling), f"{task.name}/meddler"
        if kind is None or self._world.faults.comes(kind, name, 0, task=task.number):
            self.spawn(name, self._meddle, task, id, after=after)

    def end_what_never_ends(self) -> None:
        """Resumes or aborts every task that waits for somebody to do so.

        One that is paused with others goes on when those do: nobody resumes it by itself.
        """
        self._world.operators.end_pauses()
        for life in list(self._world.watch.lives.values()):
            task = self._world.planned.get(life.number)
            if task is None and life.is_in_bulk:
                task = Planned(number=life.number, definition=life.definition)
            is_paused = "pausedOn" in (life.record or {}) and not life.is_held_with_others
            if life.is_open and task is not None and is_paused:
                name = f"{life.id}/resume@{self._world.scheduler.now:.0f}"
                self.spawn(name, self._resume, task, life.id)
            if life.is_open and not life.parent and task is not None and task.is_endless:
                name = f"{life.id}/end@{self._world.scheduler.now:.0f}"
                self._world.faults.note(Fault(Kind.ABORTED, name, 0, task.number))
                self.spawn(name, self._end, task, life.id)

    def spawn(self, name: str, run: Any, task: Planned, *more: Any, after: float = 0.0) -> None:
        """Has somebody act on a machine of their own: `run(machine, task, *more)`."""
        world = self._world

        def act() -> None:
            machine = Machine(
                world,
                name,
                function="program",
                seconds=_PROGRAM_SECONDS,
                task=task.number,
                is_mortal=False,
            )
            actor.locals = machine
            try:
                with using(machine.parts):
                    run(machine, task, *more)
            except Killed:
                machine.is_dead = True
            world.watch.machine_ended(machine)

        actor = world.scheduler.spawn(name, act, after=after)

    def _trigger(self, machine: Machine, task: Planned) -> None:
        match task.way:
            case Way.API:
                self._by_api(machine, task)
            case Way.HAND:
                self._by_hand(machine, task)
            case _:
                self._by_code(machine, task)

    def _by_api(self, machine: Machine, task: Planned) -> None:
        variables = {
            "definition": task.definition,
            "input": task.input,
            "name": task.name,
            "delay": task.delay,
            "timeout": task.timeout,
            "expiresAfter": task.expires_after,
        }
        answer = self.asked(machine, task, "trigger", _TRIGGER, variables)
        found = (answer.get("triggerTask") or {}).get("data") or {}
        if found.get("id"):
            self.accepted[found["id"]] = task.number

    def _by_hand(self, machine: Machine, task: Planned) -> None:
        detail = {
            "webinyTaskDefinitionId": task.definition,
            "input": task.input,
            "name": task.name,
            "delay": task.delay,
        }
        limits = {"timeout": task.timeout, "expiresAfter": task.expires_after}
        detail |= {name: limit for name, limit in limits.items() if limit is not None}
        entry = {
            "EventBusName": "tasks",
            "Source": "a person",
            "DetailType": DETAIL_TYPE,
            "Detail": json.dumps(detail),
        }
        for _ in range(_TRIES):
            try:
                response = machine.client("events").put_events(Entries=[entry])
            except Killed:
                raise
            except Exception:  # botocore's: the person tries once more
                machine.sleep(1)
                continue
            [sent] = response["Entries"]
            if "ErrorCode" not in sent:
                self.accepted[sent["EventId"]] = task.number
                return

    def _by_code(self, machine: Machine, task: Planned) -> None:
        key = f"key of {task.name}" if task.way is Way.KEY else None
        for _ in range(_TRIES if key else 1):
            try:
                self._called(task, key)
            except (StoreUnavailable, DeliveryError):
                machine.sleep(2)
                continue
            except BackgroundTaskError:
                pass
            return

    def _called(self, task: Planned, key: str | None) -> None:
        if task.way is Way.MANY:
            results = tasks.trigger_many(
                task.definition,
                [task.input] * 2,
                timeout=task.timeout,
                expires_after=task.expires_after,
            )
            records = [each.record for each in results if each.record and not each.error]
        else:
            records = [
                tasks.trigger(
                    task.definition,
                    input=task.input,
                    name=task.name,
                    delay=task.delay,
                    timeout=task.timeout,
                    expires_after=task.expires_after,
                    idempotency_key=key,
                )
            ]
        self.accepted |= {record.id: task.number for record in records}

    def _meddle(self, machine: Machine, task: Planned, id: str) -> None:
        match task.meddling:
            case Meddling.ABORT:
                self.abort(machine, task, id)
            case Meddling.DELETE:
                self.abort(machine, task, id)
                if task.haste >= 1:  # sooner, somebody else does: see `moved`
                    self._delete(machine, task, id)
            case Meddling.LIST:
                self.asked(machine, task, "list", _LIST, {})
            case Meddling.STARTS_IT:
                self._start(machine, id)
            case _:
                self._stop(machine, task, id)

    def abort(self, machine: Machine, task: Planned, id: str) -> None:
        """Aborts a task, by the API or from code."""
        hearing = self._world.watch.life(id).heard_by()
        if machine.random.random() < 0.5:
            answer = self.asked(machine, task, "abort", _ABORT, {"id": id})
            is_aborted = bool((answer.get("abortTask") or {}).get("data"))
        else:
            is_aborted = self._aborted(id)
        if is_aborted:
            hearing.note(aborted_at=self._world.scheduler.now)

    def _aborted(self, id: str) -> bool:
        try:
            tasks.abort(id)
        except BackgroundTaskError:
            return False
        return True

    def pause(self, machine: Machine, task: Planned, id: str) -> None:
        """Pauses a task, and resumes it after a while."""
        assert task.paused is not None
        if machine.random.random() < 0.5:
            self.asked(machine, task, "pause", _PAUSE, {"id": id})
        else:
            with suppress(BackgroundTaskError):
                tasks.pause(id)
        machine.sleep(task.paused[1])
        if machine.random.random() < 0.5:
            self.asked(machine, task, "resume", _RESUME, {"id": id})
        else:
            with suppress(BackgroundTaskError):
                tasks.resume(id)

    def _hurry(self, machine: Machine, task: Planned, id: str) -> None:
        """Tells a task to run now. One that was woken begins an iteration after this."""
        hearing = self._world.watch.life(id).heard_by()
        if machine.random.random() < 0.5:
            answer = self.asked(machine, task, "run now", _RUN_NOW, {"id": id})
            found = (answer.get("runTaskNow") or {}).get("data") or {}
            heard = found.get("iterations") if found.get("waitingUntil") else None
        else:
            try:
                record = tasks.run_now(id)
            except BackgroundTaskError:
                return
            heard = record.iterations if record.waiting_until else None
        if heard is not None:
            hearing.note(hurried=heard)

    def _signal(self, machine: Machine, task: Planned, id: str) -> None:
        """Sends a task its signal: whoever sends it, and however often, it is one."""
        hearing = self._world.watch.life(id).heard_by()
        if machine.random.random() < 0.5:
            answer = self.asked(machine, task, "signal", _SIGNAL, {"id": id, "key": "one"})
            is_sent = bool((answer.get("signalTask") or {}).get("data"))
        else:
            try:
                tasks.signal(id, "go", key="one")
            except BackgroundTaskError:
                return
            is_sent = True
        if is_sent and hearing.life.signalled_at is None:
            hearing.note(signalled_at=self._world.scheduler.now)

    def _retry(self, machine: Machine, task: Planned, id: str) -> None:
        """Retries a task, from its last checkpoint or its start; or is refused."""
        hearing = self._world.watch.life(id).heard_by()
        from_start = machine.random.random() < 0.5
        if machine.random.random() < 0.5:
            variables = {"id": id, "fromStart": from_start}
            answer = self.asked(machine, task, "retry", _RETRY, variables)
            retry = ((answer.get("retryTask") or {}).get("data") or {}).get("id")
        else:
            try:
                retry = tasks.retry(id, from_start=from_start).id
            except BackgroundTaskError:
                return
        if retry:
            hearing.note_retry(retry, self._world.watch)
            self.accepted[retry] = task.number

    def _change_settings(self, machine: Machine, task: Planned) -> None:
        """Changes for how long tasks are kept, one time after another."""
        world = self._world
        for number, (moment, days) in enumerate(world.scenario.retention_changes):
            machine.sleep(max(moment - world.scheduler.now, 0.0))
            if not world.faults.comes(Kind.SETTING_CHANGED, machine.name, number):
                continue
            world.retentions.is_about_to_change(days, begin=world.scheduler.now)
            if machine.random.random() < 0.5:
                name = f"change{number}"
                answer = self.asked(machine, task, name, _SETTINGS, {"days": days})
                is_sure = bool((answer.get("updateSettings") or {}).get("data"))
            else:
                try:
                    tasks.update_settings(retention_days=days)
                    is_sure = True
                except BackgroundTaskError:
                    is_sure = False
            world.retentions.was_changed(end=world.scheduler.now, is_sure=is_sure)

    def _delete(self, machine: Machine, task: Planned, id: str) -> None:
        hearing = self._world.watch.life(id).heard_by()
        if machine.random.random() < 0.5:
            answer = self.asked(machine, task, "delete", _DELETE, {"id": id})
            is_deleted = bool((answer.get("deleteTask") or {}).get("data"))
        else:
            try:
                tasks.delete(id)
                is_deleted = True
            except (Refused, NotFound, StoreUnavailable):
                is_deleted = False
        if is_deleted:
            hearing.note(deleted_at=self._world.scheduler.now)

    def _stop(self, machine: Machine, task: Planned, id: str) -> None:
        world = self._world
        for _ in range(_TRIES):
            record = world.watch.life(id).record or {}
            name = record.get("executionName", {}).get("S", "")
            execution = world.step_functions.executions.get(name)
            if execution is not None and execution.is_running:
                break
            machine.sleep(1)
        else:
            return
        if task.meddling is Meddling.TIME_OUT:
            execution.time_out()
            return
        execution.stop("", "A person stopped it.")
        if task.meddling is Meddling.REDRIVE:
            machine.sleep(machine.random.choice([0.0, 0.5, 20.0, 400.0]))
            if not execution.is_running:
                execution.redrive()

    def _start(self, machine: Machine, id: str) -> None:
        """Starts an execution by hand with the event of one that there was, twice."""
        executions = self._world.step_functions.executions
        known = [each for each in executions.values() if each.task == machine.task]
        if not known:
            return
        for _ in range(2):
            try:
                self._world.step_functions.start_execution(
                    stateMachineArn=MACHINE_ARN,
                    name=f"hand-{id}",
                    input=json.dumps(known[0].input),
                )
            except Exception:  # the name is taken
                return
            machine.sleep(0.05)

    def _resume(self, machine: Machine, task: Planned, id: str) -> None:
        with suppress(BackgroundTaskError):
            tasks.resume(id)

    def _end(self, machine: Machine, task: Planned, id: str) -> None:
        hearing = self._world.watch.life(id).heard_by()
        if self._aborted(id):
            hearing.note(aborted_at=self._world.scheduler.now)

    def asked(
        self, machine: Machine, task: Planned, what: str, query: str, variables: dict[str, Any]
    ) -> Any:
        """What the API answers; empty if it does not.

        Args:
            what: of all that this machine asks, its own.
        """
        body = json.dumps({"query": query, "variables": variables})
        event = {"body": body, "headers": {}, "requestContext": {"requestId": machine.name}}
        error, answer = self._world.lambdas.invoke(
            "api", event, name=f"{machine.name}/{what}", task=task.number
        )
        if error is not None or answer["statusCode"] != 200:
            if self._world.faults.is_calm:
                self._world.unanswered.append(f"{what}: {error or answer}")
            return {}
        return (json.loads(answer["body"]).get("data") or {}).get("backgroundTasks") or {}

"""What a program does with the tasks of a stack from outside."""

import itertools
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from botocore.credentials import Credentials
from pydantic import BaseModel

from handler.client.answers import (
    DefinitionSummary,
    data_of,
    definition_of,
    envelope_of,
    limit_of,
    log_of,
    pause_of,
    record_of,
    settings_of,
)
from handler.client.auth import Auth, Iam
from handler.client.http import Answered, Http
from handler.client.many import split, triggered
from handler.client.verbs import VERBS
from handler.clock import Clock, Seconds, SystemClock, to_iso, to_seconds
from handler.contract import API_TIMEOUT_SECONDS, DEFAULT_TENANT, MAX_TENANT_BYTES, ErrorCode
from handler.definition import Debounce
from handler.errors import (
    ApiUnavailable,
    InvalidInput,
    NotFound,
    Refused,
    SettingsError,
    StoreUnavailable,
)
from handler.record import (
    BulkResult,
    Json,
    LimitState,
    Pause,
    TaskLog,
    TaskRecord,
    TaskSettings,
    TriggerResult,
    is_key,
    lazy,
    short_repr,
)
from handler.waiting import Pauses, result_of, until_over

_URL: Final = "apiUrl"
_PAYLOADS: Final = ("input", "output")
_LOGS_PER_PAGE: Final = 50
_LIMITS_PER_PAGE: Final = 50
_TASKS_PER_PAGE: Final = 200
_AFTER_LATIN_1: Final = 256
_PAUSES: Final = Pauses(first=1.0, longest=20.0)
# The API's Lambda has 30 seconds, which API Gateway has as well.
_TIMEOUT_SECONDS: Final = API_TIMEOUT_SECONDS + 5.0


class Client:
    """A client of a stack's API. All threads may share one.

    A method raises the errors that `handler.tasks` raises, with their codes and data. What the API
    does not answer is asked again, up to `attempts` times, where that does nothing twice.

    Args:
        url: the stack's output `apiUrl`.
        auth: `Iam(...)`, a bearer token, or a function that returns one; by default `Iam()`. The
            function is asked for each request, and once more when its token is refused (401).
        tenant: whose tasks they are; by default the token's own, or `root`.
        attempts: how often a request is sent at most.
        timeout: for how long it waits for the answer to one.

    Raises (every method):
        ApiUnavailable: the API has not answered.
        StoreUnavailable: its table is out of reach.
        Refused: the caller may not do that (`SECURITY_NOT_AUTHORIZED`), or asks for too much.
        SettingsError: there are no AWS credentials, or the region is not known.
    """

    def __init__(
        self,
        url: str,
        auth: Auth | None = None,
        *,
        tenant: str | None = None,
        attempts: int = 5,
        timeout: Seconds = _TIMEOUT_SECONDS,
        clock: Clock | None = None,
    ) -> None:
        if not isinstance(url, str) or not url.startswith(("https://", "http://")):
            raise InvalidInput(f"The API's URL is {short_repr(url)}; it starts with https://.")
        if attempts < 1:
            raise InvalidInput(f"attempts is {attempts}; it takes 1 or more.")
        _check_tenant(tenant)
        self.url = url
        self._tenant = tenant
        self._clock = clock or SystemClock()
        self._http = Http(
            url,
            Iam() if auth is None else auth,
            headers={"x-tenant": tenant} if tenant else {},
            attempts=attempts,
            timeout_seconds=_seconds("timeout", timeout),
            clock=self._clock,
        )

    @classmethod
    def from_outputs(
        cls,
        outputs: Mapping[str, object] | str | Path,
        auth: Auth | None = None,
        **options: Any,
    ) -> "Client":
        """A client of a stack of which the outputs are known.

        Args:
            outputs: what `pulumi stack output --json` prints, as a text, a file or a mapping; or
                `.local/outputs.json`, whose key is used then.
            auth: as the client's.
            options: the client's others.

        Raises:
            SettingsError: there is no such file, or no `apiUrl` in it.
        """
        found = _outputs(outputs)
        url = found.get(_URL)
        if not isinstance(url, str):
            names = ", ".join(sorted(map(str, found))) or "nothing"
            raise SettingsError(
                f'The outputs have no "{_URL}", but {names}. Next: take those of the stack, as'
                " `pulumi stack output --json` prints them."
            )
        return cls(url, _key_of(found) if auth is None else auth, **options)

    def trigger(
        self,
        definition: str,
        input: Mapping[str, object] | None = None,
        *,
        name: str | None = None,
        delay: Seconds = 0,
        timeout: Seconds | None = None,
        expires_after: Seconds | None = None,
        priority: Seconds = 0,
        debounce: Debounce | None = None,
        idempotency_key: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> TaskRecord:
        """Triggers a task. An answer that is lost is asked for again, and is of the same task.

        Args:
            definition: its definition's id, or an alias.
            input: what the definition takes, ready for JSON.
            name: for people.
            delay: how long to wait before the first iteration, at most 355 days.
            timeout: it fails (`TASK_TIMEOUT`) if it is not over so long after this call.
            expires_after: the same, if it has not started by then (`TASK_EXPIRED`).
            priority: where its definition has a limit, its head start in the queue of its key.
            debounce: has a burst of triggers run one task, with the input of the last one: the
                record is that of the burst. `from handler import Debounce`.
            idempotency_key: the same key triggers one task of a definition, however often it is
                called; by default each call has a key of its own.
            tags: what it is found by, up to ten texts: `{"customer": "42"}`.

        Raises:
            UnknownDefinition: the API knows no such definition; a private one is not its to know.
            InvalidInput: the input does not validate; `data["invalidFields"]` says why.
            Refused: the delay is too long, or the definition's `on_before_trigger` refuses it; or
                all slots of its key are taken (`TASK_CONFLICT`), and its definition refuses it
                then.
            DeliveryError: EventBridge did not take the event; the task is stored as failed.
        """
        given = {
            "definition": definition,
            "input": _object("The input", input),
            **_options(name, delay, timeout, expires_after, priority),
            "debounce": None if debounce is None else _debounce(debounce),
            "idempotencyKey": uuid.uuid4().hex if idempotency_key is None else idempotency_key,
            "tags": None if tags is None else dict(tags),
        }
        return self._record("trigger", given)

    def trigger_many(
        self,
        definition: str,
        inputs: Iterable[Mapping[str, object]],
        *,
        name: str | None = None,
        delay: Seconds = 0,
        timeout: Seconds | None = None,
        expires_after: Seconds | None = None,
        priority: Seconds = 0,
        idempotency_key: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Sequence[TriggerResult]:
        """Triggers a task for each input: 1,000 a request at most. Arguments are as `trigger`'s.

        Args:
            idempotency_key: of the whole call: each input has one of its own, by its place. To
                repeat the call, with all of its inputs in their order, triggers those that are
                missing: those that were refused, or not tried (`NOT_TRIED`), and are right by now.

        Returns:
            What became of each input, in order. One that is refused does not keep the others. When
            a request has failed after others were answered, the inputs that are left have its
            error.

        Raises:
            As `trigger`, where it is of the whole: the definition, or the first request.
        """
        parts = list(split(inputs))
        key = uuid.uuid4().hex if idempotency_key is None else idempotency_key
        given = _options(name, delay, timeout, expires_after, priority)
        given["tags"] = None if tags is None else dict(tags)

        def ask(number: int, part: list[Json]) -> Mapping[str, Any]:
            own = f"{key}-{number}" if number else key
            said = {"definition": definition, "inputs": part, "idempotencyKey": own}
            return self._envelope("trigger_many", said | given)

        return triggered(parts, ask, self._shown)

    def get(self, id: str) -> TaskRecord:
        """Reads a task. Its input and its output are asked for when they are first looked at.

        What the API doesn't show of a task stands at its default: `delay`, `attempts`, `locale`.

        Raises:
            NotFound: the tenant has no such task.
        """
        return self._record("get", {"id": id})

    def list(
        self,
        where: Mapping[str, object] | None = None,
        *,
        sort: str | None = None,
        limit: int | None = None,
    ) -> Iterator[TaskRecord]:
        """The tasks of a filter, read page by page.

        Args:
            where: as of `abort_many`; by default, all of the tenant.
            sort: a sorter of the API's; by default the newest first.
            limit: how many at most; `None`: all.

        Raises:
            InvalidInput: a value of `where` is none, or the limit is less than 1.
            Refused: no index answers that.
        """
        if limit is not None and limit < 1:
            raise InvalidInput(f"limit is {limit}; it takes 1 or more.")
        page = _TASKS_PER_PAGE if limit is None else min(limit, _TASKS_PER_PAGE)
        given = {"where": _where(where or {}), "sort": [sort] if sort else None, "limit": page}
        found = itertools.islice(self._pages("list", given), limit)
        return (self._shown({"data": fields}) for fields in found)

    def wait(self, id: str, timeout: Seconds) -> TaskRecord:
        """Waits until a task is over, and reads it, as `get`.

        It asks at once, and then in pauses of 1 s that grow to 20 s. While the API does not answer
        it goes on; the last request may take its own timeout longer.

        Args:
            timeout: for how long: seconds, or a `timedelta`. 0 asks once.

        Raises:
            StillOpen: the task was not over in that time; the message has its progress.
            NotFound: the tenant has no such task, or it is gone.
        """
        passing = (ApiUnavailable, StoreUnavailable)
        return until_over(
            lambda: self.get(id),
            timeout=timeout,
            pauses=_PAUSES,
            clock=self._clock,
            passing=passing,
        )

    def result(self, id: str) -> Json | None:
        """The output of a task that has succeeded; `None` where it has none.

        Raises:
            TaskFailed: it has failed; the error has the code and the data of its failure.
            TaskAborted: it was aborted.
            StillOpen: it is pending or running.
            NotFound: the tenant has no such task.
        """
        return result_of(self._record("result", {"id": id}))

    def abort(self, id: str, message: str | None = None) -> TaskRecord:
        """Ends an open task and its open children.

        Raises:
            NotFound: the tenant has no such task.
            Refused: it is over already.
        """
        sent = self._sent("abort", {"id": id, "message": message})
        try:
            return self._shown(envelope_of(sent.answer, VERBS["abort"].operation))
        except Refused as error:
            if error.code != ErrorCode.TASK_ABORT_ERROR or not sent.was_asked_before:
                raise
            found = self.get(id)  # the request whose answer was lost has aborted it
            if not found.was_aborted:
                raise
            return found

    def retry(
        self,
        id: str,
        input: Mapping[str, object] | None = None,
        *,
        from_start: bool = False,
    ) -> TaskRecord:
        """Triggers a new task that takes the place of a failed or aborted one.

        A task has one retry: to retry it again is to get the same task.

        Args:
            input: what is merged over the old task's input, ready for JSON.
            from_start: whether it starts with what the old one was triggered with, and not from
                its last checkpoint.

        Raises:
            NotFound: the tenant has no such task.
            Refused: it is open, or has succeeded; or it can't be retried so.
            InvalidInput: the input does not validate.
            DeliveryError: EventBridge did not take the retry's event; it is stored as failed.
        """
        given = {"id": id, "input": _object("The input", input), "fromStart": from_start}
        return self._record("retry", given)

    def run_now(self, id: str) -> TaskRecord:
        """Ends the delay or the wait of a task. One that does not wait is left alone.

        Raises:
            NotFound: the tenant has no such task.
            Refused: it is over, or paused.
        """
        return self._record("run_now", {"id": id})

    def signal(
        self,
        id: str,
        name: str,
        data: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> TaskRecord:
        """Hands something to an open task, which gets it when it waits for a signal of that name.

        Args:
            name: up to 64 letters, digits, `_`, `-`, `.`.
            data: ready for JSON: 64 KiB at most.
            key: the same name and key is the same signal. Without one, the call has a key of its
                own: a lost answer is asked for again, and makes no second signal.

        Returns:
            The task, as it then stands.

        Raises:
            NotFound: the tenant has no such task.
            Refused: it is over.
            InvalidInput: the name, the data or the key is none.
        """
        given = _object("The signal's data", data)
        own = uuid.uuid4().hex if key is None else key
        return self._record("signal", {"id": id, "name": name, "data": given, "key": own})

    def heartbeat(self, id: str, name: str) -> TaskRecord:
        """Tells a task that waits for a signal that whoever is to send it is still at it.

        Raises:
            NotFound: the tenant has no such task.
            Refused: it is over.
        """
        return self._record("heartbeat", {"id": id, "name": name})

    def pause(self, id: str) -> TaskRecord:
        """Has nothing run a task until it is resumed, or aborted.

        Raises:
            NotFound: the tenant has no such task.
            Refused: it is over.
        """
        return self._record("pause", {"id": id})

    def resume(self, id: str) -> TaskRecord:
        """Has a paused task go on. One that is not paused is left alone.

        Raises:
            NotFound: the tenant has no such task.
            Refused: it is over.
        """
        return self._record("resume", {"id": id})

    def delete(self, id: str) -> None:
        """Deletes a task that is over, with its logs and payloads.

        Raises:
            NotFound: the tenant has no such task.
            Refused: it is open.
        """
        sent = self._sent("delete", {"id": id})
        try:
            envelope_of(sent.answer, VERBS["delete"].operation)
        except NotFound:
            if not sent.was_asked_before:
                raise  # else the request whose answer was lost has deleted it

    def definitions(self) -> tuple[DefinitionSummary, ...]:
        """The definitions that the API may trigger."""
        return tuple(map(definition_of, self._envelope("definitions", {})["data"]))

    def settings(self) -> TaskSettings:
        """What holds for the tasks of the client's tenant, and changes while the stack runs."""
        return settings_of(self._envelope("settings", {})["data"])

    def update_settings(self, *, retention_days: int | None = None) -> TaskSettings:
        """Changes settings of the client's tenant. What is left out stays as it is.

        Args:
            retention_days: for how many days a task is kept from its end: 0 to 3,650; 0 is for
                ever.

        Raises:
            Refused: a value is out of its range (`BackgroundTasks/ValidationError`).
        """
        changes = {} if retention_days is None else {"retentionDays": retention_days}
        return settings_of(self._envelope("update_settings", {"input": changes})["data"])

    def abort_many(
        self,
        where: Mapping[str, object],
        *,
        dry_run: bool = False,
        rate: float | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Ends the open tasks of a filter: a task of the engine's own does it, for those of now.

        Args:
            where: which tasks, as the API's `listTasks` takes it: `{"definitionId": "export",
                "createdOn_lt": datetime.now(UTC)}`. `{}` is all of them.
            dry_run: only counts them.
            rate: how many tasks a second at most: 0.001 to 1,000; 25 by default.
            idempotency_key: the same key begins one such task, however often it is called; by
                default each call has a key of its own.

        Returns:
            How many tasks it is about, and the task that does the work: wait for that, if you like.

        Raises:
            InvalidInput: a value of `where`, or the rate, is none.
            DeliveryError: EventBridge did not take the event.
        """
        return self._in_bulk("abort_many", where, dry_run, rate, idempotency_key)

    def retry_many(
        self,
        where: Mapping[str, object],
        *,
        dry_run: bool = False,
        rate: float | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Retries the failed and aborted tasks of a filter. All else is as of `abort_many`."""
        return self._in_bulk("retry_many", where, dry_run, rate, idempotency_key)

    def delete_many(
        self,
        where: Mapping[str, object],
        *,
        dry_run: bool = False,
        rate: float | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Deletes the tasks of a filter that are over. All else is as of `abort_many`."""
        return self._in_bulk("delete_many", where, dry_run, rate, idempotency_key)

    def pause_definition(self, definition: str, *, every_tenant: bool = False) -> Pause:
        """Has nothing run the tasks of a definition until it is resumed, the coming ones too.

        Args:
            definition: its id, or an alias.
            every_tenant: whether those of every tenant are meant; else those of the client's.

        Raises:
            UnknownDefinition: there is no such definition.
            Refused: the token is of one tenant, and every one is meant.
        """
        given = {"id": definition, "everyTenant": every_tenant}
        return self._paused("pause_definition", given)

    def resume_definition(
        self, definition: str, *, every_tenant: bool = False, rate: float | None = None
    ) -> TaskRecord:
        """Has the tasks of a paused definition go on: a task of the engine's own does it.

        Args:
            definition: its id, or an alias.
            every_tenant: as of the pause.
            rate: how many tasks a second at most: 0.001 to 1,000; 25 by default.

        Returns:
            The task that does the work.

        Raises:
            UnknownDefinition: there is no such definition.
            Refused: it is paused for others; or the token is of one tenant.
            InvalidInput: the rate is out of its range.
            DeliveryError: EventBridge did not take the event.
        """
        given = {"id": definition, "everyTenant": every_tenant, "rate": rate}
        return self._record("resume_definition", given)

    def pause_all(self, *, every_tenant: bool = False) -> Pause:
        """Has nothing run any task until all are resumed. All else is as of `pause_definition`."""
        return self._paused("pause_all", {"everyTenant": every_tenant})

    def resume_all(self, *, every_tenant: bool = False, rate: float | None = None) -> TaskRecord:
        """Ends `pause_all`. All else is as of `resume_definition`."""
        return self._record("resume_all", {"everyTenant": every_tenant, "rate": rate})

    def pauses(self) -> tuple[Pause, ...]:
        """What is paused, of definitions and of all, that holds tasks of the client's tenant."""
        found = self._envelope("pauses", {})["data"]
        return tuple(pause_of(each, tenant=self._own_tenant) for each in found)

    def limits(self, definition: str, *, key: object = None) -> Iterator[LimitState]:
        """How many tasks of a definition may run at a time, by key: the limits in use, or set.

        They are read page by page. With a token that is of one tenant, they are those for its tasks
        alone.

        Args:
            definition: its id, or an alias.
            key: asks for one limit, by the value of its key: a text, a number, a bool; for a key
                that is a tuple, a list of these. `None`: all limits.

        Raises:
            UnknownDefinition: the API knows no such definition.
            InvalidInput: it has no `Concurrency`, or its key has no such value.
        """
        given = {"definition": definition, "key": key, "limit": _LIMITS_PER_PAGE}
        return map(limit_of, self._pages("limits", given))

    def set_limit(
        self, definition: str, limit: int, *, key: object = None, every_tenant: bool = False
    ) -> LimitState:
        """Sets how many tasks of a key run at a time, without a deploy, until `reset_limit`.

        It holds for those that start from then on, and a raised one sends the queue off.

        Args:
            definition: its id, or an alias.
            limit: how many; 0 to 1,000; 0 lets none start.
            key: as of `limits`; `None`: the limit of the tasks without a key.
            every_tenant: whether it may be for others than the client's tenant: a limit is, unless
                its key has the tenant.

        Raises:
            UnknownDefinition: the API knows no such definition.
            InvalidInput: it has no `Concurrency`, or its key has no such value; the number is out
                of its range; or the limit is for others, too.
            Refused: the token is of one tenant, and others are meant.
        """
        given = {"definition": definition, "key": key, "everyTenant": every_tenant}
        return limit_of(self._envelope("set_limit", given | {"limit": limit})["data"])

    def reset_limit(
        self, definition: str, *, key: object = None, every_tenant: bool = False
    ) -> LimitState:
        """Takes away what `set_limit` has set: it is as deployed. All else is as of `set_limit`."""
        given = {"definition": definition, "key": key, "everyTenant": every_tenant}
        return limit_of(self._envelope("reset_limit", given)["data"])

    def queue(
        self, definition: str, *, key: object = None, every_tenant: bool = False
    ) -> Iterator[TaskRecord]:
        """The tasks that queue for a slot, in the order in which they go, read page by page.

        Args:
            definition: its id, or an alias.
            key: as of `set_limit`.
            every_tenant: whether those of every tenant are meant; else those of the client's.

        Raises:
            UnknownDefinition: the API knows no such definition.
            InvalidInput: it has no `Concurrency`, or its key has no such value.
            Refused: the token is of one tenant, and every one is meant.
        """
        given = {"definition": definition, "key": key, "everyTenant": every_tenant}
        found = self._pages("queue", given | {"limit": _TASKS_PER_PAGE})
        return (self._shown({"data": fields}) for fields in found)

    def drain_queue(
        self,
        definition: str,
        *,
        key: object = None,
        every_tenant: bool = False,
        message: str | None = None,
        dry_run: bool = False,
        rate: float | None = None,
        idempotency_key: str | None = None,
    ) -> BulkResult:
        """Aborts the tasks that queue for a slot now, and none that has one.

        A task of the engine's own does it.

        Args:
            definition: its id, or an alias.
            key: as of `set_limit`.
            every_tenant: as of `queue`.
            message: for the log of each task.
            dry_run: only counts them.
            rate: how many tasks a second at most: 0.001 to 1,000; 25 by default.
            idempotency_key: as of `abort_many`.

        Returns:
            How many queue, and the task that does the work: wait for that, if you like.

        Raises:
            As `queue`, and:
            InvalidInput: the rate is out of its range.
            DeliveryError: EventBridge did not take the event.
        """
        given = {
            "definition": definition,
            "key": key,
            "everyTenant": every_tenant,
            "message": message,
        }
        return self._begun("drain_queue", given, dry_run, rate, idempotency_key)

    def logs(self, id: str, *, newest_first: bool = False) -> Iterator[TaskLog]:
        """A task's logs, one per iteration, by iteration. They are read page by page.

        Raises:
            NotFound: the tenant has no such task.
        """
        order = "DESC" if newest_first else "ASC"
        limit, after = _LOGS_PER_PAGE, None
        while True:
            given = {"where": {"task": id}, "sort": [f"iteration_{order}"], "limit": limit}
            try:
                envelope = self._envelope("logs", given | {"after": after})
            except Refused as error:
                if error.code != ErrorCode.REQUEST_TOO_LARGE or limit == 1:
                    raise
                limit = max(1, limit // 5)  # the logs are long
                continue
            yield from (log_of(fields, task_id=id) for fields in envelope["data"])
            after = (envelope.get("meta") or {}).get("cursor")
            if after is None:
                return

    def graphql(
        self,
        document: str,
        variables: Mapping[str, object] | None = None,
        *,
        repeats: bool = False,
    ) -> Json:
        """Sends any document, and returns its `data`.

        Args:
            repeats: whether it may be sent again when its answer is lost: a query may.

        Raises:
            RequestError: the answer has `errors`.
        """
        return data_of(self._posted(document, variables or {}, repeats=repeats).answer)

    def __repr__(self) -> str:
        return f"<Client {self.url}>"

    def _record(self, verb: str, given: Mapping[str, object]) -> TaskRecord:
        return self._shown(self._envelope(verb, given))

    def _paused(self, verb: str, given: Mapping[str, object]) -> Pause:
        return pause_of(self._envelope(verb, given)["data"], tenant=self._own_tenant)

    @property
    def _own_tenant(self) -> str:
        return self._tenant or DEFAULT_TENANT

    def _in_bulk(
        self,
        verb: str,
        where: Mapping[str, object],
        dry_run: bool,
        rate: float | None,
        idempotency_key: str | None,
    ) -> BulkResult:
        return self._begun(verb, {"where": _where(where)}, dry_run, rate, idempotency_key)

    def _begun(
        self,
        verb: str,
        given: Mapping[str, object],
        dry_run: bool,
        rate: float | None,
        idempotency_key: str | None,
    ) -> BulkResult:
        said = {
            "dryRun": dry_run,
            "rate": rate,
            "idempotencyKey": uuid.uuid4().hex if idempotency_key is None else idempotency_key,
        }
        begun = self._envelope(verb, {**given, **said})["data"]
        task = self._shown({"data": begun["task"]}) if begun["task"] else None
        return BulkResult(count=begun["count"], task=task, is_capped=begun["isCountCapped"])

    def _shown(self, envelope: Mapping[str, Any]) -> TaskRecord:
        fields = envelope["data"]
        record = record_of(fields, tenant=self._own_tenant)
        unread = [name for name in _PAYLOADS if name not in fields]
        return lazy(record, lambda name, _: self._payload(record.id, name), unread)

    def _pages(self, verb: str, given: Mapping[str, object]) -> Iterator[object]:
        """What a list has, page by page. A page may be short, or empty."""
        after = None
        while True:
            envelope = self._envelope(verb, {**given, "after": after})
            yield from envelope["data"]
            after = (envelope.get("meta") or {}).get("cursor")
            if after is None:
                return

    def _payload(self, id: str, name: str) -> Json | None:
        found = self._envelope(name, {"id": id})["data"].get(name)
        return found if isinstance(found, dict) else {} if name == "input" else None

    def _envelope(self, verb: str, given: Mapping[str, object]) -> Mapping[str, Any]:
        return envelope_of(self._sent(verb, given).answer, VERBS[verb].operation)

    def _sent(self, name: str, given: Mapping[str, object]) -> Answered:
        verb = VERBS[name]
        variables = {key: value for key, value in given.items() if value is not None}
        return self._posted(verb.document, variables, repeats=verb.repeats)

    def _posted(self, document: str, variables: Mapping[str, object], *, repeats: bool) -> Answered:
        try:
            body = json.dumps({"query": document, "variables": dict(variables)}, allow_nan=False)
        except (TypeError, ValueError, RecursionError) as error:
            raise InvalidInput(f"What is to be sent has no JSON: {error}.") from error
        return self._http.post(body.encode(), repeats=repeats)


def _where(where: Mapping[str, object]) -> Json:
    """A filter, ready for JSON."""
    if not isinstance(where, Mapping):
        raise InvalidInput(
            f'where is {short_repr(where)}; it takes a mapping, such as {{"definitionId":'
            ' "export"}, and {} is every task of the tenant.'
        )
    moments = {name: to_iso(each) for name, each in where.items() if isinstance(each, datetime)}
    return {**where, **moments}


def _check_tenant(tenant: object) -> None:
    """Raises `InvalidInput` for what the header `x-tenant` can't say: no request could be sent."""
    if tenant is None or tenant == "":
        return
    if not is_key(tenant, MAX_TENANT_BYTES) or not _is_header(str(tenant)):
        raise InvalidInput(
            f"tenant is {short_repr(tenant)}; the header x-tenant takes 1 to {MAX_TENANT_BYTES}"
            " bytes of printable Latin-1, with no space at either end."
        )


def _is_header(text: str) -> bool:
    """Whether a header can have it as its value, and arrives as it is (RFC 9110, 5.5)."""
    is_latin = all(ord(each) < _AFTER_LATIN_1 for each in text)
    return is_latin and text.isprintable() and text == text.strip()


def _seconds(name: str, duration: Seconds) -> float:
    try:
        return to_seconds(duration, name=name)
    except (TypeError, ValueError, OverflowError) as error:
        shown = f'"{duration}"' if isinstance(duration, str) else short_repr(duration)
        raise InvalidInput(f"{name} is {shown:.62}; it takes seconds or a timedelta.") from error


def _options(
    name: str | None,
    delay: Seconds,
    timeout: Seconds | None,
    expires_after: Seconds | None,
    priority: Seconds,
) -> Json:
    """What is said of a task, or of many, beside definition and input."""
    return {
        "name": name,
        "delay": _seconds("delay", delay) or None,
        "timeout": None if timeout is None else _seconds("timeout", timeout),
        "expiresAfter": (
            None if expires_after is None else _seconds("expires_after", expires_after)
        ),
        "priority": _seconds("priority", priority) or None,
    }


def _debounce(debounce: object) -> Json:
    if not isinstance(debounce, Debounce):
        raise InvalidInput(
            f"debounce is {short_repr(debounce)}; it takes a Debounce, such as"
            ' Debounce("customer-17", delay=5).'
        )
    delay, longest = debounce.times()
    most = None if debounce.max_delay is None else longest.total_seconds()
    said = {"key": debounce.key, "delay": delay.total_seconds(), "maxDelay": most}
    return {name: value for name, value in said.items() if value is not None}


def _object(what: str, given: Mapping[str, object] | None) -> Json | None:
    """What the API takes as a JSON object: a mapping; a model as its fields."""
    if given is None or isinstance(given, Mapping | BaseModel):
        return None if given is None else dict(given)
    raise InvalidInput(
        f"{what} is {short_repr(given)}; it takes a mapping. Next: put it into one, such as"
        ' {"value": ...}.'
    )


def _outputs(given: Mapping[str, object] | str | Path) -> Mapping[str, object]:
    if isinstance(given, Mapping):
        return given
    is_json = isinstance(given, str) and given.lstrip().startswith("{")
    try:
        found = json.loads(str(given) if is_json else Path(given).read_text())
    except (OSError, ValueError) as error:
        what = "The outputs" if is_json else str(given)
        raise SettingsError(
            f"{what} can't be read: {error}. Next: write them with `pulumi stack output --json`."
        ) from error
    if not isinstance(found, dict):
        raise SettingsError(f"The outputs are {short_repr(found)}; they are an object.")
    return found


def _key_of(outputs: Mapping[str, object]) -> Iam | None:
    """The key of a local AWS, which its outputs have."""
    key, secret = outputs.get("accessKeyId"), outputs.get("secretAccessKey")
    region = outputs.get("region")
    if not (isinstance(key, str) and isinstance(secret, str) and isinstance(region, str)):
        return None
    return Iam(Credentials(key, secret), region=region)

"""A schedule of EventBridge Scheduler starts its state machine when it is time.

ministack starts it without asking its role, in UTC whatever its time zone is, with none of the
context attributes filled in, up to ten seconds late, and drops what it can't deliver. It also takes
expressions that AWS refuses. Here, as on AWS (EventBridge Scheduler guide, "Schedule types",
"Adding context attributes" and "Configuring a schedule's dead-letter queue"):

- An expression, a time zone or a start that AWS refuses is refused, and so is a role that the
  schedule's group may not assume.
- A rate without a start triggers at once, and then after each interval. A window is not used up:
  the schedule triggers at its beginning.
- The role must allow the call. What can't be delivered goes to the dead-letter queue, if the role
  may send to it.
"""

import logging
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local.aws.patch import Original, module, replace
from local.aws.permissions import may_assume, role_allows

if TYPE_CHECKING:
    from handler.definition import Schedule

Record = dict[str, Any]  # a schedule, as ministack keeps it
Key = tuple[str, str, str]  # account, region, group and name

_SERVICE = "scheduler.amazonaws.com"
_POLL_SECONDS = 0.1
_OLDEST_START = timedelta(minutes=5)
_BEFORE = timedelta(microseconds=1)
_logger = logging.getLogger("scheduler")


def apply() -> None:
    """Refuses what AWS refuses, and triggers what is due."""
    scheduler = module("services.scheduler")
    replace(scheduler, "_create_schedule", _refusing)
    replace(scheduler, "_update_schedule", _refusing)
    replace(scheduler, "start_scheduler", lambda _: _start)


def _start() -> None:
    threading.Thread(target=_tick_for_ever, daemon=True, name="schedules").start()


def _tick_for_ever() -> None:
    ticker = Ticker()
    while True:
        time.sleep(_POLL_SECONDS)
        try:
            for tick in ticker.due(_records(), datetime.now(UTC)):
                deliver(tick)
        except Exception:
            _logger.exception("A schedule could not trigger.")


def _records() -> dict[Key, Record]:
    return dict(module("services.scheduler")._schedules._data)


@dataclass(frozen=True)
class Tick:
    """A schedule that is to trigger, for one of its times."""

    account: str
    region: str
    record: Record
    time: datetime

    @property
    def time_text(self) -> str:
        return self.time.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass
class Ticker:
    """Remembers up to when each schedule has triggered."""

    _done: dict[Key, tuple[float, datetime]] = field(default_factory=dict)

    def due(self, records: Mapping[Key, Record], now: datetime) -> list[Tick]:
        """The ticks since the last call, or since a schedule was created or changed."""
        return [tick for key, record in records.items() for tick in self._due(key, record, now)]

    def _due(self, key: Key, record: Record, now: datetime) -> list[Tick]:
        changed, schedule = record["LastModificationDate"], schedule_of(record)
        version, done = self._done.get(key, (None, now))
        if version != changed:
            done = datetime.fromtimestamp(changed, UTC) - _BEFORE
        self._done[key] = (changed, max(done, now))
        ticks = []
        while (moment := schedule.next_after(done)) and moment <= now:
            done = moment
            if record["State"] == "ENABLED":
                ticks.append(Tick(key[0], key[1], record, moment))
        return ticks


def schedule_of(record: Mapping[str, Any]) -> "Schedule":
    """The schedule of a record. A rate without a start counts from its creation.

    Raises:
        ValueError: AWS refuses it.
    """
    # Importing it takes a third of a second, which an account without schedules need not wait.
    from handler.definition import Schedule  # noqa: PLC0415

    expression = record["ScheduleExpression"]
    start = _moment(record.get("StartDate"))
    if start is None and Schedule(expression).is_rate:
        start = _moment(record.get("CreationDate"))
    zone = record.get("ScheduleExpressionTimezone") or "UTC"
    return Schedule(expression, time_zone=zone, start=start, end=_moment(record.get("EndDate")))


def _moment(value: object) -> datetime | None:
    """A moment as ministack keeps it, or as boto3 returns it."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value, UTC)
    if isinstance(value, str):
        return datetime.fromisoformat(value)
    return value if isinstance(value, datetime) else None


def _refusing(store: Original) -> Original:
    def checked(name: str, body: Record) -> Any:
        refusal = refusal_of(body, datetime.now(UTC)) or _refusal_of_role(body)
        if refusal:
            return module("services.scheduler")._error(400, "ValidationException", refusal)
        return store(name, body)

    return checked


def refusal_of(body: Record, now: datetime) -> str | None:
    """The message with which AWS refuses a schedule; None for a valid one."""
    try:
        schedule = schedule_of(body)
    except (ValueError, TypeError, KeyError) as error:
        return f"Invalid Schedule Expression {body.get('ScheduleExpression')}. ({error})"
    if schedule.start and schedule.start < now - _OLDEST_START:
        return "The StartDate you specify cannot be earlier than 5 minutes ago."
    if schedule.next_after(now - _OLDEST_START) is None:
        return f"Invalid Schedule Expression {schedule.expression}. (It has no time after now.)"
    return None


def _refusal_of_role(body: Record) -> str | None:
    role = (body.get("Target") or {}).get("RoleArn", "")
    if may_assume(role, _SERVICE, _group_arn(body.get("GroupName", "default"))):
        return None
    return "The execution role you provide must allow AWS EventBridge Scheduler to assume the role."


def _group_arn(group: str) -> str:
    """What EventBridge Scheduler names as the source of a schedule's call: its group."""
    return str(module("services.scheduler")._group_arn(group))


def deliver(tick: Tick) -> None:
    """Starts the state machine, or sends the tick to the dead-letter queue."""
    responses = module("core.responses")
    responses.set_request_account_id(tick.account)
    responses.set_request_region(tick.region)
    arn, states = tick.record["Target"]["Arn"], module("services.stepfunctions")
    execution_id = secrets.token_hex(8)
    payload = _filled_in(tick, execution_id)
    if not _may(tick, "states:StartExecution", arn):
        message = f"The schedule's role may not states:StartExecution on {arn}."
        _send_to_dlq(tick, payload, execution_id, code="AccessDeniedException", message=message)
    elif states._resolve_state_machine_arn(arn) is None:
        message = f"State Machine Does Not Exist: '{arn}'"
        _send_to_dlq(tick, payload, execution_id, code="StateMachineDoesNotExist", message=message)
    else:
        states._start_execution({"stateMachineArn": arn, "input": payload})
        _logger.info("%s triggered for %s.", tick.record["Arn"], tick.time_text)


def _filled_in(tick: Tick, execution_id: str) -> str:
    text: str = tick.record["Target"].get("Input") or "{}"
    attributes = {
        "schedule-arn": tick.record["Arn"],
        "scheduled-time": tick.time_text,
        "execution-id": execution_id,
        "attempt-number": "1",
    }
    for name, value in attributes.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text


def _may(tick: Tick, action: str, arn: str) -> bool:
    role, group = tick.record["Target"]["RoleArn"], _group_arn(tick.record["GroupName"])
    return role_allows(role, _SERVICE, action, arn, source_arn=group)


def _send_to_dlq(tick: Tick, payload: str, execution_id: str, *, code: str, message: str) -> None:
    queue = (tick.record["Target"].get("DeadLetterConfig") or {}).get("Arn", "")
    if not queue or not _may(tick, "sqs:SendMessage", queue):
        _logger.warning("Dropped a tick of %s: %s", tick.record["Arn"], message)
        return
    values = {
        "ERROR_CODE": code,
        "ERROR_MESSAGE": message,
        "EXECUTION_ID": execution_id,
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
        "IS_PAYLOAD_TRUNCATED": "false",
        "RETRY_ATTEMPTS": "0",
        "SCHEDULED_TIME": tick.time_text,
        "SCHEDULE_ARN": tick.record["Arn"],
        "TARGET_ARN": tick.record["Target"]["Arn"],
    }
    attributes = {
        name: {"DataType": "String", "StringValue": value} for name, value in values.items()
    }
    sqs = module("services.sqs")
    url = sqs._queue_url(queue.rsplit(":", 1)[-1])
    sqs._act_send_message(
        {"QueueUrl": url, "MessageBody": payload, "MessageAttributes": attributes}, url
    )

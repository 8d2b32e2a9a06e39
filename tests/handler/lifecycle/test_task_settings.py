"""Settings that change while the stack runs: how they are kept, read, and what they change."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handler import Context, Definition, Done, Identity, InvalidInput, task
from handler.contract import DAY_SECONDS
from handler.record import StoredTask, TaskFailure
from handler.table import ANY_OWNER, KNOWN_FOR, KnownSettings
from handler.testing.aws import aws_client
from handler.wiring import System, build
from tests.handler.recovering import Recovering
from tests.handler.stack import TABLE, Stack, refusal

ALICE = Identity(id="alice", display_name="Alice", type="iam")
KEY: Any = {"pk": {"S": "SETTINGS#root"}, "sk": {"S": "SETTINGS"}}
MOMENT = timedelta(milliseconds=1)


@task()
def export(context: Context) -> Done:
    return Done()


@pytest.fixture(autouse=True)
def deployed(stack: Stack) -> None:
    """Finished tasks are kept for ninety days, as deployed."""
    stack.settings = replace(stack.settings, retention_days=90)
    stack.definitions = (export,)


def other_process(stack: Stack) -> System:
    """The system of a process that knows nothing yet."""
    return build(replace(stack.parts(), known_settings=KnownSettings()), remaining=stack.remaining)


def ended(stack: Stack, definition: Definition = export, **options: Any) -> StoredTask:
    record = stack.trigger(definition, **options)
    stack.run(record)
    return stack.get(record)


def days(stack: Stack, record: StoredTask) -> float | None:
    """For how many days from now a task is kept."""
    if record.expires_at is None:
        return None
    return (record.expires_at - int(stack.clock.now().timestamp())) / DAY_SECONDS


def stored() -> Any:
    return aws_client("dynamodb").get_item(TableName=TABLE, Key=KEY).get("Item")


def put(**attributes: Any) -> None:
    aws_client("dynamodb").put_item(TableName=TABLE, Item=KEY | attributes)


def asked(stack: Stack) -> int:
    """How often the table was asked for a tenant's settings."""
    return sum(
        request.get("Key", {}).get("pk", {}).get("S", "").startswith("SETTINGS#root")
        for operation, request in stack.dynamodb.requests
        if operation == "get_item"
    )


class TestRetention:
    def test_a_task_that_ends_after_a_change_is_kept_for_as_long_as_it_says(
        self, stack: Stack
    ) -> None:
        before = ended(stack)

        stack.tasks.update_settings(retention_days=7)

        assert days(stack, before) == 90
        assert days(stack, ended(stack)) == 7
        assert days(stack, stack.get(before)) == 90

    def test_zero_is_for_ever_and_a_change_from_it_dates_what_ends_from_then_on(
        self, stack: Stack
    ) -> None:
        stack.tasks.update_settings(retention_days=0)
        kept = ended(stack)
        stack.tasks.update_settings(retention_days=1)

        assert days(stack, kept) is None
        assert not kept.has_follow_ups
        assert days(stack, ended(stack)) == 1

    def test_a_stack_that_was_deployed_for_ever_can_be_given_days(self, stack: Stack) -> None:
        stack.settings = replace(stack.settings, retention_days=0)

        stack.tasks.update_settings(retention_days=5)

        assert days(stack, ended(stack)) == 5

    def test_each_tenant_has_its_own(self, stack: Stack) -> None:
        stack.tasks.update_settings(retention_days=7, tenant="mine")

        assert days(stack, ended(stack, tenant="mine")) == 7
        assert days(stack, ended(stack, tenant="theirs")) == 90
        assert stack.tasks.settings(tenant="mine").retention_days == 7
        assert stack.tasks.settings().retention_days == 90

    @pytest.mark.parametrize("after", [0, 1])
    def test_a_child_expires_after_its_parent_whatever_is_changed_in_between(
        self, recovering: Recovering, after: int
    ) -> None:
        stack = recovering.stack
        stack.settings = replace(stack.settings, retention_days=90)
        parent = stack.create(id="parent")
        child = stack.create(id="child", parent_id="parent")
        stack.tasks.abort("child")
        stack.tasks.abort("parent")
        stack.tasks.update_settings(retention_days=after)

        for _ in range(3):
            recovering.wait()
            recovering.sweep()

        dates = stack.get(child).expires_at, stack.get(parent).expires_at
        assert None not in dates
        assert dates[0] >= dates[1]  # type: ignore[operator]

    def test_a_child_that_ends_behind_its_dated_parent_has_a_date_though_all_is_kept_by_then(
        self, recovering: Recovering
    ) -> None:
        stack = recovering.stack
        stack.settings = replace(stack.settings, retention_days=90)
        parent = stack.create(id="parent")
        child = stack.create(id="child", parent_id="parent")
        over = parent.failed(now=stack.clock.now(), failure=TaskFailure(message="No."))
        stack.store.save(stack.store.expiring(over), before=parent, guard=ANY_OWNER)
        recovering.wait()
        recovering.sweep()
        stack.tasks.update_settings(retention_days=0)

        stack.tasks.abort("child")
        recovering.wait()
        recovering.sweep()

        assert stack.get(child).expires_at == stack.get(parent).expires_at


class TestRequests:
    def test_the_ends_of_30_seconds_ask_once_and_nothing_else_asks(self, stack: Stack) -> None:
        stack.known_settings.by_tenant.clear()
        record = stack.trigger(export)
        assert asked(stack) == 0

        stack.run(record)
        for _ in range(5):
            ended(stack)
        assert asked(stack) == 1
        stack.clock.advance((KNOWN_FOR - MOMENT).total_seconds())
        ended(stack)
        assert asked(stack) == 1
        stack.clock.advance(MOMENT.total_seconds())
        ended(stack)

        assert asked(stack) == 2

    def test_a_process_that_was_frozen_behind_its_read_reads_again(self, stack: Stack) -> None:
        settings = other_process(stack).store.settings

        def freeze(operation: str, request: object) -> None:
            stack.dynamodb.afterwards = lambda *_: None
            other_process(stack).tasks.update_settings(retention_days=7)
            stack.clock.advance(3_600)

        stack.dynamodb.afterwards = freeze
        stale = settings.of("root")

        assert stale.retention_days == 90  # it can't know
        assert settings.of("root").retention_days == 7

    def test_another_process_knows_of_a_change_30_seconds_later_at_the_latest(
        self, stack: Stack
    ) -> None:
        ended(stack)

        other_process(stack).tasks.update_settings(retention_days=7)

        assert days(stack, ended(stack)) == 90
        stack.clock.advance(KNOWN_FOR.total_seconds())
        assert days(stack, ended(stack)) == 7

    def test_who_changes_it_knows_at_once(self, stack: Stack) -> None:
        ended(stack)

        stack.tasks.update_settings(retention_days=7)

        assert days(stack, ended(stack)) == 7

    def test_a_clock_that_is_set_back_makes_nothing_be_known_for_longer(self, stack: Stack) -> None:
        stack.clock.advance(3600)
        ended(stack)
        other_process(stack).tasks.update_settings(retention_days=7)
        stack.clock.advance(-1800)

        assert days(stack, ended(stack)) == 7

    def test_a_process_forgets_what_it_knows_of_a_thousand_tenants(self, stack: Stack) -> None:
        known = KnownSettings()
        store = build(replace(stack.parts(), known_settings=known), remaining=stack.remaining).store

        for number in range(1_001):
            store.settings.of(f"tenant-{number}")

        assert len(known.by_tenant) == 1


class TestWriters:
    def interrupt(self, stack: Stack, run: Callable[[], object]) -> None:
        """Somebody else does something between the first read and the first write."""
        done: list[bool] = []

        def interfere(operation: str, request: dict[str, Any]) -> None:
            if operation == "update_item" and not done:
                done.append(True)
                run()

        stack.dynamodb.interference = interfere

    def test_two_at_once_lose_nothing_of_each_other(self, stack: Stack) -> None:
        settings = stack.store.settings
        seen: list[int] = []

        def one_more(was: Any) -> dict[str, object]:
            seen.append(was.retention_days)
            return {"retention_days": was.retention_days + 1}

        self.interrupt(stack, lambda: settings.change("root", one_more, by=ALICE))
        before, after = settings.change("root", one_more, by=ALICE)

        assert seen == [90, 90, 91]
        assert (before.retention_days, after.retention_days) == (91, 92)
        assert stack.tasks.settings().retention_days == 92

    def test_what_newer_code_has_written_stays(self, stack: Stack) -> None:
        put(pausedDefinitions={"SS": ["export"]}, newer={"S": "x"})

        stack.tasks.update_settings(retention_days=7, by=ALICE)

        assert stored()["pausedDefinitions"] == {"SS": ["export"]}
        assert stored()["newer"] == {"S": "x"}

    def test_a_write_whose_response_is_lost_is_known_by_its_token(self, stack: Stack) -> None:
        calls: list[int] = []

        def one_more(was: Any) -> dict[str, object]:
            calls.append(was.retention_days)
            return {"retention_days": was.retention_days + 1}

        lose_first_response(stack)
        _, after = stack.store.settings.change("root", one_more, by=ALICE)

        assert calls == [90]
        assert after.retention_days == stack.tasks.settings().retention_days == 91

    def test_a_write_that_is_sent_again_behind_another_undoes_nothing(self, stack: Stack) -> None:
        other = other_process(stack).tasks
        lose_first_response(stack, then=lambda: other.update_settings(retention_days=30))

        stack.tasks.update_settings(retention_days=7)

        assert stack.tasks.settings().retention_days == 30

    @pytest.mark.parametrize("number", [1, 2])
    @pytest.mark.parametrize("after", [False, True])
    def test_who_is_cut_off_has_changed_it_or_not_and_can_ask_again(
        self, stack: Stack, number: int, after: bool
    ) -> None:
        calls: list[str] = []

        def die(operation: str, request: dict[str, Any]) -> None:
            calls.append(operation)
            if len(calls) == number:
                raise KeyboardInterrupt

        setattr(stack.dynamodb, "afterwards" if after else "interference", die)
        with pytest.raises(KeyboardInterrupt):
            stack.tasks.update_settings(retention_days=7)
        stack.dynamodb.recover()
        stack.dynamodb.afterwards = lambda operation, request: None

        has_written = number == 2 and after
        assert stack.tasks.settings().retention_days == (7 if has_written else 90)
        assert stack.tasks.update_settings(retention_days=7).retention_days == 7
        assert stack.tasks.settings().retention_days == 7


def lose_first_response(stack: Stack, then: Callable[[], object] = lambda: None) -> None:
    """The first write is carried out, and its response is lost."""
    lost: list[bool] = []

    def lose(operation: str, request: dict[str, Any]) -> None:
        if operation == "update_item" and not lost:
            lost.append(True)
            then()
            raise refusal("InternalServerError", status=500)

    stack.dynamodb.afterwards = lose


class TestOddItems:
    @pytest.mark.parametrize(
        "odd",
        [
            {"S": "ninety"},
            {"N": "1.5"},
            {"N": "-1"},
            {"N": "3651"},
            {"NULL": True},
            {"L": [{"N": "7"}]},
        ],
    )
    def test_what_a_person_has_broken_is_reported_and_is_as_deployed(
        self, stack: Stack, caplog: pytest.LogCaptureFixture, odd: Any
    ) -> None:
        put(retentionDays=odd)
        stack.known_settings.by_tenant.clear()

        assert days(stack, ended(stack)) == 90

        assert 'The settings of tenant "root" can\'t be read: retentionDays.' in caplog.text

    def test_it_is_mended_by_the_next_change(self, stack: Stack) -> None:
        put(retentionDays={"S": "x"}, writeTokens={"N": "1"}, changedBy={"S": "{"})

        stack.tasks.update_settings(retention_days=7, by=ALICE)
        stack.tasks.update_settings(retention_days=8, by=ALICE)

        assert stack.tasks.settings().retention_days == 8
        assert stored()["retentionDays"] == {"N": "8"}

    def test_a_change_mends_nothing_but_itself(self, stack: Stack) -> None:
        put(retentionDays={"L": []})

        stack.store.settings.change("root", lambda _: {}, by=ALICE)

        assert stored()["retentionDays"] == {"L": []}


class TestValues:
    @pytest.mark.parametrize("value", [-1, 3651, 30.5, True, "30", float("nan")])
    def test_a_value_out_of_its_range_is_refused_with_the_range(
        self, stack: Stack, value: Any
    ) -> None:
        with pytest.raises(InvalidInput, match="0 to 3,650") as refused:
            stack.tasks.update_settings(retention_days=value)

        assert refused.value.code == "BackgroundTasks/ValidationError"
        assert stored() is None

    @pytest.mark.parametrize("tenant", ["", "x" * 257, None])
    def test_a_tenant_that_is_none_is_refused(self, stack: Stack, tenant: Any) -> None:
        with pytest.raises(InvalidInput):
            stack.tasks.settings(tenant=tenant)
        with pytest.raises(InvalidInput):
            stack.tasks.update_settings(retention_days=1, tenant=tenant)

    def test_what_it_was_deployed_with_goes_with_the_next_deploy(self, stack: Stack) -> None:
        stack.tasks.update_settings(retention_days=7)
        stack.tasks.update_settings(retention_days=90)

        stack.settings = replace(stack.settings, retention_days=14)

        assert stack.tasks.settings().retention_days == 14
        assert "retentionDays" not in stored()

    def test_nothing_given_changes_nothing(self, stack: Stack) -> None:
        assert stack.tasks.update_settings().retention_days == 90
        assert stored() is None

    def test_the_item_and_the_log_say_who_has_changed_what(
        self, stack: Stack, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            stack.tasks.update_settings(retention_days=7, by=ALICE)

        (line,) = [each for each in caplog.records if hasattr(each, "setting")]
        said = vars(line)
        assert said["action"] == "settings_changed"
        assert (said["setting"], said["before"], said["after"]) == ("retention_days", 90, 7)
        assert (said["identity_id"], said["tenant"]) == ("alice", "root")
        assert '"alice"' in stored()["changedBy"]["S"]

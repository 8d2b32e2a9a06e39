"""Between two iterations the code changes: to newer code, and back."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from handler import Context, Continue, Definition, Done, Retry, Verdict, task
from handler.record import StoredTask
from tests.handler.graphql.client import Api
from tests.handler.recovering import Recovering
from tests.handler.stack import Stack, event_file


class Before(BaseModel):
    bucket: str = "b"
    page: int = 0


class WithADefault(Before):
    region: str = "eu"


class WithARequired(Before):
    region: str


class WithoutPage(BaseModel):
    bucket: str


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    bucket: str


class Renamed(BaseModel):
    bucket: str
    number: int = Field(alias="page")


class Narrower(Before):
    page: int = Field(default=1, ge=1)


def exporting(model: type[BaseModel], **options: Any) -> Definition:
    """The task, as a version of the code has it: two iterations."""

    @task(id="export", in_place=False, **options)
    def typed(context: Context, input: model) -> Verdict:  # type: ignore[valid-type]
        if context.task.iterations > 1:
            return Done(output=input.model_dump())  # type: ignore[attr-defined]
        return Continue(input)

    return typed


def deploy(stack: Stack, version: str, *definitions: Definition) -> None:
    """Puts another version of the code in place of the one that runs."""
    stack.settings = replace(stack.settings, code_version=version)
    stack.definitions = definitions


def two_versions(stack: Stack, after: Definition, before: Definition | None = None) -> StoredTask:
    """The task after an iteration of version 1, and one of version 2."""
    deploy(stack, "v1", before or exporting(Before))
    record = stack.tasks.trigger("export", input={"bucket": "b"})
    stack.run(record, visit="visit-1")
    deploy(stack, "v2", after)
    stack.run(record, visit="visit-2")
    return stack.get(record)


class TestInputs:
    @pytest.mark.parametrize(
        ("model", "read"),
        [
            (WithADefault, {"bucket": "b", "page": 0, "region": "eu"}),
            (WithoutPage, {"bucket": "b"}),
            (Renamed, {"bucket": "b", "number": 0}),
        ],
    )
    def test_a_new_field_has_its_default_and_one_that_is_gone_is_left_out(
        self, stack: Stack, model: type[BaseModel], read: dict[str, object]
    ) -> None:
        after = two_versions(stack, exporting(model))

        assert (after.status.value, after.output) == ("success", read)

    @pytest.mark.parametrize(
        ("model", "words"),
        [
            (WithARequired, "region: it is required."),
            (Strict, "page: there is no such field;"),
            (Narrower, "page: Input should be greater than or equal to 1 (it is 0)."),
        ],
    )
    def test_an_input_that_the_new_code_refuses_fails_with_the_field_and_both_versions(
        self, stack: Stack, model: type[BaseModel], words: str
    ) -> None:
        after = two_versions(stack, exporting(model, retry=Retry()))

        assert after.has_failed
        assert after.failure.code == "VALIDATION_FAILED_INVALID_FIELDS"
        assert f'The input of task "export": {words}' in after.failure.message
        assert (
            'Version "v1" of the code triggered it, and version "v2" runs it. Next: give a field'
            " that is new a default,"
        ) in after.failure.message

    def test_a_task_that_now_takes_no_input_fails_with_what_it_was_given(
        self, stack: Stack
    ) -> None:
        @task(id="export")
        def export(context: Context) -> Done:
            return Done()

        after = two_versions(stack, export)

        assert 'Task "export" takes no input, but was given: bucket, page.' in after.failure.message
        assert 'version "v2" runs it.' in after.failure.message

    def test_without_versions_the_words_say_that_other_code_has_stored_it(
        self, stack: Stack
    ) -> None:
        deploy(stack, "", exporting(Before))
        record = stack.tasks.trigger("export")
        deploy(stack, "", exporting(WithARequired))

        stack.run(record)

        assert "when it was stored, by another version of the code. Next: " in (
            stack.get(record).failure.message
        )

    def test_a_rollback_reads_what_newer_code_has_saved(self, stack: Stack) -> None:
        after = two_versions(stack, exporting(Before), before=exporting(WithADefault))

        assert after.output == {"bucket": "b", "page": 0}


class TestDefinitions:
    def test_the_open_tasks_of_one_that_was_removed_fail_with_what_to_do(
        self, recovering: Recovering
    ) -> None:
        stack = recovering.stack
        deploy(stack, "v1", exporting(Before))
        running, waiting = (stack.tasks.trigger("export", delay=delay) for delay in (0, 60))
        stack.run(running, visit="visit-1")
        stack.run(waiting, delay=60)
        deploy(stack, "v2")

        stack.run(running, visit="visit-2")
        stack.run(waiting, visit="visit-2")

        for record in (running, waiting):
            failure = stack.get(record).failure
            assert failure.code == "TASK_DEFINITION_ERROR"
            assert 'there is no "export" definition plugin. Next: deploy' in failure.message
            assert stack.messages(record)[-1] == failure.message

    def test_a_definition_that_a_rollback_does_not_know_fails_likewise(self, stack: Stack) -> None:
        after = two_versions(stack, exporting(Before, aliases=("older",)))

        deploy(stack, "v1", exporting(Before))
        record = stack.create(definition_id="brandNew", created_by_version="v2")
        stack.run(record)

        assert after.has_succeeded
        assert stack.get(record).failure.code == "TASK_DEFINITION_ERROR"


class TestVersions:
    def test_a_record_has_the_version_that_triggered_it_and_the_one_that_ran_it_last(
        self, stack: Stack
    ) -> None:
        deploy(stack, "v1", exporting(Before))
        record = stack.tasks.trigger("export")
        before = stack.get(record)
        deploy(stack, "v2", exporting(Before))
        stack.run(record, visit="visit-1")
        middle = stack.get(record)
        deploy(stack, "v3", exporting(Before))
        stack.run(record, visit="visit-2")

        found = [(each.created_by_version, each.code_version) for each in (record, before, middle)]
        assert found == [("v1", None), ("v1", None), ("v1", "v2")]
        assert stack.get(record).code_version == "v3"
        assert stack.get(record).to_record().code_version == "v3"

    def test_code_that_knows_no_version_leaves_none(self, stack: Stack) -> None:
        deploy(stack, "v1", exporting(Before))
        record = stack.tasks.trigger("export")
        stack.run(record, visit="visit-1")
        deploy(stack, "", exporting(Before))

        stack.run(record, visit="visit-2")

        after = stack.get(record)
        assert (after.created_by_version, after.code_version) == ("v1", None)

    @pytest.mark.parametrize("changes", [{}, {"tenant": 7}])
    def test_a_task_of_an_event_by_hand_has_the_version_that_took_it(
        self, stack: Stack, changes: dict[str, object]
    ) -> None:
        deploy(stack, "v1", exporting(Before))
        payload = event_file("worker_by_hand")["payload"]
        named = {"webinyTaskDefinitionId": "export", "input": {}}

        stack.invoke({"payload": payload | named | changes})

        assert stack.get(payload["webinyTaskId"]).created_by_version == "v1"

    @pytest.mark.parametrize("version", ["", "v1"])
    def test_a_version_costs_an_iteration_no_request(self, stack: Stack, version: str) -> None:
        deploy(stack, version, exporting(Before))
        record = stack.tasks.trigger("export")
        before = len(stack.dynamodb.calls)

        stack.run(record)

        calls = ["update_item", "transact_write_items"]
        assert stack.dynamodb.calls[before:] == calls

    def test_an_end_from_outside_leaves_the_version_that_ran_it(
        self, recovering: Recovering
    ) -> None:
        stack = recovering.stack
        stack.settings = replace(stack.settings, code_version="v1")
        record = recovering.running()
        stack.claim(record)
        stack.settings = replace(stack.settings, code_version="v2")
        recovering.end("execution-1", "FAILED")

        recovering.report("execution-1")

        after = stack.get(record)
        assert after.has_failed
        assert after.code_version != "v2"

    def test_the_api_shows_both(self, stack: Stack) -> None:
        api = Api(stack)
        deploy(stack, "v2", exporting(Before))
        record = stack.tasks.trigger("export")
        stack.run(record)

        shown = api.data(
            "query ($id: ID!) { backgroundTasks { getTask(id: $id)"
            " { data { codeVersion createdByVersion } error { message } } } }",
            id=record.id,
        )

        assert shown == {"codeVersion": "v2", "createdByVersion": "v2"}

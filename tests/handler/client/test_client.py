"""The client, against the real API."""

import functools
import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import pytest
from botocore.credentials import Credentials
from graphql import GraphQLSchema, build_schema, parse

import handler
from handler import BulkResult, Context, Done, Failed, TaskRecord, Verdict, task
from handler.client import Client, Iam
from handler.client.verbs import VERBS
from handler.contract import ErrorCode, Status
from handler.errors import (
    ApiUnavailable,
    DeliveryError,
    InvalidInput,
    NotFound,
    Refused,
    RequestError,
    SettingsError,
    StillOpen,
    StoreUnavailable,
    TaskAborted,
    TaskFailed,
    UnknownDefinition,
)
from handler.graphql.definition_names import validated
from tests.handler.client.conftest import (
    HTML,
    TOO_MANY,
    UNAVAILABLE,
    Server,
    Wire,
    done_and_then,
    lost,
    says,
)
from tests.handler.graphql.client import clean_up, export_users
from tests.handler.stack import RefusingBus, Stack, WatchedClock
from tests.handler.test_door import run_python

ROOT = Path(__file__).parents[3]


@task(id="failing")
def failing(context: Context) -> Verdict:
    return Failed("No rows.", code="NO_ROWS", data={"file": "a.csv"})


def end(stack: Stack, id: str) -> None:
    """Runs a task to its end."""
    visit = 0
    while stack.get(id).is_open:
        visit += 1
        stack.run(stack.get(id), visit=f"visit-{visit}")


@functools.cache
def schema() -> GraphQLSchema:
    text = files("handler.graphql").joinpath("schema.graphql").read_text()
    return build_schema(text + "\nenum WebinyBackgroundTaskDefinitionEnum { one }")


# The documents


@pytest.mark.parametrize("verb", VERBS)
def test_the_document_of_each_verb_is_one_of_the_schema(verb: str) -> None:
    errors = validated(schema(), parse(VERBS[verb].document))

    assert errors == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_takes_every_argument_of_its_operation(verb: str) -> None:
    kind = "Mutation" if VERBS[verb].changes else "Query"
    operations: Any = schema().type_map[f"WebinyBackgroundTask{kind}"]
    takes = set(operations.fields[VERBS[verb].operation].args) - {"search"}

    assert takes == set(VERBS[verb].takes)


# The verbs


def test_a_task_is_triggered_read_and_its_result_is_its_output(
    client: Client, stack: Stack
) -> None:
    triggered = client.trigger("exportUsers", {"size": 7}, name="Mine", delay=timedelta(minutes=1))
    end(stack, triggered.id)

    record = client.get(triggered.id)

    assert triggered.status is Status.PENDING
    inside = stack.get(triggered.id).to_record()
    unequal = {
        name for name in TaskRecord.model_fields if getattr(record, name) != getattr(inside, name)
    }
    assert unequal <= {"delay", "attempts"}  # which the API does not show
    assert record.name == "Mine"
    assert record.input == {"size": 7}
    assert record.output == client.result(triggered.id) == {"size": 7}


def test_many_are_triggered_in_one_request_and_told_one_by_one(
    client: Client, server: Server, stack: Stack
) -> None:
    results = client.trigger_many(
        "exportUsers", ({"size": size} for size in (1, 0, 3)), name="Mine", delay=60, timeout=3600
    )

    assert len(server.bodies) == 1
    assert [result.record is not None for result in results] == [True, False, True]
    assert isinstance(results[1].error, InvalidInput)
    assert set((results[1].error.data or {})["invalidFields"]) == {"size"}  # type: ignore[call-overload]
    record = results[2].record
    assert record
    assert (record.name, record.input) == ("Mine", {"size": 3})
    stored = stack.get(record.id)
    assert (stored.name, stored.delay, stored.deadline) == ("Mine", 60, record.deadline)


def test_no_inputs_are_no_request(client: Client, server: Server) -> None:
    assert list(client.trigger_many("exportUsers", [])) == []
    assert server.bodies == []


@pytest.mark.slow
def test_more_than_a_request_takes_are_sent_in_several(
    client: Client, server: Server, stack: Stack
) -> None:
    results = client.trigger_many("exportUsers", [{}] * 1_001, idempotency_key="night")
    large = [{"size": 1, "text": "x" * 300_000}] * 4

    refused = client.trigger_many("exportUsers", large)
    again = client.trigger_many("exportUsers", [{}] * 1_001, idempotency_key="night")

    sizes = [len(body["variables"]["inputs"]) for body in server.bodies]
    assert sizes == [1_000, 1, 3, 1, 1_000, 1]
    assert len({result.record.id for result in results if result.record}) == 1_001
    assert [result.record for result in again] == [result.record for result in results]
    assert len(refused) == 4


def test_a_lost_answer_of_many_is_asked_for_again_and_makes_no_second_task(
    client: Client, server: Server, stack: Stack
) -> None:
    server.faults = [lost]

    results = client.trigger_many("exportUsers", [{"size": 1}, {"size": 2}])

    assert [result.error for result in results] == [None, None]
    assert len(server.bodies) == 2
    assert stack.tasks.count() == 2


def test_a_request_that_fails_behind_others_is_the_error_of_what_is_left(
    client: Client, server: Server
) -> None:
    def answers(wire: Wire, answer: Callable[[], None]) -> None:
        answer()

    server.faults = [answers, *[UNAVAILABLE] * 5]

    results = client.trigger_many("exportUsers", [{}] * 1_002)

    assert all(result.record for result in results[:1_000])
    assert [type(result.error) for result in results[1_000:]] == [ApiUnavailable] * 2


def test_a_request_that_fails_first_is_raised(client: Client, server: Server) -> None:
    with pytest.raises(UnknownDefinition):
        client.trigger_many("nothing", [{}])

    server.faults = [says(200, '{"data": {"backgroundTasks": {"triggerTasks": {"data": []}}}}')]
    with pytest.raises(ApiUnavailable, match="has not an entry for each input"):
        client.trigger_many("exportUsers", [{}])

    server.faults = [says(200, '{"data": {"backgroundTasks": {"triggerTasks": {"data": [5]}}}}')]
    with pytest.raises(ApiUnavailable, match="an entry that is no object"):
        client.trigger_many("exportUsers", [{}])


@pytest.mark.parametrize(
    ("odd", "words"),
    [
        ([{}, 5], "The input at place 1 is 5; it takes a mapping. Next: "),
        ([{}, {"at": {1}}], "The input at place 1 has no JSON: "),
        ([{"size": float("nan")}], "The input at place 0 has no JSON: "),
    ],
)
def test_many_of_which_one_can_not_be_sent_are_not_sent(
    client: Client, server: Server, odd: Any, words: str
) -> None:
    with pytest.raises(InvalidInput, match=words):
        client.trigger_many("exportUsers", odd)

    assert server.bodies == []


def test_the_payloads_of_a_record_are_asked_for_when_they_are_looked_at(
    client: Client, server: Server
) -> None:
    record = client.trigger("exportUsers", {"size": 7})
    before = len(server.bodies)

    assert record.input == record.input == {"size": 7}
    assert record.output is None
    assert len(server.bodies) == before + 2


def test_a_task_without_an_output_has_none_as_its_result(client: Client, stack: Stack) -> None:
    id = client.trigger("testingRun").id
    end(stack, id)

    assert client.result(id) is None
    assert client.get(id).has_succeeded


def test_the_result_of_a_failed_task_is_its_failure(client: Client, stack: Stack) -> None:
    stack.definitions = (*stack.definitions, failing)
    id = client.trigger("failing").id
    end(stack, id)

    with pytest.raises(TaskFailed) as raised:
        client.result(id)

    assert raised.value.message == f'Task "{id}" has failed: No rows.'
    assert raised.value.code == "NO_ROWS"
    assert raised.value.data == {"file": "a.csv"}


def test_the_result_of_an_aborted_task_says_who_did_it(client: Client, stack: Stack) -> None:
    id = client.trigger("testingRun").id
    aborted = client.abort(id, "No more.")

    with pytest.raises(TaskAborted) as raised:
        client.result(id)

    assert aborted.was_aborted
    by = stack.get(id).aborted_by
    assert by
    assert raised.value.data == {"id": id, "abortedBy": by.id}
    assert "No more." in stack.messages(id)


def test_the_result_of_an_open_task_is_refused(client: Client) -> None:
    id = client.trigger("testingRun").id

    with pytest.raises(StillOpen, match=f'Task "{id}" is still pending') as raised:
        client.result(id)

    assert raised.value.data == {"id": id, "status": "pending", "progress": None}


def test_logs_are_those_of_the_task_page_by_page(client: Client, stack: Stack) -> None:
    id = client.trigger("exportUsers").id
    end(stack, id)

    logs = list(client.logs(id))

    assert [log.iteration for log in logs] == [1, 2]
    assert [log.iteration for log in client.logs(id, newest_first=True)] == [2, 1]
    assert [line.message for line in logs[0].lines] == [
        line.message for line in stack.lines(id)[: len(logs[0].lines)]
    ]
    assert logs[0].lines[0].data == {"rows": 3}


def test_logs_of_many_pages_follow_each_other(
    client: Client, stack: Stack, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.modules["handler.client.client"], "_LOGS_PER_PAGE", 1)
    id = client.trigger("exportUsers").id
    end(stack, id)

    assert [log.iteration for log in client.logs(id)] == [1, 2]


def test_long_logs_are_asked_for_in_smaller_pages(client: Client, server: Server) -> None:
    id = client.trigger("testingRun").id
    too_large = {"data": None, "error": {"message": "Too much.", "code": "REQUEST_TOO_LARGE"}}
    answer = json.dumps({"data": {"backgroundTasks": {"listLogs": too_large}}})
    server.faults = [says(200, answer)]

    assert list(client.logs(id)) == []
    assert [body["variables"]["limit"] for body in server.bodies[-2:]] == [50, 10]


def test_logs_that_are_too_long_alone_are_refused_in_the_end(
    client: Client, server: Server
) -> None:
    too_large = {"data": None, "error": {"message": "Too much.", "code": "REQUEST_TOO_LARGE"}}
    answer = json.dumps({"data": {"backgroundTasks": {"listLogs": too_large}}})
    server.faults = [says(200, answer)] * 9

    with pytest.raises(Refused, match="Too much"):
        list(client.logs("t1"))


def test_a_task_is_paused_resumed_and_run_now(client: Client, stack: Stack) -> None:
    id = client.trigger("exportUsers", {"size": 7}, delay=3_600).id

    assert client.pause(id).paused_on == stack.clock.now()
    with pytest.raises(Refused, match="is paused"):
        client.run_now(id)
    assert client.resume(id).paused_on is None
    assert client.run_now(id).waiting_until == stack.clock.now()


def test_a_signal_whose_answer_is_lost_is_one_signal(
    client: Client, server: Server, stack: Stack
) -> None:
    id = client.trigger("exportUsers", {"size": 7}).id
    server.faults = [lost]

    client.signal(id, "approved", {"by": "Anne"})
    client.heartbeat(id, "approved")
    client.signal(id, "approved", key="1")

    found = [row["number"]["N"] for row in stack.rows() if row["sk"]["S"].startswith("SIGNAL#")]
    assert found == ["1", "2"]


def test_a_failed_task_is_retried_with_another_input(client: Client, stack: Stack) -> None:
    old = client.trigger("exportUsers", {"size": 7}).id
    stack.tasks.abort(old)

    retry = client.retry(old, {"size": 8}, from_start=True)

    assert (retry.retry_of, retry.input) == (old, {"size": 8})
    assert client.retry(old).id == retry.id
    assert client.get(old).retried_by == retry.id


@pytest.mark.parametrize(
    ("verb", "status"), [("abort_many", "aborted"), ("retry_many", "failed"), ("delete_many", "")]
)
def test_a_verb_is_said_of_many(client: Client, stack: Stack, verb: str, status: str) -> None:
    before = Status.PENDING if verb == "abort_many" else Status.FAILED
    one = stack.create(definition_id="exportUsers", status=before, input={"size": 7})
    stack.create(definition_id="exportUsers", status=before, tenant="other")
    where = {"definitionId": "exportUsers", "createdOn_lte": stack.clock.now()}
    say = getattr(client, verb)

    assert say(where, dry_run=True) == BulkResult(count=1)
    begun = say(where, rate=5)
    stack.run(begun.task)

    found = stack.store.find(one.id)
    assert (begun.count, begun.is_capped) == (1, False)
    assert client.result(begun.task.id) == {"done": 1, "skipped": 0, "failed": 0, "reasons": []}
    assert (found.status.value if found else "") == status
    assert bool(found and found.retried_by) == (verb == "retry_many")


def test_a_verb_in_bulk_whose_answer_is_lost_begins_one_task(
    client: Client, server: Server, stack: Stack
) -> None:
    server.faults = [lost]

    begun = client.abort_many({})

    assert begun.task is not None
    assert [record.id for record in stack.tasks.list().items] == [begun.task.id]
    one, other = (client.abort_many({}, idempotency_key="k").task for _ in range(2))
    assert one is not None
    assert other is not None
    assert one.id == other.id != begun.task.id


@pytest.mark.parametrize("every_tenant", [False, True])
def test_a_definition_is_paused_and_resumed(
    client: Client, stack: Stack, every_tenant: bool
) -> None:
    id = client.trigger("exportUsers", {"size": 7}).id

    pause = client.pause_definition("exportUsers", every_tenant=every_tenant)
    stack.run(stack.get(id))

    tenant = None if every_tenant else "root"
    assert (pause.definition_id, pause.tenant) == ("exportUsers", tenant)
    assert client.pauses() == (pause,)
    assert client.get(id).paused_with == "definition"
    with pytest.raises(Refused, match="its definition"):
        client.resume(id)
    bulk = client.resume_definition("exportUsers", every_tenant=every_tenant, rate=5)
    stack.run(bulk)
    assert client.result(bulk.id) == {"done": 1, "skipped": 0, "failed": 0, "reasons": []}
    assert client.pauses() == ()


def test_all_are_paused_and_resumed(client: Client, stack: Stack) -> None:
    pause = client.pause_all()

    assert (pause.definition_id, pause.paused_on) == (None, stack.clock.now())
    assert client.resume_all().definition_id == "backgroundTasksInBulk"
    assert client.pauses() == ()
    with pytest.raises(UnknownDefinition):
        client.pause_definition("nothing")


def test_a_filter_of_no_such_field_is_refused(client: Client) -> None:
    with pytest.raises(RequestError, match="definition"):
        client.delete_many({"definition": "exportUsers"})


def test_a_trigger_hands_over_its_limits(client: Client, stack: Stack) -> None:
    record = client.trigger("exportUsers", {"size": 7}, timeout=60, expires_after=30)

    now = stack.clock.now()
    assert (record.deadline, record.start_by) == (
        now + timedelta(seconds=60),
        now + timedelta(seconds=30),
    )


def test_a_trigger_hands_over_its_tags(client: Client, stack: Stack) -> None:
    record = client.trigger("exportUsers", {"size": 7}, tags={"customer": "42"})

    assert record.tags == stack.get(record).tags == {"customer": "42"}
    assert record.error_code is None
    with pytest.raises(InvalidInput, match="A tag is 'customer': 42"):
        client.trigger("exportUsers", {"size": 7}, tags=cast("Any", {"customer": 42}))


def test_a_document_of_ones_own_is_sent_with_its_variables(client: Client) -> None:
    data = client.graphql("{ backgroundTasks { listDefinitions { data { id } } } }", repeats=True)

    tasks = cast("Any", data["backgroundTasks"])
    assert {"id": "exportUsers"} in tasks["listDefinitions"]["data"]


def test_a_document_that_is_wrong_is_told(client: Client) -> None:
    with pytest.raises(RequestError, match=r"GraphQL errors: .*nonsense"):
        client.graphql("{ nonsense }")


# What a stack refuses


def test_each_error_of_the_envelope_is_the_exception_that_it_is_from_code(
    client: Client, stack: Stack
) -> None:
    id = client.trigger("testingRun").id
    end(stack, id)

    with pytest.raises(NotFound) as not_found:
        client.get("nobody")
    with pytest.raises(InvalidInput) as invalid:
        client.trigger("exportUsers", {"size": "many"})
    with pytest.raises(Refused) as too_late:
        client.abort(id)
    with pytest.raises(Refused) as too_long:
        client.trigger("testingRun", delay=timedelta(days=400))

    assert not_found.value.code == ErrorCode.NOT_FOUND
    assert not_found.value.data == {"id": "nobody"}
    assert "size" in cast("Any", invalid.value.data)["invalidFields"]
    assert too_late.value.code == ErrorCode.TASK_ABORT_ERROR
    assert too_long.value.code == ErrorCode.MAX_DELAY_ERROR


@pytest.mark.parametrize("definition", ["nonsense", clean_up.id])
def test_an_unknown_definition_is_told_and_so_is_a_private_one(
    client: Client, definition: str
) -> None:
    with pytest.raises(UnknownDefinition, match=definition):
        client.trigger(definition)


def test_a_hooks_veto_comes_with_the_authors_code(client: Client, stack: Stack) -> None:
    class TooMany(Exception):
        code = "TOO_MANY_OF_THEM"

    @task(id="vetoed")
    def vetoed(context: Context) -> Done:
        return Done()

    @vetoed.on_before_trigger
    def veto(request: object) -> None:
        raise TooMany("Not today.")

    stack.definitions = (*stack.definitions, vetoed)

    with pytest.raises(Refused, match="Not today") as raised:
        client.trigger("vetoed")

    assert raised.value.code == "TOO_MANY_OF_THEM"


def test_a_task_that_could_not_be_sent_is_told_with_its_id(client: Client, stack: Stack) -> None:
    stack.events.stands_for(RefusingBus())

    with pytest.raises(DeliveryError) as raised:
        client.trigger("testingRun")

    assert stack.get(str((raised.value.data or {})["id"])).has_failed


def test_a_table_that_is_out_of_reach_is_told(client: Client, stack: Stack) -> None:
    id = client.trigger("testingRun").id
    stack.dynamodb.fail(StoreUnavailable("for as long as there was time"))

    with pytest.raises(StoreUnavailable, match="out of reach"):
        client.get(id)


def test_a_clients_tenant_sees_its_own_tasks_alone(server: Server, client: Client) -> None:
    id = client.trigger("testingRun").id

    other = Client(server.url, "token", tenant="other")

    with pytest.raises(NotFound):
        other.get(id)
    assert other.trigger("testingRun").tenant == "other"
    assert server.headers[-1]["x-tenant"] == "other"


# What is refused before anything is sent


@pytest.mark.parametrize("given", [[1], "text", 7, [("name", "value")]])
@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (lambda client, given: client.trigger("exportUsers", given), "The input"),
        (lambda client, given: client.retry("task-1", given), "The input"),
        (lambda client, given: client.signal("task-1", "paid", given), "The signal's data"),
    ],
)
def test_what_is_no_mapping_is_refused_with_words(
    client: Client, server: Server, ask: Any, what: str, given: Any
) -> None:
    with pytest.raises(InvalidInput, match=rf"^{what} is .*; it takes a mapping\. Next: put it"):
        ask(client, given)

    assert server.bodies == []


@pytest.mark.parametrize("where", [None, "exportUsers", ["exportUsers"], 7])
@pytest.mark.parametrize("verb", ["abort_many", "retry_many", "delete_many"])
def test_what_is_no_filter_is_refused_with_words(
    client: Client, server: Server, verb: str, where: Any
) -> None:
    with pytest.raises(InvalidInput, match=r"^where is .*; it takes a mapping, such as"):
        getattr(client, verb)(where)

    assert server.bodies == []


@pytest.mark.parametrize("name", ["delay", "timeout", "expires_after"])
def test_a_text_in_the_place_of_a_duration_is_refused_with_words(
    client: Client, server: Server, name: str
) -> None:
    options: Any = {name: "5"}
    with pytest.raises(InvalidInput, match=f'^{name} is "5"; it takes seconds or a timedelta'):
        client.trigger("exportUsers", **options)

    assert server.bodies == []


@pytest.mark.parametrize("tenant", ["a\nb", "a\x00b", " acme", "acme ", "日本", "x" * 257, 7])
def test_a_tenant_that_no_header_can_say_is_refused_at_once(server: Server, tenant: Any) -> None:
    with pytest.raises(InvalidInput, match=r"^tenant is .*; the header x-tenant takes 1 to 256"):
        Client(server.url, "token", tenant=tenant)


@pytest.mark.parametrize("tenant", ["acme inc.", "Zoë"])
def test_a_tenant_that_a_header_can_say_arrives_as_it_is(server: Server, tenant: str) -> None:
    assert Client(server.url, "token", tenant=tenant).trigger("testingRun").tenant == tenant
    assert server.headers[-1]["x-tenant"] == tenant


# What may happen on the way


@pytest.mark.parametrize("fault", [UNAVAILABLE, TOO_MANY, HTML, lost, says(500, "")])
def test_a_question_is_asked_again(
    client: Client, server: Server, watch: WatchedClock, fault: Any
) -> None:
    id = client.trigger("testingRun").id
    server.faults = [fault, fault]

    assert client.get(id).id == id
    assert len(watch.sleeps) == 2


@pytest.mark.parametrize(
    "fault",
    [lost, UNAVAILABLE, TOO_MANY, HTML, *(done_and_then(each) for each in (UNAVAILABLE, HTML))],
)
def test_a_trigger_of_which_the_answer_is_lost_is_one_task(
    client: Client, server: Server, stack: Stack, fault: Any
) -> None:
    server.faults = [fault, fault]

    record = client.trigger("testingRun")

    assert [found.id for found in stack.tasks.list().items] == [record.id]


def test_each_trigger_is_a_task_of_its_own_and_the_same_key_is_one(
    client: Client, stack: Stack
) -> None:
    ids = {client.trigger("testingRun").id for _ in range(2)}
    keyed = {client.trigger("testingRun", idempotency_key="k").id for _ in range(2)}

    assert len(ids) == 2
    assert len(keyed) == 1
    assert keyed == {stack.tasks.trigger("testingRun", idempotency_key="k").id}


def test_an_abort_of_which_the_answer_is_lost_is_done(client: Client, server: Server) -> None:
    id = client.trigger("testingRun").id
    server.faults = [lost]

    assert client.abort(id).was_aborted


def test_an_abort_that_came_too_late_is_refused_even_if_it_was_sent_twice(
    client: Client, server: Server, stack: Stack
) -> None:
    id = client.trigger("testingRun").id
    end(stack, id)
    server.faults = [lost]

    with pytest.raises(Refused, match="not pending or running"):
        client.abort(id)


def test_an_abort_of_a_task_that_somebody_else_has_aborted_is_refused(
    client: Client, server: Server, stack: Stack
) -> None:
    id = client.trigger("testingRun").id
    stack.tasks.abort(id)
    server.faults = [TOO_MANY]  # it was never carried out

    with pytest.raises(Refused):
        client.abort(id)


def test_a_mutation_of_ones_own_is_not_sent_twice(client: Client, server: Server) -> None:
    server.faults = [lost]

    with pytest.raises(ApiUnavailable, match="does not answer"):
        client.graphql("mutation { backgroundTasks { deleteTask(id: 1) { data } } }")

    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (UNAVAILABLE, "answered 503: .*Service Unavailable"),
        (TOO_MANY, "answered 429: .*It was not sent on"),
        (HTML, "answered 200: <html><title>Log in to the network.*That is not GraphQL's JSON"),
        (says(200, "[]"), "That is not GraphQL's JSON"),
        (says(200, "{}"), "has no data"),
        (says(200, '{"data": {"backgroundTasks": null}}'), "has no getTask"),
        (says(200, '{"data": {"backgroundTasks": {"getTask": {}}}}'), "neither data nor an error"),
        (
            says(200, '{"data": {"backgroundTasks": {"getTask": {"data": {"id": 7}}}}}'),
            "has a task that can't be read",
        ),
        (
            says(200, '{"data": {"backgroundTasks": {"getTask": {"data": 7}}}}'),
            "something else than an object",
        ),
        (
            says(200, '{"data": {"backgroundTasks": {"getTask": {"error": "odd"}}}}'),
            "which says nothing",
        ),
        (lost, "does not answer"),
    ],
)
def test_an_api_that_keeps_saying_nothing_is_unavailable(
    client: Client, server: Server, fault: Any, message: str
) -> None:
    server.faults = [fault] * 5

    with pytest.raises(ApiUnavailable, match=message):
        client.get("t1")


@pytest.mark.parametrize(
    ("status", "body", "kind", "code"),
    [
        (403, '{"message": "Forbidden"}', Refused, ErrorCode.SECURITY_NOT_AUTHORIZED),
        (401, '{"message": "Unauthorized"}', Refused, ErrorCode.SECURITY_NOT_AUTHORIZED),
        (404, '{"message": "Not Found"}', RequestError, ErrorCode.TASK_ERROR),
        (301, "", RequestError, ErrorCode.TASK_ERROR),
        (
            413,
            '{"errors": [{"message": "Large.", "extensions": {"code": "REQUEST_TOO_LARGE"}}]}',
            Refused,
            ErrorCode.REQUEST_TOO_LARGE,
        ),
    ],
)
def test_what_no_attempt_will_change_is_told_at_once(
    client: Client, server: Server, status: int, body: str, kind: type[Exception], code: str
) -> None:
    server.faults = [says(status, body)] * 5

    with pytest.raises(kind) as raised:
        client.get("t1")

    assert type(raised.value) is kind
    assert raised.value.code == code  # type: ignore[attr-defined]
    assert len(server.bodies) == 1


def test_an_api_that_nobody_hears_is_told_that_nothing_was_sent(watch: WatchedClock) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    client = Client(f"http://127.0.0.1:{port}/graphql", "token", clock=watch)

    with pytest.raises(ApiUnavailable, match="nothing was sent"):
        client.trigger("testingRun")

    assert len(watch.sleeps) == 4


def test_an_answer_that_takes_too_long_is_lost(server: Server, watch: WatchedClock) -> None:
    silent = [lambda wire, answer: wire.rfile.read(1)] * 2  # until the client has gone
    server.faults = [*silent]
    client = Client(server.url, "token", clock=watch, timeout=0.2, attempts=2)

    with pytest.raises(ApiUnavailable, match=r"[Rr]ead timeout"):
        client.get("t1")

    assert len(server.bodies) == 2


# Who asks


def test_a_token_is_sent_as_a_bearers(client: Client, server: Server) -> None:
    client.trigger("testingRun")

    assert server.headers[0]["Authorization"] == "Bearer token"


def test_a_token_that_has_expired_is_renewed_once(server: Server, watch: WatchedClock) -> None:
    tokens = iter(["old", "new", "newer"])
    expired = says(401, '{"message": "Unauthorized"}')
    client = Client(server.url, lambda: next(tokens), clock=watch)
    server.faults = [expired]

    client.trigger("testingRun")

    sent = [headers["Authorization"] for headers in server.headers]
    assert sent == ["Bearer old", "Bearer new"]
    assert watch.sleeps == []


def test_a_token_that_stays_refused_is_told(server: Server) -> None:
    client = Client(server.url, lambda: "old")
    server.faults = [says(401, '{"message": "Unauthorized"}')] * 3

    with pytest.raises(Refused, match=r"answered 401.*check the credentials, or the token"):
        client.get("t1")

    assert len(server.bodies) == 2


@pytest.mark.parametrize("token", ["", "a\r\nX-Tenant: b", "Bearer abc", None, b"bytes"])
def test_what_is_no_token_is_refused_before_it_is_sent(server: Server, token: Any) -> None:
    client = Client(server.url, lambda: token)

    with pytest.raises(InvalidInput, match="bearer token is") as raised:
        client.get("t1")

    assert server.bodies == []
    assert "abc" not in raised.value.message


def test_a_request_is_signed_for_the_region_and_the_service_of_the_api(server: Server) -> None:
    key = Credentials("AKIA", "secret", "session")
    client = Client(server.url, Iam(key, region="eu-central-1"))

    client.trigger("testingRun")

    assert "/eu-central-1/execute-api/aws4_request" in server.headers[0]["Authorization"]
    assert server.headers[0]["X-Amz-Security-Token"] == "session"


def test_the_region_is_the_one_in_the_url(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.awsrequest import AWSRequest

    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    request = AWSRequest("POST", "https://a1.execute-api.eu-west-3.amazonaws.com/graphql", data=b"")

    Iam(Credentials("AKIA", "secret")).sign(request)

    assert "/eu-west-3/execute-api/" in request.headers["Authorization"]


def test_without_credentials_or_a_region_it_says_what_to_set(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))

    with pytest.raises(SettingsError, match=r"doesn't name its region.*auth=Iam\(region"):
        Client(server.url).get("t1")
    with pytest.raises(SettingsError, match="no AWS credentials"):
        Client(server.url, Iam(region="eu-central-1")).get("t1")


# Waiting


def test_a_wait_ends_with_the_task(
    client: Client, server: Server, stack: Stack, watch: WatchedClock
) -> None:
    id = client.trigger("exportUsers", {"size": 7}).id
    watch.at_sleep = lambda number: end(stack, id) if number == 3 else None

    record = client.wait(id, timedelta(minutes=5))

    assert record.has_succeeded
    assert watch.sleeps == [1, 1.5, 2.25]
    assert all("output" not in body["query"].split() for body in server.bodies)
    assert record.output == {"size": 7}


def test_a_wait_goes_on_while_the_api_is_unavailable(
    client: Client, server: Server, stack: Stack, watch: WatchedClock
) -> None:
    id = client.trigger("testingRun").id
    server.faults = [UNAVAILABLE] * 5
    end(stack, id)

    assert client.wait(id, 60).has_succeeded


def test_a_wait_for_an_api_that_stays_unavailable_says_so(client: Client, server: Server) -> None:
    server.faults = [UNAVAILABLE] * 500

    with pytest.raises(ApiUnavailable):
        client.wait("t1", 60)


def test_a_wait_that_is_over_says_how_far_the_task_is(client: Client, watch: WatchedClock) -> None:
    id = client.trigger("testingRun").id

    with pytest.raises(StillOpen, match=f'Task "{id}" is still pending after 60 s'):
        client.wait(id, 60)

    assert sum(watch.sleeps) == pytest.approx(60, abs=0.01)
    assert max(watch.sleeps) <= 20


def test_a_wait_for_no_task_is_refused_at_once(client: Client, watch: WatchedClock) -> None:
    with pytest.raises(NotFound):
        client.wait("nobody", 60)

    assert watch.sleeps == []


# Odd values


@pytest.mark.parametrize(
    "output",
    [
        {"text": "😀 \u0000 é"},
        {"large": 10**30, "small": -0.0, "none": None},
        {"nested": [[[{"a": []}]]]},
        {"": ""},
        {"error": "of the author's own"},
    ],
)
def test_an_output_comes_as_it_is(client: Client, stack: Stack, output: Any) -> None:
    @task(id="odd")
    def odd(context: Context) -> Done:
        return Done(output=output)

    stack.definitions = (*stack.definitions, odd)
    id = client.trigger("odd").id
    end(stack, id)

    assert client.result(id) == stack.tasks.result(id) == output


@pytest.mark.parametrize("input", [{"at": object()}, {"n": float("nan")}])
def test_an_input_that_has_no_json_is_refused_before_it_is_sent(
    client: Client, server: Server, input: Any
) -> None:
    with pytest.raises(InvalidInput, match="has no JSON"):
        client.trigger("exportUsers", input)

    assert server.bodies == []


# How it is made


def test_it_is_made_of_a_stacks_outputs(server: Server, tmp_path: Path) -> None:
    outputs = {"apiUrl": server.url, "tableName": "t"}
    file = tmp_path / "outputs.json"
    file.write_text(json.dumps(outputs))

    for given in (outputs, json.dumps(outputs), file, str(file)):
        assert Client.from_outputs(given, "token").url == server.url


def test_the_outputs_of_a_local_aws_have_the_key_to_it(server: Server) -> None:
    outputs = {
        "apiUrl": server.url,
        "region": "eu-north-1",
        "accessKeyId": "AKIALOCAL",
        "secretAccessKey": "s",
    }

    Client.from_outputs(outputs).trigger("testingRun")

    assert "AKIALOCAL" in server.headers[0]["Authorization"]
    assert "/eu-north-1/" in server.headers[0]["Authorization"]


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        ({}, 'have no "apiUrl", but nothing'),
        ({"tableName": "t"}, 'have no "apiUrl", but tableName'),
        ("nowhere.json", r"nowhere\.json can't be read"),
        ("{", "The outputs can't be read"),
        (ROOT / "tests" / "events", "can't be read"),
    ],
)
def test_outputs_without_the_url_are_refused(outputs: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Client.from_outputs(outputs)


@pytest.mark.parametrize(
    ("url", "options"), [("ftp://x", {}), (7, {}), ("http://x", {"attempts": 0})]
)
def test_a_client_that_can_ask_nobody_is_refused(url: Any, options: Any) -> None:
    with pytest.raises(InvalidInput):
        Client(url, **options)


def test_it_shows_no_secret(server: Server) -> None:
    assert "token" not in repr(Client(server.url, "token"))


# The door


def test_importing_it_makes_no_client_and_needs_no_environment() -> None:
    code = """
import sys
from handler.client import Client
from handler import client
assert callable(client), client
import handler
assert handler.client is client
foreign = {"boto3", "ariadne", "graphql", "pulumi", "asyncio", "moto"} & set(sys.modules)
assert not foreign, foreign
Client("https://a1.execute-api.eu-west-3.amazonaws.com/graphql")
"""
    result = run_python(code)

    assert result.returncode == 0, result.stderr


def test_the_doors_own_client_stays_what_it_is() -> None:
    assert handler.client is sys.modules["handler.aws"].client


def test_the_definitions_of_the_stack_are_not_needed(tmp_path: Path) -> None:
    (tmp_path / "handler").symlink_to(ROOT / "handler")
    code = "from handler.client import Client; Client('http://x')"

    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert result.returncode == 0, result.stderr


def test_export_users_is_what_the_tests_of_the_api_use() -> None:
    assert export_users.id == "exportUsers"

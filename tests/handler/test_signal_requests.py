"""The URL of a signal: what whoever has it can do, and what nobody else can."""

import base64
import json
import logging
import re
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest

from handler import Context, Done, Signal, TaskRecord, Verdict, api, task
from handler.contract import MAX_SIGNAL_BYTES, SIGNAL_PAGE_ROUTE, SIGNAL_ROUTE
from handler.errors import InvalidInput, Refused, SettingsError
from handler.table import keys
from handler.testing import Killed, run
from handler.testing.world import SIGNALS_URL
from tests.handler.lifecycle.sleeping import DAY, NEW, acting_at, begin_to_wait, killed_at
from tests.handler.stack import BusQueue, Stack, event_file, lambda_context

HOUR = 60 * 60
made: list[str] = []


@task()
def asker(context: Context) -> Verdict:
    """Hands out a URL, and waits for a day for what it sends."""
    if context.task.waiting_for is None:
        made.append(context.signal_url("approved", expires_in=timedelta(hours=1)))
    return context.wait_for_signal("approved", answered, timeout=DAY)


def answered(signal: Signal | None) -> Verdict:
    return Done(output={"data": signal.data if signal else "nothing"})


@pytest.fixture
def waiting(stack: Stack) -> TaskRecord:
    """A task that has handed out a URL, and waits."""
    made.clear()
    begin_to_wait(stack, seconds=DAY)
    record = stack.trigger(asker)
    assert stack.run(record)["status"] == "continue"
    return record


@pytest.fixture
def url(waiting: TaskRecord) -> str:
    [url] = made
    return url


def request(url: str, body: str | None = None, **changes: Any) -> Any:
    """The API's answer to a request for a URL, of a program."""
    id, secret = url.removeprefix(f"{SIGNALS_URL}/").split("/")
    event = event_file("http_api_signal") | {
        "pathParameters": {"taskId": unquote(id), "secret": secret},
        "rawPath": url.removeprefix("https://api.example"),
        "headers": {"accept": "*/*"},
    }
    if body is not None:
        event["body"] = body
    return api.handler(event | changes, lambda_context(30))


def page(url: str, **changes: Any) -> Any:
    """The API's answer to a browser that follows a URL."""
    return request(url, routeKey=SIGNAL_PAGE_ROUTE, headers={"Accept": "text/html,*/*"}, **changes)


def secret_of(url: str) -> str:
    return url.rpartition("/")[2]


def signals(stack: Stack) -> list[Any]:
    return [row for row in stack.rows() if row["sk"]["S"].startswith(keys.SIGNAL_ROWS)]


class TestAUrlThatIsUsed:
    def test_it_sends_its_signal_and_wakes_the_task(
        self, stack: Stack, waiting: TaskRecord, url: str
    ) -> None:
        queue = BusQueue()

        answer = request(url, '{"by": "Anne"}')

        assert answer["statusCode"] == 200
        assert [event["detail"]["webinyTaskId"] for event in queue.take()] == [waiting.id]
        stack.run(waiting, execution=NEW, visit="visit-2")
        assert stack.get(waiting).output == {"data": {"by": "Anne"}}

    def test_the_signal_is_of_whoever_had_the_url(
        self, stack: Stack, waiting: TaskRecord, url: str
    ) -> None:
        request(url)

        signal = stack.store.signals.next(stack.get(waiting), "approved")
        assert signal is not None
        assert (signal.created_by.type, signal.data) == ("url", None)
        assert signal.key is not None
        assert re.fullmatch(r"url:[0-9a-f]{64}", signal.key)

    @pytest.mark.parametrize("body", [None, "", " \r\n"])
    def test_an_empty_form_is_a_signal_without_data(
        self, stack: Stack, waiting: TaskRecord, url: str, body: str | None
    ) -> None:
        assert request(url, body)["statusCode"] == 200

        stack.run(waiting, execution=NEW, visit="visit-2")
        assert stack.get(waiting).output == {"data": None}

    def test_a_body_may_come_as_base64(self, stack: Stack, waiting: TaskRecord, url: str) -> None:
        body = base64.b64encode('{"name": "Zoë"}'.encode()).decode()

        assert request(url, body, isBase64Encoded=True)["statusCode"] == 200

        stack.run(waiting, execution=NEW, visit="visit-2")
        assert stack.get(waiting).output == {"data": {"name": "Zoë"}}

    def test_the_second_time_it_sends_nothing_and_says_the_same(
        self, stack: Stack, url: str
    ) -> None:
        first = request(url, '{"n": 1}')

        assert request(url, '{"n": 2}') == first
        assert len(signals(stack)) == 1

    def test_it_says_the_same_when_its_task_is_over_and_its_time_too(
        self, stack: Stack, waiting: TaskRecord, url: str
    ) -> None:
        first = request(url)
        stack.run(waiting, execution=NEW, visit="visit-2")
        stack.clock.advance(2 * HOUR)

        assert stack.get(waiting).status == "success"
        assert request(url) == first

    def test_two_urls_are_two_signals(self, stack: Stack) -> None:
        @task()
        def asks_two(context: Context) -> Verdict:
            made[:] = [context.signal_url("approved", expires_in=60) for _ in range(2)]
            return context.wait_for_signal("approved", answered, timeout=60)

        stack.run(stack.trigger(asks_two))

        assert [request(url)["statusCode"] for url in made] == [200, 200]
        assert len(signals(stack)) == 2

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("number", range(1, 9))
    def test_who_is_killed_while_it_is_used_uses_it_again(
        self, stack: Stack, waiting: TaskRecord, url: str, number: int, after: bool
    ) -> None:
        with killed_at(stack, number, after=after):
            request(url, '{"n": 1}')

        assert request(url, '{"n": 1}')["statusCode"] == 200
        stack.run(waiting, execution=NEW, visit="visit-2")
        assert stack.get(waiting).output == {"data": {"n": 1}}
        assert len(signals(stack)) == 1


class TestAUrlThatIsUsedAtOnceWith:
    """Somebody acts right before one of the requests to the table."""

    @pytest.mark.parametrize("number", range(1, 8))
    def test_an_abort_it_is_taken_or_too_late_and_the_abort_stands(
        self, stack: Stack, waiting: TaskRecord, url: str, number: int
    ) -> None:
        acting_at(stack, number, lambda: stack.tasks.abort(waiting.id))

        status = request(url)["statusCode"]
        stack.dynamodb.recover()

        with suppress(Refused):  # it has happened
            stack.tasks.abort(waiting.id)
        assert status == (200 if signals(stack) else 410)
        assert stack.get(waiting).status == "aborted"

    @pytest.mark.parametrize("number", range(1, 8))
    def test_a_deletion_it_is_taken_or_refused_and_leaves_nothing(
        self, stack: Stack, waiting: TaskRecord, url: str, number: int
    ) -> None:
        def delete() -> None:
            stack.tasks.abort(waiting.id)
            stack.tasks.delete(waiting.id)

        acting_at(stack, number, delete)

        status = request(url)["statusCode"]
        stack.dynamodb.recover()

        assert status in (200, 404, 410)
        if stack.store.exists(waiting.id):
            delete()
        assert stack.rows() == []

    @pytest.mark.parametrize("number", range(1, 8))
    def test_another_use_of_it_there_is_one_signal(
        self, stack: Stack, waiting: TaskRecord, url: str, number: int
    ) -> None:
        statuses: list[int] = []
        acting_at(stack, number, lambda: statuses.append(request(url)["statusCode"]))

        statuses.append(request(url)["statusCode"])
        stack.dynamodb.recover()

        assert set(statuses) == {200}
        assert len(signals(stack)) == 1

    def test_a_pause_it_is_kept_until_the_task_is_resumed(
        self, stack: Stack, waiting: TaskRecord, url: str
    ) -> None:
        stack.tasks.pause(waiting.id)
        queue = BusQueue()

        assert request(url, '{"n": 1}')["statusCode"] == 200
        assert queue.take() == []

        stack.tasks.resume(waiting.id)
        stack.run(waiting, execution=NEW, visit="visit-2")
        assert stack.get(waiting).output == {"data": {"n": 1}}


class TestAUrlThatIsTooLate:
    def test_one_that_has_expired_sends_nothing(self, stack: Stack, url: str) -> None:
        stack.clock.advance(HOUR)

        assert request(url)["statusCode"] == 410
        assert signals(stack) == []

    def test_one_whose_task_is_over_sends_nothing_and_adds_no_line_to_its_log(
        self, stack: Stack, waiting: TaskRecord, url: str
    ) -> None:
        stack.tasks.abort(waiting.id)
        before = stack.messages(waiting)

        assert request(url)["statusCode"] == 410
        assert signals(stack) == []
        assert stack.messages(waiting) == before

    def test_its_page_says_so(self, stack: Stack, url: str) -> None:
        stack.clock.advance(HOUR)

        answer = page(url)

        assert answer["statusCode"] == 410
        assert "too late" in answer["body"]
        assert "<form" not in answer["body"]


class TestAUrlThatThereIsNot:
    def others(self, url: str) -> list[str]:
        base, id, secret = url.rsplit("/", 2)
        return [
            f"{base}/{id}/{secret[:-1]}",
            f"{base}/{id}/x",
            f"{base}/unknown/{secret}",
            f"{base}/{'x' * 3_000}/{secret}",
            f"{base}/%20/{'s' * 3_000}",
        ]

    @pytest.mark.parametrize("send", [request, page])
    def test_whatever_is_wrong_with_it_the_answer_is_the_same(
        self, stack: Stack, waiting: TaskRecord, url: str, send: Any
    ) -> None:
        other = stack.tasks.trigger(asker).id  # for which the secret is of no use
        urls = [*self.others(url), f"{SIGNALS_URL}/{other}/{secret_of(url)}"]

        answers = [send(each) for each in urls]

        assert {answer["statusCode"] for answer in answers} == {404}
        assert all(answer == answers[0] for answer in answers)
        assert signals(stack) == []

    def test_so_is_one_of_a_task_that_was_deleted(
        self, stack: Stack, waiting: TaskRecord, url: str
    ) -> None:
        unknown = request(self.others(url)[0])
        stack.tasks.abort(waiting.id)
        stack.tasks.delete(waiting.id)

        assert request(url) == unknown
        assert stack.rows() == []

    def test_so_is_one_whose_row_somebody_has_changed(self, stack: Stack, url: str) -> None:
        [row] = [row for row in stack.rows() if row["sk"]["S"].startswith(keys.SIGNAL_URL_ROWS)]
        stack.dynamodb.put_item(
            TableName=stack.settings.table_name, Item=row | {"name": {"N": "1"}}
        )

        assert request(url) == request(self.others(url)[0])

    @pytest.mark.parametrize("parameters", [None, {}, {"taskId": "\ud800", "secret": "\ud800"}])
    def test_so_is_one_that_is_no_text(self, stack: Stack, url: str, parameters: Any) -> None:
        assert request(url, pathParameters=parameters)["statusCode"] == 404


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        ["[1]", "null", "5", '"text"', "{", "a=b", '{"n": NaN}', '{"n":' * 5_000, "\ud800"],
    )
    def test_one_that_is_no_json_object_is_refused(self, stack: Stack, url: str, body: str) -> None:
        answer = request(url, body)

        assert answer["statusCode"] == 400
        assert signals(stack) == []

    @pytest.mark.parametrize("body", ["=", base64.b64encode(b"\xff\xfe").decode()])
    def test_one_that_is_no_text_is_refused(self, url: str, body: str) -> None:
        assert request(url, body, isBase64Encoded=True)["statusCode"] == 400

    @pytest.mark.parametrize("size", [MAX_SIGNAL_BYTES, 3 * MAX_SIGNAL_BYTES])
    def test_one_that_is_too_large_is_refused(self, stack: Stack, url: str, size: int) -> None:
        answer = request(url, json.dumps({"text": "x" * size}))

        assert answer["statusCode"] == 413
        assert signals(stack) == []


class TestThePage:
    def test_it_has_a_button_and_sends_nothing(self, stack: Stack, url: str) -> None:
        before = stack.rows()

        answer = page(url)

        assert answer["statusCode"] == 200
        assert "<button>Confirm: approved</button>" in answer["body"]
        assert '<form method="post">' in answer["body"]
        assert "<script" not in answer["body"]
        assert stack.rows() == before

    def test_of_a_url_that_was_used_it_is_the_same(self, url: str) -> None:
        request(url)

        assert page(url)["statusCode"] == 200

    def test_its_button_answers_with_a_page(self, stack: Stack, url: str) -> None:
        answer = request(url, headers=event_file("http_api_signal")["headers"])

        assert answer["headers"]["content-type"] == "text/html; charset=utf-8"
        assert "It has arrived." in answer["body"]
        assert len(signals(stack)) == 1

    def test_a_program_is_answered_in_json(self, url: str) -> None:
        answer = request(url)

        assert answer["headers"]["content-type"] == "application/json"
        assert json.loads(answer["body"]) == {"message": "It has arrived."}

    @pytest.mark.parametrize("send", [request, page])
    def test_nothing_runs_in_it_and_nobody_keeps_it(self, url: str, send: Any) -> None:
        headers = send(url)["headers"]

        assert headers["content-security-policy"].startswith("default-src 'none'; form-action")
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"


class TestItsSecret:
    def test_the_table_has_none(self, stack: Stack, url: str) -> None:
        request(url)

        assert len(secret_of(url)) == 43
        assert secret_of(url) not in json.dumps(stack.rows(), default=str)

    def test_no_answer_and_no_line_of_the_log_has_it(
        self, stack: Stack, waiting: TaskRecord, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG, logger="handler"):
            answers = [page(url), request(url, "["), request(url), request(url), page(url)]
            stack.dynamodb.fail(RuntimeError("A bug."))
            answers.append(request(url))
            stack.dynamodb.recover()
            stack.tasks.abort(waiting.id)
            stack.tasks.delete(waiting.id)
            answers += [request(url), page(url)]

        assert [answer["statusCode"] for answer in answers] == [
            200,
            400,
            200,
            200,
            200,
            500,
            404,
            404,
        ]
        said = [
            json.dumps(answers),
            *(json.dumps(vars(line), default=str) for line in caplog.records),
        ]
        assert not [line for line in said if secret_of(url) in line]

    def test_each_use_is_a_line_that_says_for_which_task(
        self, waiting: TaskRecord, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        request(url)

        [line] = [vars(line) for line in caplog.records if vars(line).get("action") == "audit"]
        assert (line["operation"], line["outcome"]) == ("signalUrl", "ok")
        assert line["about_task_id"] == waiting.id

    def test_a_guess_is_a_line_without_what_was_guessed(
        self, url: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        request(f"{SIGNALS_URL}/gue55/gue55")

        [line] = [vars(line) for line in caplog.records if vars(line).get("action") == "audit"]
        assert line["outcome"] == "NOT_FOUND"
        assert "gue55" not in str(line)


class TestWhatItReaches:
    def test_a_route_of_signals_runs_no_graphql(self, stack: Stack, url: str) -> None:
        query = '{"query": "mutation { backgroundTasks { abortTask(id: 1) { data { id } } } }"}'

        answer = request(url, query)

        assert json.loads(answer["body"]) == {"message": "It has arrived."}
        [row] = signals(stack)
        assert json.loads(row["data"]["S"]) == json.loads(query)

    def test_a_url_is_of_no_use_for_the_route_of_graphql(self, stack: Stack, url: str) -> None:
        assert request(url, "{}", routeKey="POST /graphql")["statusCode"] == 400
        assert signals(stack) == []

    @pytest.mark.parametrize("route", ["$default", f"{SIGNAL_ROUTE}/x", None])
    def test_no_other_route_leads_to_it(self, stack: Stack, url: str, route: str | None) -> None:
        assert request(url, "{}", routeKey=route)["statusCode"] == 400
        assert signals(stack) == []


class TestMakingOne:
    def url_of(self, stack: Stack, **arguments: Any) -> Any:
        raised: list[BaseException] = []
        sent: dict[str, Any] = {"name": "approved", "expires_in": 60} | arguments

        @task()
        def asks(context: Context) -> Done:
            try:
                made[:] = [context.signal_url(**sent)]
            except BaseException as error:
                raised.append(error)
                raise
            return Done()

        record = stack.trigger(asks)
        stack.run(record)
        return raised[0] if raised else made[0], record

    def test_it_is_made_from_the_api_s_address(self, stack: Stack) -> None:
        url, record = self.url_of(stack)

        assert url.startswith(f"{SIGNALS_URL}/{record.id}/")

    @pytest.mark.parametrize(
        ("id", "shown"),
        [
            ("everyNight-2030-01-01T03:00:00Z", "everyNight-2030-01-01T03:00:00Z"),
            ("a/b c?%2F#ö", "a%2Fb%20c%3F%252F%23%C3%B6"),
        ],
    )
    def test_whatever_the_id_of_its_task_is_it_leads_there(
        self, stack: Stack, id: str, shown: str
    ) -> None:
        stack.definitions = (asker,)
        made.clear()
        record = stack.create(id=id, definition_id="asker")
        stack.run(record)

        assert made[0].startswith(f"{SIGNALS_URL}/{shown}/")
        assert request(made[0])["statusCode"] == 200
        assert len(signals(stack)) == 1

    @pytest.mark.parametrize("seconds", [0, -1, 355 * DAY + 1, float("inf")])
    def test_a_duration_that_is_none_is_refused(self, stack: Stack, seconds: float) -> None:
        error, _ = self.url_of(stack, expires_in=seconds)

        assert isinstance(error, ValueError)

    @pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 65, 5])
    def test_a_name_that_is_none_is_refused(self, stack: Stack, name: Any) -> None:
        error, _ = self.url_of(stack, name=name)

        assert isinstance(error, InvalidInput)

    def test_where_nobody_knows_the_api_the_variable_is_named(self, stack: Stack) -> None:
        stack.settings = replace(stack.settings, signals_url="")

        error, record = self.url_of(stack)

        assert isinstance(error, SettingsError)
        assert "SIGNALS_URL" in error.message
        assert stack.get(record).status == "failed"

    @pytest.mark.parametrize("end", ["abort", "delete"])
    def test_a_task_that_is_over_gets_none(self, stack: Stack, end: str) -> None:
        raised: list[BaseException] = []

        @task()
        def asks(context: Context) -> Done:
            stack.tasks.abort(context.task.id)
            if end == "delete":
                stack.tasks.delete(context.task.id)
            try:
                context.signal_url("approved", expires_in=60)
            except Refused as error:
                raised.append(error)
            return Done()

        stack.run(stack.trigger(asks))

        assert len(raised) == 1
        assert not [row for row in stack.rows() if keys.SIGNAL_URL_ROWS in row["sk"]["S"]]

    def test_what_is_left_of_an_iteration_gets_none(self, stack: Stack) -> None:
        contexts: list[Context] = []

        @task()
        def leaves(context: Context) -> Verdict:
            contexts.append(context)
            return context.wait_for_signal("approved", answered, timeout=60)

        stack.run(stack.trigger(leaves))

        with pytest.raises(Refused, match="its iteration is"):
            contexts[0].signal_url("approved", expires_in=60)

    @pytest.mark.parametrize("after", [False, True])
    @pytest.mark.parametrize("number", [2, 3])
    def test_an_iteration_that_dies_around_it_makes_another(self, number: int, after: bool) -> None:
        made.clear()

        kill: Any = {number: _kill}
        result = run(asker, **({"after": kill} if after else {"before": kill}))

        assert result.record.output == {"data": "nothing"}
        assert len(set(made)) == len(made) >= 1


def _kill(_: object) -> None:
    raise Killed


class TestItsRow:
    def test_it_expires_with_its_task(self, stack: Stack, waiting: TaskRecord) -> None:
        stack.settings = replace(stack.settings, retention_days=1)

        stack.tasks.abort(waiting.id)
        stack.clock.advance(HOUR)
        stack.system.reconciliation.sweep()

        rows = stack.rows()
        assert [row["sk"]["S"] for row in rows if "expiresAt" not in row] == []
        assert [row for row in rows if row["sk"]["S"].startswith(keys.SIGNAL_URL_ROWS)]

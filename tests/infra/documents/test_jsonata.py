"""The state machine's expressions, evaluated on expected and on odd events and answers."""

from typing import Any

import pytest
from jsonata import Jsonata

from handler.contract import MAX_WAIT_SECONDS, AnswerStatus
from infra.documents import jsonata

CONTEXT = {
    "Execution": {"Name": "execution-1", "StartTime": "2026-01-02T03:04:05.678Z"},
    "StateMachine": {"Id": "arn:aws:states:eu-central-1:123456789012:stateMachine:tasks"},
    "State": {"EnteredTime": "2026-01-02T03:05:06.789Z"},
}
# Our own code makes none of these, but an event sent by hand or a broken worker can.
ODD: list[Any] = [
    *(None, True, 0, 1.5, "", "text", [], {}, [None], [[]], [{}], [1, 2]),
    *({"detail": odd} for odd in (None, "text", 5, [], [{"webinyTaskId": "t"}])),
    *({"status": odd} for odd in (None, "", "waiting", 5, ["continue"], {"continue": True})),
    [{"status": "continue", "wait": 5}],
    {"status": "continue", "wait": None},
    {"status": "error", "error": None},
    {"error": 5, "cause": ["x"]},
]
UNDEFINED = object()


def evaluate(expression: str, input: Any, **states: Any) -> Any:
    """The expression's value in Step Functions; UNDEFINED where Step Functions would fail."""
    text = expression.removeprefix("{%").removesuffix("%}")
    bindings = {"states": {"input": input, "context": CONTEXT, **states}}
    value = Jsonata.jsonata(text).evaluate(None, bindings)
    if value is None and not Jsonata.jsonata(f"$exists({text})").evaluate(None, bindings):
        return UNDEFINED
    return value


class TestTaskOfEvent:
    def test_an_event_of_the_api_passes_unchanged(self) -> None:
        detail = {
            "webinyTaskId": "t1",
            "webinyTaskDefinitionId": "exportUsers",
            "tenant": "acme",
            "locale": "de-DE",
            "delay": 5,
        }

        assert evaluate(jsonata.task_of_event(), {"id": "event-1", "detail": detail}) == detail

    def test_an_event_by_hand_is_a_task_of_its_own_id_with_the_defaults(self) -> None:
        event = {"id": "event-1", "detail": {"webinyTaskDefinitionId": "exportUsers"}}

        assert evaluate(jsonata.task_of_event(), event) == {
            "webinyTaskId": "event-1",
            "webinyTaskDefinitionId": "exportUsers",
            "tenant": "root",
            "locale": "en-US",
            "delay": 0,
            "byHand": True,
            "input": {},
        }

    def test_an_event_by_hand_may_have_input_name_delay_limits_tenant_and_locale(self) -> None:
        detail = {
            "webinyTaskDefinitionId": "exportUsers",
            "input": {"pages": [1], "nested": [[{"a": None}]]},
            "name": "My export",
            "delay": 60,
            "timeout": 3_600,
            "expiresAfter": 90.5,
            "tags": {"customer": "42"},
            "tenant": "acme",
            "locale": "de-DE",
        }

        assert evaluate(jsonata.task_of_event(), {"id": "event-1", "detail": detail}) == {
            "webinyTaskId": "event-1",
            "byHand": True,
            **detail,
        }

    def test_an_event_of_a_stored_task_cannot_replace_its_input_or_name(self) -> None:
        detail = {
            "webinyTaskId": "t1",
            "webinyTaskDefinitionId": "exportUsers",
            "input": {"x": 1},
            "name": "Other",
            "timeout": 5,
            "expiresAfter": 5,
            "tags": {"customer": "42"},
            "byHand": True,
        }

        assert (
            evaluate(jsonata.task_of_event(), {"id": "event-1", "detail": detail})
            .keys()
            .isdisjoint({"input", "name", "timeout", "expiresAfter", "tags", "byHand"})
        )

    @pytest.mark.parametrize("value", [5, [], ["x"], {}, {"a": 1}, ""])
    @pytest.mark.parametrize(
        "key",
        [
            *("webinyTaskDefinitionId", "tenant", "locale", "delay", "input", "name"),
            *("timeout", "expiresAfter", "tags"),
        ],
    )
    def test_a_value_of_a_wrong_type_reaches_the_worker(self, key: str, value: Any) -> None:
        assert (
            evaluate(jsonata.task_of_event(), {"id": "event-1", "detail": {key: value}})[key]
            == value
        )

    @pytest.mark.parametrize(
        ("key", "default"), [("tenant", "root"), ("locale", "en-US"), ("delay", 0), ("input", {})]
    )
    def test_null_is_as_good_as_nothing(self, key: str, default: Any) -> None:
        task = evaluate(jsonata.task_of_event(), {"id": "event-1", "detail": {key: None}})

        assert task[key] == default
        assert "unusedKeys" not in task

    @pytest.mark.parametrize("value", [None, ""])
    def test_an_event_with_an_empty_task_id_is_by_hand(self, value: Any) -> None:
        task = evaluate(
            jsonata.task_of_event(), {"id": "event-1", "detail": {"webinyTaskId": value}}
        )

        assert (task["webinyTaskId"], task["byHand"]) == ("event-1", True)
        assert "unusedKeys" not in task

    @pytest.mark.parametrize("value", [5, True, [], ["t1"], {}])
    def test_an_event_with_a_task_id_that_is_not_text_is_by_hand_and_says_so(
        self, value: Any
    ) -> None:
        task = evaluate(
            jsonata.task_of_event(), {"id": "event-1", "detail": {"webinyTaskId": value}}
        )

        assert (task["webinyTaskId"], task["byHand"]) == ("event-1", True)
        assert task["unusedKeys"] == ["webinyTaskId"]

    @pytest.mark.parametrize(
        ("detail", "keys"),
        [
            ({"inputs": {}}, ["inputs"]),
            ({"a": None, "tenant": "acme", "B": 1}, ["a", "B"]),
            ({"webinyTaskId": "t1", "inputs": {}}, None),
        ],
    )
    def test_the_worker_is_given_the_names_of_keys_that_mean_nothing(
        self, detail: Any, keys: list[str] | None
    ) -> None:
        task = evaluate(jsonata.task_of_event(), {"id": "event-1", "detail": detail})

        assert task.get("unusedKeys") == keys

    @pytest.mark.parametrize("event", ODD)
    def test_no_event_fails_the_execution(self, event: Any) -> None:
        assert evaluate(jsonata.task_of_event(), event) == {
            "tenant": "root",
            "locale": "en-US",
            "delay": 0,
            "byHand": True,
            "input": {},
        }


class TestWorkerPayload:
    def test_the_worker_gets_the_task_and_the_execution_that_runs_it(self) -> None:
        task = {
            "webinyTaskId": "t1",
            "webinyTaskDefinitionId": "exportUsers",
            "tenant": "root",
            "locale": "en-US",
            "delay": 0,
        }

        assert evaluate(jsonata.worker_payload(), task) == {
            "name": "background-task",
            "payload": {
                **task,
                "endpoint": "manage",
                "executionName": "execution-1",
                "stateMachineId": "arn:aws:states:eu-central-1:123456789012:stateMachine:tasks",
                "visit": "2026-01-02T03:05:06.789Z",
                "executionStartedOn": "2026-01-02T03:04:05.678Z",
            },
        }

    def test_the_worker_gets_input_and_name_of_an_event_by_hand(self) -> None:
        by_hand = {"webinyTaskId": "event-1", "byHand": True, "input": [[1]], "name": "My export"}

        assert evaluate(jsonata.worker_payload(), by_hand)["payload"].items() >= by_hand.items()

    def test_the_worker_does_not_get_the_other_fields_of_its_last_answer(self) -> None:
        answer = {
            "status": "continue",
            "webinyTaskId": "t1",
            "delay": -1,
            "wait": 5,
            "message": "x",
            "output": {},
            "other": 1,
        }
        payload = evaluate(jsonata.worker_payload(), answer)["payload"]

        assert (payload["webinyTaskId"], payload["delay"]) == ("t1", -1)
        assert payload.keys().isdisjoint(
            {"status", "wait", "message", "output", "other", "byHand", "input", "name"}
        )


class TestWorkerAnswer:
    @pytest.mark.parametrize(
        "answer", [{"status": "done"}, {"a": None}, None, "text", 0, [], [1], [[1]]]
    )
    def test_the_answer_becomes_the_states_output_unchanged(self, answer: Any) -> None:
        assert (
            evaluate(jsonata.worker_answer(), {}, result={"StatusCode": 200, "Payload": answer})
            == answer
        )

    def test_a_missing_answer_is_null(self) -> None:
        assert evaluate(jsonata.worker_answer(), {}, result={"StatusCode": 200}) is None


class TestChoices:
    @pytest.mark.parametrize("status", AnswerStatus)
    def test_an_answer_is_chosen_by_its_status(self, status: AnswerStatus) -> None:
        chosen = [
            each
            for each in AnswerStatus
            if evaluate(jsonata.is_answer(each), {"status": status.value})
        ]

        assert chosen == [status]

    @pytest.mark.parametrize("status", AnswerStatus)
    @pytest.mark.parametrize(
        "answer",
        [
            odd
            for odd in ODD
            if not (isinstance(odd, dict) and odd.get("status") in list(AnswerStatus))
        ],
    )
    def test_no_odd_answer_is_chosen_or_fails_the_execution(
        self, answer: Any, status: AnswerStatus
    ) -> None:
        assert evaluate(jsonata.is_answer(status), answer) is False
        assert evaluate(jsonata.is_answer_with_wait(), answer) is False

    @pytest.mark.parametrize("wait", [1, 0.001, 1.5, 1e300])
    def test_a_wait_is_a_number_above_zero(self, wait: float) -> None:
        assert evaluate(jsonata.is_answer_with_wait(), {"status": "continue", "wait": wait}) is True

    @pytest.mark.parametrize("wait", [0, -1, None, "5", True, [5], {"seconds": 5}])
    def test_any_other_value_is_not_a_wait(self, wait: Any) -> None:
        assert (
            evaluate(jsonata.is_answer_with_wait(), {"status": "continue", "wait": wait}) is False
        )

    @pytest.mark.parametrize("status", ["done", "error", "aborted"])
    def test_only_an_answer_that_continues_waits(self, status: str) -> None:
        assert evaluate(jsonata.is_answer_with_wait(), {"status": status, "wait": 5}) is False


class TestWaitSeconds:
    @pytest.mark.parametrize(
        ("wait", "seconds"),
        [
            (1, 1),
            (1.5, 2),
            (0.001, 1),
            (MAX_WAIT_SECONDS - 0.5, MAX_WAIT_SECONDS),
            (MAX_WAIT_SECONDS, MAX_WAIT_SECONDS),
            (99_999_999_999, MAX_WAIT_SECONDS),
            (1e300, MAX_WAIT_SECONDS),
        ],
    )
    def test_it_is_whole_rounded_up_and_at_most_355_days(self, wait: float, seconds: int) -> None:
        assert evaluate(jsonata.wait_seconds(), {"status": "continue", "wait": wait}) == seconds


class TestError:
    def test_its_name_is_the_code_and_its_cause_the_error_as_json(self) -> None:
        answer = {
            "status": "error",
            "error": {"message": "boom", "code": "MY_CODE", "data": {"k": [1, None]}},
        }

        assert evaluate(jsonata.error_code(), answer) == "MY_CODE"
        assert (
            evaluate(jsonata.error_as_json(), answer)
            == '{"message":"boom","code":"MY_CODE","data":{"k":[1,null]}}'
        )

    @pytest.mark.parametrize(
        "error",
        [
            {},
            {"code": None},
            {"code": ""},
            {"code": 5},
            {"code": ["C"]},
            [{"code": "C"}],
            "C",
            None,
        ],
    )
    def test_an_error_without_a_code_gets_the_default_code(self, error: Any) -> None:
        assert evaluate(jsonata.error_code(), {"status": "error", "error": error}) == "TASK_ERROR"

    def test_without_an_error_the_cause_is_the_answer(self) -> None:
        assert evaluate(jsonata.error_code(), {"status": "error"}) == "TASK_ERROR"
        assert evaluate(jsonata.error_as_json(), {"status": "error"}) == '{"status":"error"}'

    @pytest.mark.parametrize(
        ("error", "cause"), [(None, "null"), ("text", "text"), ([], "[]"), (5, "5")]
    )
    def test_an_error_that_is_not_an_object_is_shown(self, error: Any, cause: str) -> None:
        assert evaluate(jsonata.error_as_json(), {"status": "error", "error": error}) == cause

    def test_name_and_cause_are_cut_to_what_step_functions_takes(self) -> None:
        answer = {"status": "error", "error": {"code": "C" * 300, "message": "m" * 40_000}}

        assert evaluate(jsonata.error_code(), answer) == "C" * 256
        assert len(evaluate(jsonata.error_as_json(), answer)) == 32_768


class TestUnknownStatus:
    def test_the_cause_shows_the_answer(self) -> None:
        assert evaluate(jsonata.unknown_answer(), {"status": "waiting"}).endswith(
            'status: {"status":"waiting"}'
        )
        assert evaluate(jsonata.unknown_answer(), None).endswith("status: null")

    @pytest.mark.parametrize("answer", [*ODD, {"status": "x" * 40_000}])
    def test_any_answer_can_be_shown(self, answer: Any) -> None:
        cause = evaluate(jsonata.unknown_answer(), answer)

        assert isinstance(cause, str)
        assert len(cause) <= 32_768


class TestUnknownError:
    @pytest.mark.parametrize(
        "caught",
        [{"Error": "Lambda.Unknown", "Cause": "out of memory"}, {"Error": "States.Timeout"}, {}],
    )
    def test_the_error_of_run_is_kept_and_shown(self, caught: dict[str, str]) -> None:
        state = evaluate(jsonata.caught_error(error="error", cause="cause"), {}, errorOutput=caught)

        assert evaluate(jsonata.caught("error", "Nameless", 256), state) == caught.get(
            "Error", "Nameless"
        )
        assert evaluate(jsonata.caught("cause", "No cause.", 32_768), state) == caught.get(
            "Cause", "No cause."
        )

    @pytest.mark.parametrize("state", ODD)
    def test_any_input_gives_a_name_and_a_cause(self, state: Any) -> None:
        assert evaluate(jsonata.caught("error", "Nameless", 256), state) == "Nameless"
        assert evaluate(jsonata.caught("cause", "No cause.", 32_768), state) == "No cause."

    def test_a_long_cause_is_cut(self) -> None:
        assert len(evaluate(jsonata.caught("cause", "", 32_768), {"cause": "c" * 40_000})) == 32_768


class TestWorkerFunction:
    EXPRESSION = jsonata.worker_function(
        "arn:default",
        of_ids={"arn:large": ["exportUsers", "oldExport"], "arn:small": ["tidyUp"]},
        moved={"large": "arn:large", "default": "arn:default"},
    )

    def chosen(self, event: Any) -> Any:
        execution = {**CONTEXT["Execution"], "Input": event}
        return evaluate(self.EXPRESSION, {}, context={**CONTEXT, "Execution": execution})

    def sent(self, **detail: Any) -> dict[str, Any]:
        return {"id": "event-1", "detail": {"webinyTaskId": "t1", **detail}}

    @pytest.mark.parametrize(
        ("definition", "arn"),
        [
            ("exportUsers", "arn:large"),
            ("oldExport", "arn:large"),
            ("tidyUp", "arn:small"),
            ("nobodyKnows", "arn:default"),
            ("constructor", "arn:default"),
        ],
    )
    @pytest.mark.parametrize("by_hand", [True, False])
    def test_a_task_has_the_worker_of_its_definition(
        self, definition: str, arn: str, by_hand: bool
    ) -> None:
        event = self.sent(webinyTaskDefinitionId=definition)
        if by_hand:
            del event["detail"]["webinyTaskId"]

        assert self.chosen(event) == arn

    @pytest.mark.parametrize(
        ("worker", "arn"),
        [("large", "arn:large"), ("default", "arn:default"), ("gone", "arn:small")],
    )
    def test_one_that_has_moved_has_the_worker_of_its_event_if_there_is_one(
        self, worker: str, arn: str
    ) -> None:
        event = self.sent(webinyTaskDefinitionId="tidyUp", worker=worker)

        assert self.chosen(event) == arn

    @pytest.mark.parametrize("id", [None, "", 5, ["t1"]])
    def test_an_event_sent_by_hand_chooses_no_worker(self, id: Any) -> None:
        event = self.sent(webinyTaskDefinitionId="tidyUp", worker="large")
        event["detail"]["webinyTaskId"] = id

        assert self.chosen(event) == "arn:small"

    @pytest.mark.parametrize("odd", ODD)
    def test_any_event_has_a_worker(self, odd: Any) -> None:
        for event in (odd, {"detail": odd}, self.sent(webinyTaskDefinitionId=odd, worker=odd)):
            assert self.chosen(event) == "arn:default"

    def test_each_part_may_be_missing(self) -> None:
        only_ids = jsonata.worker_function("arn:d", of_ids={"arn:l": ["a"]}, moved={})
        only_moved = jsonata.worker_function("arn:d", of_ids={}, moved={"large": "arn:l"})
        event = {"detail": {"webinyTaskId": "t", "webinyTaskDefinitionId": "a", "worker": "large"}}

        for expression in (only_ids, only_moved):
            context = {"Execution": {"Input": event}}
            assert evaluate(expression, {}, context=context) == "arn:l"

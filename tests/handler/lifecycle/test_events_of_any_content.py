"""Whatever is sent by hand leaves exactly one record, with the reason if it can't run.

An event comes by one of two ways: through the state machine, whose expressions the tests evaluate,
or from the dead-letter queue. Both have the same outcome.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from handler import Context, Done, TriggerRequest, Verdict, task
from handler.contract import Status
from handler.events import is_by_hand, payload_by_hand
from handler.record import StoredTask
from infra.documents import jsonata
from tests.handler.record.test_shown import is_strict_json
from tests.handler.stack import Stack
from tests.infra.documents.test_jsonata import evaluate


class Strict(BaseModel):
    total: int = Field(ge=0)


@task(id="anyInput")
def any_input(context: Context, input: dict[str, object]) -> Verdict:
    return Done(output={"keys": len(input)})


@task(id="noInput")
def no_input(context: Context) -> Verdict:
    return Done()


@task(id="strictInput")
def strict_input(context: Context, input: Strict) -> Verdict:
    return Done()


@task(id="vetoed")
def vetoed(context: Context, input: dict[str, object]) -> Verdict:
    return Done()


@vetoed.on_before_trigger
def veto(request: TriggerRequest) -> None:
    raise SystemExit("closed")


@task(id="interrupted")
def interrupted(context: Context) -> Verdict:
    return Done()


@interrupted.on_before_trigger
def interrupt(request: TriggerRequest) -> None:
    raise KeyboardInterrupt


DEFINITIONS = (any_input, no_input, strict_input, vetoed, interrupted)
D = "webinyTaskDefinitionId"


@pytest.fixture
def world() -> Iterator[Stack]:
    with new_world() as stack:
        yield stack


@contextmanager
def new_world() -> Iterator[Stack]:
    """A stack that knows the definitions of this file."""
    with Stack.inside_moto() as stack:
        stack.definitions = DEFINITIONS
        yield stack


def through_the_state_machine(stack: Stack, event: Any) -> Any:
    """The worker's answer to an event as the state machine hands it on."""
    transformed = evaluate(jsonata.task_of_event(), event)
    return stack.invoke(_as_json(evaluate(jsonata.worker_payload(), transformed)))


def from_the_dead_letter_queue(stack: Stack, event: Any) -> None:
    stack.system.by_hand.receive(event, waits=False)


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value))


def reason(record: StoredTask) -> str:
    assert record.status is Status.FAILED
    assert record.failure.message
    assert is_strict_json(record.output)
    return record.failure.message


def outcome(record: StoredTask) -> Any:
    """What must be the same for both ways."""
    failure = record.failure.to_wire() if record.has_failed else None
    names = ("definition_id", "name", "tenant", "locale", "input", "delay")
    return failure, *(getattr(record, name) for name in names)


class TestOneEvent:
    """Each event by both ways; `sent` gives the record."""

    def sent(self, stack: Stack, detail: Any) -> StoredTask:
        machine, letter = (f"event-{next(_numbers)}" for _ in range(2))
        answer = through_the_state_machine(stack, {"id": machine, "detail": detail})
        from_the_dead_letter_queue(stack, {"id": letter, "detail": detail})
        record, other = stack.get(machine), stack.get(letter)
        assert outcome(record) == outcome(other)
        assert (answer["status"] == "error") == record.has_failed
        return record

    @pytest.mark.parametrize(
        "more",
        [
            {"input": None},
            {"name": None},
            {"delay": None},
            {"tenant": None},
            {"locale": None},
            {"webinyTaskId": None},
            {"webinyTaskId": ""},
            {"name": ""},
            {"delay": -5},
            {"name": "n" * 1_000_000},
            {"locale": "l" * 10_000},
            {"name": "\ud800"},
            {"unknown": "key"},
            dict.fromkeys(("input", "name", "delay", "tenant", "locale", "webinyTaskId")),
        ],
        ids=lambda more: str(more)[:40],
    )
    def test_what_may_be_left_out_may_be_null_and_what_is_long_is_cut(
        self, world: Stack, more: dict[str, Any]
    ) -> None:
        record = self.sent(world, {D: "anyInput", **more})

        assert record.status is Status.SUCCESS
        assert len(record.name) <= 1_000
        assert len(record.locale) <= 100

    @pytest.mark.parametrize(
        ("detail", "words"),
        [
            ({}, "webinyTaskDefinitionId: it is required"),
            (None, "webinyTaskDefinitionId: it is required"),
            ("text", "webinyTaskDefinitionId: it is required"),
            ([], "webinyTaskDefinitionId: it is required"),
            ({D: None}, "webinyTaskDefinitionId: it is required"),
            ({D: 5}, "webinyTaskDefinitionId: Input should be a valid string (it is 5)"),
            ({D: ""}, "webinyTaskDefinitionId"),
            ({D: "nothing"}, "Task definition was not found!"),
            ({D: "x" * 100_000}, "Task definition was not found!"),
            ({D: "anyInput", "delay": "5"}, "delay: Input should be a valid number"),
            ({D: "anyInput", "delay": True}, "delay"),
            ({D: "anyInput", "delay": 1e300}, "The maximum delay for a task is 355 days."),
            ({D: "anyInput", "delay": 10**400}, "delay"),
            ({D: "anyInput", "input": [1]}, "input"),
            ({D: "anyInput", "input": "text"}, "input"),
            ({D: "anyInput", "input": 5}, "input"),
            ({D: "anyInput", "name": ["n"]}, "name"),
            (
                {D: "anyInput", "tenant": 5},
                'Its tenant can\'t be stored; it is listed under "root"',
            ),
            ({D: "anyInput", "tenant": ""}, "tenant"),
            ({D: "anyInput", "tenant": "t" * 5_000}, 'it is listed under "root"'),
            ({D: "anyInput", "tenant": "\ud800"}, 'it is listed under "root"'),
            ({D: "anyInput", "input": {"a": "\ud800"}}, "as far as it can be stored"),
            ({D: "noInput", "input": {"a": 1}}, "takes no input"),
            ({D: "strictInput", "input": {"total": "many"}}, "total"),
            ({D: "strictInput", "input": {"total": "x" * 300_000}}, "total"),
            ({D: "vetoed"}, "The task's code called sys.exit('closed')."),
            ({D: "interrupted"}, "KeyboardInterrupt was raised, without a message."),
            ({D: "anyInput", "webinyTaskId": 5}, "webinyTaskId is not a text. Leave it out"),
            (
                {"definitionId": "anyInput"},
                f'"definitionId", which means nothing; did you mean "{D}"',
            ),
            ({D.upper(): "anyInput"}, f'did you mean "{D}"?'),
            (
                {D: "strictInput", "inputs": {}},
                '"inputs", which means nothing; did you mean "input"',
            ),
            ({D: "strictInput", "Input": {}}, 'did you mean "input"?'),
            ({D: 5, "expires_after": 60}, 'did you mean "expiresAfter"?'),
            ({D: "anyInput", "timeout": "60"}, "timeout"),
            ({D: 5, "\ud800": 1, "tenat": 2}, 'did you mean "tenant"?'),
        ],
        ids=lambda value: str(value)[:40].encode(errors="replace").decode(),
    )
    def test_what_cannot_run_is_failed_with_the_reason(
        self, world: Stack, detail: Any, words: str
    ) -> None:
        record = self.sent(world, detail)

        assert words in reason(record)
        assert world.messages(record)[0][:100] == reason(record)[:100]

    def test_a_letter_of_a_task_that_is_named_is_not_by_hand(self) -> None:
        event = {"id": "e", "detail": {"webinyTaskId": "t1"}}

        assert not is_by_hand(event)
        assert is_by_hand({"id": "e", "detail": "text"})


json_values = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(allow_nan=False, allow_infinity=False),
        st.text(st.characters(codec=None), max_size=20),
        st.sampled_from(["x" * 100_000, "", 10**400, -1, 1e300, 5e-324]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
ids = st.sampled_from([definition.id for definition in DEFINITIONS])
fields = {
    D: st.one_of(ids, ids, json_values),
    "webinyTaskId": st.sampled_from([None, "", 5, [], {}, True]),
    "tenant": st.one_of(st.sampled_from(["acme", "t" * 3_000, "\ud800", ""]), json_values),
    "locale": st.one_of(st.just("de-DE"), json_values),
    "delay": st.one_of(st.sampled_from([0, -1, 0.0]), json_values),
    "input": st.one_of(st.dictionaries(st.text(max_size=5), json_values, max_size=3), json_values),
    "name": st.one_of(st.text(st.characters(codec=None), max_size=10), json_values),
    "timeout": st.one_of(st.sampled_from([0, -1, 1, 0.5]), json_values),
    "expiresAfter": st.one_of(st.sampled_from([0, 60]), json_values),
    "inputs": json_values,
}
details = st.one_of(
    st.fixed_dictionaries({}, optional=fields),
    st.builds(
        lambda detail, known: detail | {D: known}, st.fixed_dictionaries({}, optional=fields), ids
    ),
    st.dictionaries(st.text(max_size=10), json_values, max_size=3),
    json_values,
)


# Each example makes two records: to shrink a failing one would take minutes.
@pytest.mark.property
@settings(suppress_health_check=list(HealthCheck), phases=[Phase.explicit, Phase.generate])
@given(detail=details)
def test_any_event_leaves_one_record_and_both_ways_have_the_same_outcome(detail: Any) -> None:
    machine, letter = ({"id": id, "detail": detail} for id in ("machine", "letter"))

    with new_world() as world:
        answer = through_the_state_machine(world, machine)
        from_the_dead_letter_queue(world, letter)

        assert is_strict_json(answer)
        record, other = world.get("machine"), world.get("letter")
        assert outcome(record) == outcome(other)
        assert (answer["status"] == "error") == record.has_failed
        if record.has_failed:
            assert answer["error"]["message"][:1_000] == reason(record)[:1_000]
            assert world.messages(record)


@pytest.mark.property
@settings(suppress_health_check=list(HealthCheck))
@given(detail=details)
def test_both_ways_give_the_worker_the_same_fields(detail: Any) -> None:
    event = {"id": "event-1", "detail": detail}

    by_machine = evaluate(jsonata.task_of_event(), event)

    by_letter = payload_by_hand(event)
    for key in ("webinyTaskId", "byHand", D, "name"):
        assert by_machine.get(key) == by_letter.get(key)
    assert by_machine.get("unusedKeys", []) == by_letter["unusedKeys"]
    for key, default in (("tenant", "root"), ("locale", "en-US"), ("delay", 0), ("input", {})):
        sent = by_letter.get(key)
        assert by_machine[key] == (default if sent is None else sent)


_numbers = iter(range(10**9))

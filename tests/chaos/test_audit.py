"""The audit of a campaign finds what must not be, and nothing else."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from handler.clock import to_iso
from handler.contract import Status
from handler.record.failures import TaskFailure
from handler.record.stored_task import StoredTask
from handler.testing import ManualClock
from tests.chaos.audit import SLOTS, Finding, Verdict, audit
from tests.chaos.bulk import ABORT_MANY, BulkRun
from tests.chaos.evidence import Evidence, Expected, Surroundings
from tests.chaos.ledger import Write
from tests.chaos.odd_records import odd_records
from tests.chaos.plan import Meddling

NOW = ManualClock().now()
LONG_AGO = to_iso(NOW)


def record(**changes: Any) -> StoredTask:
    new = StoredTask.new(now=NOW, id="t1", definition_id="chaosSteps", name="Steps", input={})
    return new.model_copy(update={"status": Status.SUCCESS, "output": {"counted": 2}, **changes})


def failed(code: str = "TASK_ERROR") -> StoredTask:
    error = TaskFailure(message="It failed.", code=code)
    return record(status=Status.FAILED, output={"error": error.to_wire()})


def write(
    status: str,
    iterations: int,
    *,
    answer: str = "",
    claims: int = 0,
    execution: str = "e1",
    at: str = "",
    cursor: int | None = None,
) -> Write:
    return Write(
        task_id="t1",
        definition_id="chaosSteps",
        status=status,
        saved_on=at or f"{iterations}-{claims}-{answer}-{status}",
        execution=execution,
        iterations=iterations,
        claims=claims,
        answer=answer,
        answered_visit=f"v{iterations}" if answer else "",
        cursor=cursor,
    )


HISTORY = (
    write("pending", 0, execution=""),
    write("running", 1, claims=1),
    write("running", 1, answer="continue"),
    write("running", 1, answer="continue"),  # its answer was lost: written again
    write("running", 2, answer="continue", claims=1),
    write("success", 2, answer="done"),
)


def ran_on(iterations: int) -> tuple[Write, ...]:
    """The history of a child that begins iterations after its parent was aborted."""
    return tuple(
        write("running", number, claims=1, at=f"2030-01-01T00:01:{number:02d}.000Z")
        for number in range(1, iterations + 1)
    )


GOOD = Evidence(
    id="t1",
    record=record(),
    expected=Expected(counted=2, rows=2),
    effects={"row 0": 1, "row 1": 3, "on_done": 1},
    history=HISTORY,
)
DELETED = replace(
    GOOD,
    record=None,
    is_deleted=True,
    abort_accepted=True,
    faults=[Meddling.DELETE],
    effects={"on_abort": 1},
    history=[*HISTORY[:3], write("aborted", 1, answer="aborted")],
)
HAS_NO_END = replace(
    GOOD,
    expected=Expected(counted=2, rows=2, hook_ends=False),
    log=["2. The on_done hook was started 3 times and never ended; it is given up."],
)
LOST_ANSWER = "Step Functions lost Lambda's answer"


def found(evidence: Evidence) -> list[Verdict]:
    return [finding.verdict for finding in audit([evidence])]


def test_a_task_that_ended_as_it_should_is_no_finding() -> None:
    assert audit([GOOD]) == []


def test_an_effect_that_was_repeated_is_no_finding() -> None:
    assert audit([replace(GOOD, effects={"row 0": 7, "row 1": 1, "on_done": 2})]) == []


def test_a_pause_between_two_iterations_commits_nothing() -> None:
    committed = HISTORY[2]
    paused = replace(committed, saved_on="later", is_paused=True)
    resumed = replace(committed, saved_on="later still")

    history = [*HISTORY[:3], paused, resumed, *HISTORY[3:]]

    assert Verdict.DOUBLE not in found(replace(GOOD, history=history))


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(replace(GOOD, record=None), id="no record"),
        pytest.param(replace(GOOD, effects={"row 0": 1, "row 1": 1}), id="its hook did not run"),
        pytest.param(replace(GOOD, effects={"row 0": 1, "on_done": 1}), id="a row is missing"),
        pytest.param(replace(GOOD, record=record(output={"counted": 1})), id="a step is missing"),
        pytest.param(
            replace(GOOD, expected=Expected(children=2, counted=2)), id="a child is missing"
        ),
        pytest.param(replace(GOOD, abort_accepted=True), id="its abort was undone"),
        pytest.param(
            replace(GOOD, expected=Expected(status="failed")), id="it can't have succeeded"
        ),
        pytest.param(
            replace(GOOD, record=record(status=Status.ABORTED), effects={"on_abort": 1}),
            id="nobody aborted it",
        ),
        pytest.param(
            replace(GOOD, record=failed(), effects={"on_error": 1}), id="nothing made it fail"
        ),
        pytest.param(
            replace(GOOD, record=failed("ON_PURPOSE"), effects={"on_error": 1}),
            id="its definition doesn't fail on purpose",
        ),
        pytest.param(
            replace(
                GOOD,
                record=failed("WORKER_STORE_UNAVAILABLE"),
                effects={"on_error": 1},
                faults=["DynamoDB was out"] * 99,
            ),
            id="a table out of reach is no reason",
        ),
        pytest.param(
            replace(
                GOOD,
                record=failed("WORKER_KILLED"),
                effects={"on_error": 1},
                faults=["The worker was killed"],
            ),
            id="one kill is no reason",
        ),
        pytest.param(
            replace(GOOD, record=record(status=Status.FAILED, output={}), effects={"on_error": 1}),
            id="nothing says why",
        ),
        pytest.param(
            replace(
                GOOD,
                record=failed("TRIGGER_TASK_ERROR"),
                effects={"on_error": 1},
                faults=["EventBridge refused an entry"] * 5,
                was_answered=True,
            ),
            id="its trigger was answered with success",
        ),
        pytest.param(
            replace(GOOD, parent_aborted_on=LONG_AGO, history=ran_on(16)),
            id="it ran on after its parent's abort",
        ),
        pytest.param(replace(DELETED, effects={}), id="it was deleted before its hook ran"),
        pytest.param(
            replace(DELETED, abort_accepted=False, faults=[]), id="who aborted what was deleted?"
        ),
        pytest.param(
            replace(GOOD, record=failed("INPUT_UNREADABLE"), effects={"on_error": 1}),
            id="nobody has lost its input",
        ),
        pytest.param(
            replace(
                GOOD,
                record=failed("INPUT_UNREADABLE"),
                effects={"on_error": 1},
                faults=[Meddling.LOSE_LATER],
            ),
            id="its input was lost when it was over",
        ),
        pytest.param(
            replace(
                GOOD,
                record=record(status=Status.ABORTED),
                effects={"on_abort": 1},
                faults=[Meddling.REDRIVE],
            ),
            id="its execution runs again",
        ),
        pytest.param(
            replace(
                GOOD,
                record=failed("WORKER_CODE"),
                effects={"on_error": 1},
                faults=["A definition could not be imported"],
            ),
            id="a bad deploy is no reason",
        ),
    ],
)
def test_it_is_lost(evidence: Evidence) -> None:
    assert Verdict.LOST in found(evidence)


@pytest.mark.parametrize(
    "evidence",
    [
        replace(
            GOOD,
            record=failed("WORKER_KILLED"),
            effects={"on_error": 1},
            faults=["The worker was killed"] * 2,
        ),
        replace(
            GOOD,
            record=failed("TRIGGER_TASK_ERROR"),
            effects={"on_error": 1},
            faults=["EventBridge refused an entry"] * 5,
        ),
        replace(GOOD, parent_aborted_on=LONG_AGO, history=ran_on(15)),
        replace(
            GOOD,
            record=failed("UNDELIVERED"),
            effects={"on_error": 1},
            faults=["An event was lost"] * 4,
        ),
        replace(
            GOOD,
            record=failed("ON_PURPOSE"),
            effects={"on_error": 1},
            expected=Expected(status="failed", code="ON_PURPOSE"),
        ),
        replace(
            GOOD,
            record=failed(),
            effects={},
            expected=Expected(status="failed", code="TASK_ERROR", counts_hooks=False),
        ),
        replace(GOOD, record=failed("CHILDREN"), effects={"on_error": 1}, unsuccessful_children=1),
        replace(
            GOOD,
            record=record(status=Status.ABORTED),
            effects={"on_abort": 1},
            faults=[Meddling.STOP],
        ),
        replace(
            GOOD,
            record=record(status=Status.ABORTED),
            effects={"on_abort": 1},
            parent_aborted_on=LONG_AGO,
        ),
        replace(
            GOOD,
            effects={"row 0": 1, "row 1": 1},
            log=["1. The on_done hook was started 3 times; it is given up."],
        ),
        DELETED,
        replace(DELETED, is_deleted=None, rows=["the row LOG#1"]),
        replace(
            DELETED,
            rows=["the row TASK"],
            history=[*DELETED.history[:-1], replace(DELETED.history[-1], awaits_copies=True)],
        ),
        replace(GOOD, record=None, is_deleted=True),
        replace(
            GOOD,
            record=failed("INPUT_UNREADABLE"),
            effects={"on_error": 1},
            faults=[Meddling.LOSE],
        ),
        replace(GOOD, record=record(output={"note": "Lost."}), faults=[Meddling.LOSE_LATER]),
        replace(
            GOOD,
            record=record(status=Status.ABORTED),
            effects={"on_abort": 1},
            faults=[Meddling.STOP_AND_REDRIVE],
        ),
        replace(
            GOOD,
            record=failed("WORKER_LAMBDA_FAILED"),
            effects={"on_error": 1},
            faults=[LOST_ANSWER, Meddling.REDRIVE],
        ),
        HAS_NO_END,
        replace(GOOD, unasked=["the recovery read its output"] * 2),
        replace(
            GOOD,
            effects={**GOOD.effects, "finished": 2, "told": 1},
            faults=[LOST_ANSWER, "The worker was killed"],
        ),
    ],
)
def test_an_end_that_follows_from_what_was_done_is_no_finding(evidence: Evidence) -> None:
    assert audit([evidence]) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.RUNNING},
        {"pending_hook": "on_done"},
        {"expiry_pending": 1},
        {"deletion_pending": True},
        {"children_abort_pending": True},
    ],
)
def test_it_is_stuck(changes: dict[str, Any]) -> None:
    assert Verdict.STUCK in found(replace(GOOD, record=record(**changes)))


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(replace(DELETED, rows=["the row LOG#1"]), id="it was deleted in part"),
        pytest.param(replace(HAS_NO_END, log=[]), id="nobody has given its hook up"),
        pytest.param(
            replace(GOOD, unasked=["a list, a join or a sweep read its inputContent"]),
            id="a list read its payload",
        ),
        pytest.param(
            replace(GOOD, unasked=["the recovery read its input"] * 6), id="its payload was read"
        ),
    ],
)
def test_what_is_left_of_it_or_read_of_it_in_vain_is_stuck(evidence: Evidence) -> None:
    assert found(evidence) == [Verdict.STUCK]


def test_what_is_beside_the_tasks_is_audited_too() -> None:
    odd = odd_records(7, record())[0]
    surroundings = Surroundings(
        odd=[(odd, "It could not be deleted.")],
        unanswered=["Internal Server Error"],
        left={"t1": ["the row TASK", "the row LOG#1"]},
        failed_sweeps=2,
        most_at_once=SLOTS + 1,
    )

    found = [(finding.verdict, finding.task_id) for finding in audit([GOOD], surroundings)]

    assert found == [
        (Verdict.STUCK, odd.id),
        (Verdict.STUCK, "t1"),
        (Verdict.LOST, "(the API)"),
        (Verdict.DOUBLE, "(a limit)"),
        (Verdict.STUCK, "(the recovery)"),
    ]
    assert audit([GOOD], Surroundings()) == []


def test_what_is_left_after_the_retention_is_named_and_counted() -> None:
    left = {"t1": ["the row TASK", "the row LOG#1"]}

    assert audit([], Surroundings(left=left)) == [
        Finding(
            verdict=Verdict.STUCK,
            task_id="t1",
            what="Its retention has passed, and the row TASK, and 1 more is there.",
        )
    ]


@pytest.mark.parametrize(
    "history",
    [
        pytest.param(
            [*HISTORY[:3], write("running", 1, answer="continue", at="later")], id="committed twice"
        ),
        pytest.param([*HISTORY, write("running", 2)], id="it went back to running"),
        pytest.param(
            [*HISTORY, write("success", 2, answer="done", at="later")], id="it ended twice"
        ),
        pytest.param([*HISTORY, write("aborted", 2, answer="aborted")], id="it ended otherwise"),
        pytest.param(
            [*HISTORY[:2], write("running", 2, execution="e2")], id="two executions owned it"
        ),
        pytest.param([*HISTORY[:2], write("running", 3)], id="an iteration was skipped"),
        pytest.param(
            [write("running", 1, claims=1, cursor=8), write("running", 1, claims=1, cursor=4)],
            id="its cursor went back",
        ),
    ],
)
def test_a_history_that_shows_it_done_twice_is_a_double_effect(history: list[Write]) -> None:
    assert Verdict.DOUBLE in found(replace(GOOD, history=history))


@pytest.mark.parametrize(
    "evidence",
    [
        replace(GOOD, record=record(output={"counted": 3})),
        replace(GOOD, found_children=1),
        replace(
            GOOD,
            effects={**GOOD.effects, "finished": 2},
            faults=[LOST_ANSWER, "DynamoDB throttled a request"],
        ),
    ],
)
def test_what_is_there_more_often_than_it_should_is_a_double_effect(evidence: Evidence) -> None:
    assert Verdict.DOUBLE in found(evidence)


def test_a_finding_names_the_task_and_what_is_the_matter() -> None:
    [finding] = audit([replace(GOOD, record=record(pending_hook="on_done"))])
    left = "{'pending_hook': 'on_done'}"
    assert str(finding) == f"stuck: t1: Its end has left something to do: {left}."


def later(seconds: float) -> str:
    return to_iso(NOW + timedelta(seconds=seconds))


def claim(iteration: int, seconds: float) -> Write:
    return write("running", iteration, claims=1, at=later(seconds))


HEARD = replace(
    GOOD,
    record=record(output={"counted": 2, "heard": 1}, finished_on=NOW + timedelta(seconds=20)),
    effects={**GOOD.effects, "heard 1": 2},  # it was interrupted, and got the same one again
    signalled_on=LONG_AGO,
)
RETRIED = replace(
    GOOD,
    record=failed("ON_PURPOSE").model_copy(update={"retried_by": "r1"}),
    expected=Expected(status="failed", code="ON_PURPOSE"),
    effects={"on_error": 1},
    history=(write("pending", 0, execution=""), write("failed", 1, answer="error")),
    answered_retries=["r1", "r1"],
    found_retries=["r1"],
)
PAUSED = replace(
    GOOD,
    history=[claim(1, 0), claim(2, 30)],
    paused=[(later(1), later(10)), (later(11), later(29))],
)
WOKEN = replace(GOOD, history=[claim(1, 0), claim(2, 30)], woken_on=later(5))


def limited(code: str, seconds: float, **changes: Any) -> Evidence:
    """A task that a limit of one minute has ended after so many seconds."""
    moments = {"finished_on": NOW + timedelta(seconds=seconds), "started_on": NOW, **changes}
    return replace(
        GOOD,
        record=failed(code).model_copy(update=moments),
        effects={"on_error": 1},
        history=[claim(1, 1)],
    )


A_MINUTE = NOW + timedelta(minutes=1)
BULK = BulkRun(
    verb=ABORT_MANY,
    task_id="b1",
    dry=6,
    count=6,
    status="success",
    done=4,
    skipped=1,
    failed=1,
    moved=5,
)


@pytest.mark.parametrize(
    "evidence",
    [
        HEARD,
        replace(HEARD, record=None, is_deleted=True),
        *(
            replace(
                GOOD, record=record(status=Status.ABORTED), effects={"on_abort": 1}, faults=[way]
            )
            for way in (Meddling.ABORT_MANY, Meddling.ABORT_AND_RETRY)
        ),
        RETRIED,
        replace(RETRIED, answered_retries=[]),  # its caller was never answered
        PAUSED,
        replace(
            GOOD,
            history=[
                *HISTORY[:3],
                write("running", 1, answer="continue", execution="", at="paused"),
                write("running", 1, answer="continue", execution="", at="resumed"),
                # The next execution waits for what is left of the wait.
                write("running", 1, answer="continue", execution="e2", at="waits"),
                write("running", 1, answer="continue", execution="e2", at="waits"),
            ],
        ),
        WOKEN,
        limited("TASK_TIMEOUT", 61, deadline=A_MINUTE),
        replace(
            limited("TASK_EXPIRED", 61, start_by=A_MINUTE, started_on=None), history=[claim(1, 61)]
        ),
        replace(GOOD, record=record(finished_on=NOW, started_on=NOW, deadline=A_MINUTE)),
    ],
)
def test_what_a_verb_must_bring_about_is_no_finding(evidence: Evidence) -> None:
    assert audit([evidence], Surroundings(bulk=[BULK])) == []


@pytest.mark.parametrize(
    ("verdict", "evidence"),
    [
        pytest.param(
            Verdict.LOST,
            replace(HEARD, record=record(output={"counted": 2, "heard": 0})),
            id="its signal was not heard",
        ),
        pytest.param(
            Verdict.LOST, replace(HEARD, effects=GOOD.effects), id="its signal had no effect"
        ),
        pytest.param(
            Verdict.LOST,
            replace(HEARD, record=failed("ON_PURPOSE"), effects={"heard 1": 1, "on_error": 1}),
            id="its signal was accepted, and it has failed",
        ),
        pytest.param(
            Verdict.LOST,
            replace(
                HEARD,
                record=record(
                    output={"counted": 2, "heard": 1}, finished_on=NOW + timedelta(minutes=4)
                ),
            ),
            id="it ended long after its signal",
        ),
        pytest.param(
            Verdict.DOUBLE,
            replace(HEARD, record=record(output={"counted": 2, "heard": 2}, finished_on=NOW)),
            id="it has heard one signal twice",
        ),
        pytest.param(
            Verdict.DOUBLE,
            replace(HEARD, effects={**HEARD.effects, "heard 2": 1}),
            id="a second signal had an effect",
        ),
        pytest.param(Verdict.LOST, replace(RETRIED, found_retries=[]), id="its retry is not there"),
        pytest.param(
            Verdict.LOST, replace(RETRIED, record=failed("ON_PURPOSE")), id="it names no retry"
        ),
        pytest.param(
            Verdict.DOUBLE, replace(RETRIED, found_retries=["r1", "r2"]), id="it has two retries"
        ),
        pytest.param(
            Verdict.DOUBLE,
            replace(RETRIED, answered_retries=["r1", "r2"]),
            id="two callers got two retries",
        ),
        pytest.param(
            Verdict.DOUBLE,
            replace(GOOD, record=record(retried_by="r1"), found_retries=["r1"]),
            id="it has succeeded, and has a retry",
        ),
        pytest.param(
            Verdict.LOST,
            replace(PAUSED, history=[claim(1, 0), claim(2, 15)]),
            id="it ran while it was paused",
        ),
        pytest.param(
            Verdict.STUCK,
            replace(WOKEN, history=[claim(1, 0), claim(2, 400)]),
            id="it ran long after it was told to",
        ),
        pytest.param(
            Verdict.STUCK, replace(WOKEN, history=[claim(1, 0)]), id="it was told to run in vain"
        ),
        pytest.param(
            Verdict.LOST,
            limited("TASK_TIMEOUT", 59, deadline=A_MINUTE),
            id="it timed out before its deadline",
        ),
        pytest.param(Verdict.LOST, limited("TASK_TIMEOUT", 61), id="it timed out without one"),
        pytest.param(
            Verdict.LOST,
            limited("TASK_EXPIRED", 61, start_by=A_MINUTE),
            id="it expired, and had started",
        ),
        pytest.param(
            Verdict.STUCK,
            limited("TASK_TIMEOUT", 300, deadline=A_MINUTE),
            id="it timed out long after its deadline",
        ),
        pytest.param(
            Verdict.STUCK,
            replace(GOOD, record=record(finished_on=A_MINUTE, started_on=NOW, deadline=NOW)),
            id="it worked on after its deadline",
        ),
        pytest.param(
            Verdict.STUCK,
            limited("TASK_EXPIRED", 300, start_by=A_MINUTE, started_on=None),
            id="it expired long after it should have started",
        ),
    ],
)
def test_what_a_verb_has_not_brought_about_is_found(verdict: Verdict, evidence: Evidence) -> None:
    assert verdict in found(evidence)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"status": "failed"}, id="its task has failed"),
        pytest.param({"dry": 5}, id="the dry run counted others"),
        pytest.param({"skipped": 0}, id="one is not accounted for"),
        pytest.param({"moved": 3}, id="more were done than have moved"),
        pytest.param({"moved": 7}, id="more have moved than were done"),
    ],
)
def test_a_verb_in_bulk_whose_counts_do_not_fit_is_found(changes: dict[str, Any]) -> None:
    [finding] = audit([], Surroundings(bulk=[replace(BULK, **changes)]))

    assert (finding.verdict, finding.task_id) == (Verdict.LOST, "b1")
    assert finding.what.startswith("abort_many: ")

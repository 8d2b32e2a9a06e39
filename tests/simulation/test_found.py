"""What simulations have found: each was a bug of the handler, or of a model."""

import pytest

from tests.simulation.faults import Kind
from tests.simulation.scenario import Scenario
from tests.simulation.world import World

FOUND = {
    "an outcome whose response was lost, and an abort after it: its log row was written over": (
        Scenario(seed="1/7", tasks=25)
    ),
    "a deletion while the last follow-up was cleared: nothing removed the task any more": (
        Scenario(seed="17/38", tasks=25)
    ),
    "the report of a stopped execution made the record of a deleted task anew": (
        Scenario(seed="21/22", tasks=25)
    ),
    "a deletion that was slow removed the task that was triggered since with its key": (
        Scenario(seed="81/5", tasks=25)
    ),
    "the report of an execution without a task ended the one that was made since with its key": (
        Scenario(
            seed="101/111",
            tasks=25,
            only=(4,),
            faults=((Kind.DELETED, "t4/meddler", 0), (Kind.DELETED, "t4/deleter", 0)),
        )
    ),
    "a late invocation of a delay ended a task that was handed over as one over its limit": (
        Scenario(
            seed="101/213",
            tasks=25,
            only=(18,),
            faults=(
                (Kind.DYNAMODB_ANSWER_LOST, "t18/caller0", 1),
                (Kind.KILLED, "x-e9c7e1572dc02142-1+0/v1.1", 1),
                (Kind.STEP_FUNCTIONS_THROTTLED, "x-e9c7e1572dc02142-1+0/v1.2", 2),
                (Kind.EVENT_TWICE, "event-a67a2664ef2b4306", 0),
                (Kind.DYNAMODB_OUT, "x-a67a2664ef2b4306-1+0/v1.1", 2),
                (Kind.EVENT_REFUSED, "x-a67a2664ef2b4306-2+0/v3.1", 4),
                (Kind.EVENT_LOST, "event-3bc0b38ccc9e44c3", 0),
            ),
        )
    ),
    "a later task with the key of a deleted one kept that one's children from their end": (
        Scenario(
            seed="213/32",
            tasks=25,
            only=(12,),
            faults=((Kind.DELETED, "t12/meddler", 0), (Kind.DELETED, "t12/deleter", 0)),
        )
    ),
    "a zombie logged for a task that had been dated since: its line stayed for ever": (
        Scenario(
            seed="210/7",
            tasks=25,
            only=(17,),
            faults=(
                (Kind.EVENT_REFUSED, "t17/caller0/trigger", 2),
                (Kind.ABORTED, "t17/meddler", 0),
                (Kind.TRANSACTION_CONFLICT, "t17/meddler/abort", 3),
                (Kind.UNPROCESSED, "t17/meddler/abort", 7),
                (Kind.FROZEN, "x-ea1014f8df5abba8-1+0/v1.1", 5),
            ),
        )
    ),
    "a late worker ended the task that the retry of its own event had made anew": (
        Scenario(
            seed="302/249",
            tasks=25,
            only=(2,),
            faults=(
                (Kind.DELETED, "t2/meddler", 0),
                (Kind.DELETED, "t2/deleter", 0),
                (Kind.FROZEN, "x-58e3bbb94fd2ff0a-1+0/v1.1", 7),
            ),
        )
    ),
    "a slow deletion removed the rows of the task that was made since": Scenario(
        seed="400/272", tasks=25
    ),
    "a retried visit made the record of an aborted and deleted event by hand anew": (
        Scenario(seed="403/190", tasks=25)
    ),
    "somebody heard late of a task that was made anew since, and the audit took it for that one": (
        Scenario(seed="401/285", tasks=25)
    ),
    "a frozen worker cleared the hook of the task that was made since with its key": (
        Scenario(
            seed="406/300",
            tasks=25,
            only=(10,),
            faults=((Kind.FROZEN, "x-eedc29d5142a5829-1+0/v1.1", 5),),
        )
    ),
    "a claim whose response was lost counted twice, as somebody had paused and resumed the task": (
        Scenario(
            seed="409/336",
            tasks=25,
            only=(5,),
            faults=(
                (Kind.PAUSED, "t5/pauser", 0),
                (Kind.DYNAMODB_ANSWER_LOST, "x-eddb39f82ed4650a-1+0/v1.1", 1),
            ),
        )
    ),
    "a task that was paused before its claim was answered went on in place": (
        Scenario(
            seed="502/369",
            tasks=25,
            only=(9,),
            faults=(
                (Kind.PAUSED, "t9/pauser", 0),
                (Kind.DYNAMODB_ANSWER_LOST, "x-29d7c236f5d030e6-1+0/v1.1", 1),
            ),
        )
    ),
    "a child that ended when nothing was dated any more stayed, though its parent had a date": (
        Scenario(
            seed="11/7",
            tasks=25,
            only=(1,),
            is_operated=True,
            faults=(
                (Kind.EVENT_REFUSED, "t1/caller0", 2),
                (Kind.ABORTED, "t1/meddler", 0),
                (Kind.FROZEN, "x-e1de5fe12946cade-1+0/v1.1", 2),
                (Kind.SETTING_CHANGED, "settings", 1),
            ),
        )
    ),
    "a child of a worker whose clock was behind was taken for one without a parent": (
        Scenario(
            seed="mutation/26",
            tasks=25,
            only=(20,),
            is_operated=True,
            faults=(
                (Kind.SETTING_CHANGED, "settings", 0),
                (Kind.CLOCK_SKEW, "x-4a4cfb0fffa691fe-1+0/v1.1", 0),
                (Kind.SETTING_CHANGED, "settings", 1),
            ),
        )
    ),
    "a first claim that the table had taken minutes late ran a task that had expired": (
        Scenario(
            seed="35/11",
            tasks=25,
            only=(24,),
            is_operated=True,
            faults=(
                (Kind.TIME_LIMIT, "t24", 0),
                (Kind.EVENTS_ANSWER_LOST, "t24/caller0", 1),
                (Kind.DYNAMODB_OUT, "x-e735c647b19f2990-1+0/v1.1", 3),
            ),
        )
    ),
    "a process that was frozen behind its read of the settings took them for new": Scenario(
        seed="600/368", tasks=25, is_operated=True
    ),
    "a failed request with the events of many tasks was taken for a fault of one": Scenario(
        seed="7017/101", tasks=25, is_operated=True, is_in_bulk=True, is_bounded=True
    ),
    "a task was told to run now in the moment in which it was paused": Scenario(
        seed="602/191", tasks=25, is_operated=True
    ),
    "a paused task was claimed as it was resumed by itself, while its definition was paused": (
        Scenario(
            seed="701/26",
            tasks=25,
            only=(14,),
            is_operated=True,
            is_in_bulk=True,
            faults=(
                (Kind.ALL_PAUSED, "hold200000", 0),
                (Kind.DEFINITION_PAUSED, "hold200001", 0),
                (Kind.PAUSED, "t14/pauser", 0),
                (Kind.DYNAMODB_REQUEST_LOST, "t14/pauser/resume", 1),
                (Kind.EVENT_LATE, "event-6673c968ab88b005", 0),
                (Kind.FROZEN, "x-6235bfa1f4e3f7c1-1+0/v1.1", 2),
            ),
        )
    ),
    "a task ended under a setting of whose change nobody was told yet, the audit neither": (
        Scenario(
            seed="711/17",
            tasks=25,
            only=(23,),
            is_operated=True,
            is_in_bulk=True,
            faults=(
                (Kind.SETTING_CHANGED, "settings", 0),
                (Kind.TIMED_OUT, "settings/change0", 2),
            ),
        )
    ),
    "the late report of a failed execution made the record of a deleted task anew": (
        Scenario(
            seed="3/37",
            tasks=25,
            only=(4,),
            faults=(
                (Kind.DELETED, "t4/meddler", 0),
                (Kind.STATUS_LATE, "x-0755358cd8e28828-1+0/end", 0),
            ),
        )
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("scenario", FOUND.values(), ids=FOUND)
def test_what_was_found_is_mended(prepared: None, scenario: Scenario) -> None:
    assert [str(each) for each in World(scenario).run().violations] == []

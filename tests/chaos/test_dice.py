"""What a seed repeats."""

from collections import Counter

from tests.chaos.aws.dice import Dice, drawn
from tests.chaos.plan import plan

ODDS = {"lost": 0.2, "twice": 0.1}


def draws(seed: int, kind: str = "delivery") -> list[str]:
    dice = Dice(seed)
    return [drawn(dice.roll(kind), ODDS) for _ in range(2_000)]


def test_the_same_seed_makes_the_same_faults() -> None:
    assert draws(7) == draws(7)
    assert draws(7) != draws(8)


def test_requests_of_another_kind_change_nothing() -> None:
    dice = Dice(7)
    mixed = []
    for _ in range(2_000):
        dice.roll("something else")
        mixed.append(drawn(dice.roll("delivery"), ODDS))
    assert mixed == draws(7)


def test_each_fault_comes_about_as_often_as_its_odds_say() -> None:
    found = Counter(draws(7))
    assert 320 < found["lost"] < 480
    assert 140 < found["twice"] < 260
    assert found[""] == 2_000 - found["lost"] - found["twice"]


def test_the_same_seed_makes_the_same_plan() -> None:
    assert plan(7, 100) == plan(7, 100)
    assert plan(7, 100) != plan(8, 100)


def test_a_short_plan_has_every_kind_of_task_but_those_that_take_minutes() -> None:
    short, long = ({task.kind for task in plan(7, tasks)} for tasks in (40, 300))
    assert long - short == {"hook that hangs"}

"""The odd records of a campaign."""

from handler.record.stored_task import StoredTask
from handler.testing import ManualClock
from tests.chaos.odd_records import is_odd, odd_records, size_of

LIKE = StoredTask.new(
    now=ManualClock().now(), id="like", definition_id="chaosSteps", name="Odd", input={}
)


def test_each_has_an_id_of_its_own_that_is_told_from_those_of_tasks() -> None:
    records = odd_records(7, LIKE)

    ids = {record.id for record in records}
    assert len(ids) == len(records)
    assert all(map(is_odd, ids))
    assert not is_odd("6b08a7996a0afc4cb4fd9cc0")


def test_a_seed_decides_on_their_order() -> None:
    first, again, other = (
        [record.what for record in odd_records(seed, LIKE)] for seed in (7, 7, 8)
    )

    assert first == again != other
    assert sorted(first) == sorted(other)


def test_one_is_as_large_as_an_item_may_be_and_none_is_larger() -> None:
    sizes = [size_of(record.rows[0]) for record in odd_records(7, LIKE)]

    assert max(sizes) == 400 * 1024
    assert sorted(sizes)[-2] < 8 * 1024

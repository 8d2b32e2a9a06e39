"""Which worker runs a task, as the definitions say."""

from typing import Any

from handler import Context, Definition, Done, Retry, task
from infra.documents.worker_choice import NO_CHOICE, WorkerChoice


def defined(id: str, **options: Any) -> Definition:
    @task(id=id, **options)
    def body(context: Context) -> Done:
        return Done()

    return body


def test_definitions_that_name_no_worker_leave_no_choice() -> None:
    plain = [defined("one"), defined("two", worker="default", retry=Retry())]

    choice = WorkerChoice.of(plain)

    assert choice == NO_CHOICE
    assert not choice.is_needed


def test_a_worker_has_the_ids_and_the_aliases_of_its_definitions() -> None:
    choice = WorkerChoice.of(
        [
            defined("cutFilm", worker="large", aliases=("film", "cut")),
            defined("addTitles", worker="large"),
            defined("tidyUp", worker="small"),
            defined("plain", aliases=("old",)),
        ]
    )

    assert choice.is_needed
    assert choice.ids == {"large": ("addTitles", "cut", "cutFilm", "film"), "small": ("tidyUp",)}
    assert choice.takes_over == ()


def test_the_workers_that_tasks_move_to_are_named_once() -> None:
    choice = WorkerChoice.of(
        [
            defined("one", retry=Retry(on_out_of_memory="large")),
            defined("two", retry=Retry(on_out_of_memory="large")),
            defined("three", worker="large", retry=Retry(on_out_of_memory="default")),
        ]
    )

    assert choice.is_needed
    assert choice.takes_over == ("default", "large")


def test_the_order_of_the_definitions_changes_nothing() -> None:
    definitions = [
        defined(id, worker=worker) for id, worker in (("a", "z"), ("b", "y"), ("c", "z"))
    ]

    first, second = WorkerChoice.of(definitions), WorkerChoice.of(definitions[::-1])

    assert list(first.ids.items()) == list(second.ids.items())

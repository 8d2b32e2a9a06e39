"""Small tasks. Each call makes a new definition, so that a test may set hooks on it."""

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, Field

from handler import Context, Definition, Done, Verdict, task

Body = Callable[[Context], Any]


class SizeInput(BaseModel):
    size: int = Field(default=1, ge=1)


def bare(body: Body, **options: Any) -> Definition:
    """A task without input that runs `body`, and returns what it returns.

    Each of its iterations has a visit of `Run`, unless the options say `in_place=True`.
    """

    @task(id="someTask", **{"in_place": False, **options})
    def some_task(context: Context) -> Verdict:
        verdict: Verdict = body(context)
        return verdict

    return some_task


def returning(verdict: Any, **options: Any) -> Definition:
    """A task that returns `verdict`."""
    return bare(lambda context: verdict, **options)


def raising(error: BaseException, **options: Any) -> Definition:
    """A task that raises `error`."""

    def body(context: Context) -> Verdict:
        raise error

    return bare(body, **options)


@task(id="countUp")
def count_up(context: Context, input: dict[str, int]) -> Done:
    return Done("Counted.", output={"total": input["total"]})


def exporting() -> Definition:
    """A task with an input."""

    @task(id="exportUsers", title="Export users")
    def export_users(context: Context, input: SizeInput) -> Verdict:
        return Done()

    return export_users

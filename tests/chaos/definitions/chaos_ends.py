"""Tasks that end in other ways than well, or not by themselves."""

from datetime import timedelta

from pydantic import BaseModel

from handler import Context, Continue, Done, Failed, Retry, TaskRecord, Verdict, task

from .chaos_effects import count, with_counted_hooks


class FlakyInput(BaseModel):
    failures: int


@task(id="chaosFlaky", crash_retries=3, retry=Retry(max_attempts=20, backoff=timedelta(seconds=3)))
def chaos_flaky(context: Context, input: FlakyInput) -> Done:
    """Succeeds once it was attempted often enough."""
    count(context.task.id, f"row {context.task.attempts}")
    if context.task.attempts <= input.failures:
        raise ConnectionError("It can't be reached.")
    return Done(output={"counted": 1})


@task(id="chaosFails", crash_retries=3)
def chaos_fails(context: Context) -> Failed:
    return Failed("Failed on purpose.", code="ON_PURPOSE")


@task(id="chaosEndless", max_iterations=3, crash_retries=3)
def chaos_endless(context: Context) -> Continue:
    """Runs into its limit."""
    return Continue()


@task(id="chaosWaits", crash_retries=3)
def chaos_waits(context: Context) -> Verdict:
    """Waits for so long that somebody has to end it."""
    return Continue(wait=timedelta(days=100))


for definition in (chaos_flaky, chaos_fails, chaos_endless, chaos_waits):
    with_counted_hooks(definition)


@chaos_endless.on_max_iterations
def too_often(record: TaskRecord) -> None:
    count(record.id, "on_max_iterations")

"""Tasks that do little by themselves: what becomes of them is said by people, and by signals."""

from datetime import timedelta

from pydantic import BaseModel

from handler import Context, Continue, Done, Failed, Signal, Verdict, task

from .chaos_effects import SIGNAL, count, offer, with_counted_hooks

_A_MONTH = timedelta(days=30)
_FOR_EVER = timedelta(days=100)


class HearsInput(BaseModel):
    before: int = 0  # iterations before it waits
    by_url: bool = False
    heard: int = 0


@task(id="chaosHears", crash_retries=3)
def chaos_hears(context: Context, input: HearsInput) -> Verdict:
    """Waits for a signal, and when it has heard one, looks whether there is another."""
    if input.before:
        return Continue({"before": input.before - 1}, wait=50)
    if input.by_url and not input.heard:
        offer(context.task.id, context.signal_url(SIGNAL, expires_in=_A_MONTH))

    def then(signal: Signal | None) -> Verdict:
        if signal is None:
            return Done(output={"counted": 1, "heard": input.heard})
        count(context.task.id, f"heard {signal.number}")
        return Continue({"heard": input.heard + 1}, wait=100)

    return context.wait_for_signal(SIGNAL, then, timeout=1 if input.heard else _A_MONTH)


class SleepsInput(BaseModel):
    counted: int = 0


@task(id="chaosSleeps", crash_retries=3)
def chaos_sleeps(context: Context, input: SleepsInput) -> Verdict:
    """Sleeps for so long that somebody has to tell it to run now."""
    count(context.task.id, f"row {input.counted}")
    if input.counted:
        return Done(output={"counted": 2})
    return Continue({"counted": 1}, wait=_FOR_EVER)


class MendsInput(BaseModel):
    waits: bool = False


@task(id="chaosMends", crash_retries=3)
def chaos_mends(context: Context, input: MendsInput) -> Verdict:
    """Does not end well by itself: that is for its retry."""
    if context.task.retry_of:
        count(context.task.id, "row 0")
        return Done(output={"counted": 1})
    if input.waits:
        return Continue(wait=_FOR_EVER)
    return Failed("A retry of it will succeed.", code="ON_PURPOSE")


@task(id="chaosBulk", crash_retries=3)
def chaos_bulk(context: Context) -> Verdict:
    """One of the many that are aborted, retried and deleted in bulk."""
    if context.task.retry_of:
        count(context.task.id, "row 0")
        return Done(output={"counted": 1})
    return Continue(wait=_FOR_EVER)


@task(id="chaosHeld", crash_retries=3)
def chaos_held(context: Context) -> Done:
    """Is of the definition that is paused for a while."""
    count(context.task.id, "row 0")
    return Done(output={"counted": 1})


for definition in (chaos_hears, chaos_sleeps, chaos_mends, chaos_bulk, chaos_held):
    with_counted_hooks(definition)

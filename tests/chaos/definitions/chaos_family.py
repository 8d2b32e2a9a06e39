"""Has children, and counts what they made."""

from datetime import timedelta

from pydantic import BaseModel

from handler import Context, Continue, Done, Failed, TaskRecord, Verdict, task

from .chaos_effects import count, with_counted_hooks


class ParentInput(BaseModel):
    children: int


class ChildInput(BaseModel):
    number: int


@task(id="chaosChild", crash_retries=3)
def chaos_child(context: Context, input: ChildInput) -> Done:
    count(context.task.id, f"row {input.number}")
    return Done(output={"counted": 1})


@task(id="chaosParent", crash_retries=3)
def chaos_parent(context: Context, input: ParentInput) -> Verdict:
    for number in range(input.children):
        context.trigger(chaos_child, input=ChildInput(number=number))
    return context.wait_for_children(_joined)


def _joined(children: list[TaskRecord]) -> Verdict:
    if lost := [child.id for child in children if child.status != "success"]:
        return Failed(f"Children did not succeed: {', '.join(lost)}", code="CHILDREN")
    return Done(
        output={"counted": sum(int(str((child.output or {})["counted"])) for child in children)}
    )


class IdleInput(BaseModel):
    number: int
    begun: int = 0


@task(id="chaosIdle", crash_retries=3)
def chaos_idle(context: Context, input: IdleInput) -> Verdict:
    """Begins an iteration a second until its parent is aborted, or for minutes if it never is."""
    if input.begun == 200:
        return Done()
    return Continue({"begun": input.begun + 1}, wait=100)


@task(id="chaosFamily", crash_retries=3)
def chaos_family(context: Context) -> Continue:
    """Waits with its children until somebody ends it: they have to end with it."""
    for number in range(2):
        context.trigger(chaos_idle, input=IdleInput(number=number), idempotency_key=str(number))
    return Continue(wait=timedelta(days=100))


for definition in (chaos_parent, chaos_child, chaos_family, chaos_idle):
    with_counted_hooks(definition)

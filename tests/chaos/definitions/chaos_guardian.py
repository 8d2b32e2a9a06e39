"""A parent that lives for longer than the retention of its children."""

from pydantic import BaseModel

from handler import Context, Continue, Done, Failed, TaskRecord, Verdict, task

from .chaos_effects import TIME_PASSED, count, has_happened, with_counted_hooks
from .chaos_payloads import big_text


class GuardianInput(BaseModel):
    children: int
    text: str


class WardInput(BaseModel):
    number: int
    text: str


@task(id="chaosWard", crash_retries=3)
def chaos_ward(context: Context, input: WardInput) -> Done:
    count(context.task.id, f"row {input.number}")
    return Done(output={"counted": 1, "text": input.text})


@task(id="chaosGuardian", crash_retries=3, max_iterations=100_000)
def chaos_guardian(context: Context, input: GuardianInput) -> Verdict:
    """Triggers its children at each iteration: a key is one child, for as long as it lives."""
    for number in range(input.children):
        ward = WardInput(number=number, text=big_text())
        context.trigger(chaos_ward, input=ward, idempotency_key=str(number))
    if not has_happened(TIME_PASSED):
        return Continue(wait=500)
    return context.wait_for_children(_joined)


def _joined(children: list[TaskRecord]) -> Verdict:
    if lost := [child.id for child in children if child.status != "success"]:
        return Failed(f"Children did not succeed: {', '.join(lost)}", code="CHILDREN")
    return Done(output={"counted": sum(_counted(child) for child in children)})


def _counted(child: TaskRecord) -> int:
    output = child.output or {}
    return int(str(output.get("counted", 0))) if output.get("text") else 0


for definition in (chaos_guardian, chaos_ward):
    with_counted_hooks(definition)

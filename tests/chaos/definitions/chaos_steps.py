"""Takes a step an iteration, with a wait between two, and carries a text along."""

from pydantic import BaseModel

from handler import Context, Continue, Done, task

from .chaos_effects import count, with_counted_hooks


class StepsInput(BaseModel):
    steps: int
    wait: int = 2
    counted: int = 0
    text: str = ""


@task(id="chaosSteps", crash_retries=3)
def chaos_steps(context: Context, input: StepsInput) -> Done | Continue:
    count(context.task.id, f"row {input.counted}")
    counted = input.counted + 1
    if counted < input.steps:
        return Continue({"counted": counted}, wait=input.wait)
    return Done(output={"counted": counted, "text": input.text})


with_counted_hooks(chaos_steps)

"""Has a child for each box, and waits for all: a tree to look at."""

from pydantic import BaseModel

from handler import Context, Done, Failed, TaskRecord, Verdict, task


class PackBoxes(BaseModel):
    boxes: int = 3
    broken: int = 0


class PackBox(BaseModel):
    number: int
    is_broken: bool = False


@task(private=False)
def pack_box(context: Context, input: PackBox) -> Done | Failed:
    if input.is_broken:
        return Failed(f"Box {input.number} is broken.", code="BROKEN")
    return Done(output={"packed": input.number})


@task()
def pack_boxes(context: Context, input: PackBoxes) -> Verdict:
    for number in range(1, input.boxes + 1):
        box = PackBox(number=number, is_broken=number <= input.broken)
        context.trigger(pack_box, input=box, name=f"Box {number}")
    return context.wait_for_children(packed)


def packed(boxes: list[TaskRecord]) -> Verdict:
    return Done(output={"packed": sum(box.has_succeeded for box in boxes)})

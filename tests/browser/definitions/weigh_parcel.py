"""Weighs a parcel, and fails where it is too heavy: tasks of a day to count."""

from pydantic import BaseModel

from handler import Context, Done, Failed, task

_MOST_KG = 30
_ABOUT = """Weighs a parcel before it is sent.

A courier takes 30 kg at most.

- Heavier ones fail with TOO_HEAVY.
- Whoever retries one says what it weighs without its box."""


class WeighParcel(BaseModel):
    kg: float


@task(description=_ABOUT)
def weigh_parcel(context: Context, input: WeighParcel) -> Done | Failed:
    if input.kg > _MOST_KG:
        message = f"{input.kg:g} kg is more than a courier takes."
        return Failed(message, code="TOO_HEAVY", data={"most_kg": _MOST_KG})
    return Done(output={"kg": input.kg})
